"""kustomize: render a directory by the real program, locked into the directories it may read.

Source: Kargo code, `runner/builtin/kustomize_builder.go`: load restrictions off, plugins off, helm charts on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from integrations.confinement import Room
from integrations.programs import (
    ProgramFailed,
    ProgramMissing,
    Screen,
    find_program,
    look_up,
    private_home,
    run_program,
    say_version,
)

SETTING = "KARGOWEB_KUSTOMIZE"
_REMEDY = "install kustomize 5 (https://kubectl.docs.kubernetes.io/installation/kustomize/) or kubectl"


@dataclass(frozen=True, slots=True)
class Kustomize:
    """The program: `arguments` are what comes before the directory; `version` is what it says of itself."""

    path: Path
    arguments: tuple[str, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Inflation:
    """How helm charts of a kustomization are rendered; no `helm` means that they are refused by kustomize."""

    helm: Path | None
    api_versions: Sequence[str] = ()
    kube_version: str = ""


def find_kustomize(configured: str) -> Kustomize:
    """kustomize by setting, else on PATH, else `kubectl kustomize`. Raises ProgramMissing."""
    try:
        path = find_program("kustomize", configured, setting=SETTING, remedy=_REMEDY)
    except ProgramMissing:
        kubectl = None if configured else look_up("kubectl")
        if kubectl is None:
            raise
        path = kubectl
    if "kubectl" in path.name:
        version = say_version(path, "version", "--client").partition("Kustomize Version:")[2].strip()
        return Kustomize(path, ("kustomize",), f"kubectl's kustomize {version}".strip())
    return Kustomize(path, ("build",), f"kustomize {say_version(path, 'version')}")


def build(
    kustomize: Kustomize,
    directory: Path,
    *,
    readable: Sequence[Path],
    listed: Path,
    scratch: Path,
    inflation: Inflation,
    network: bool,
    screen: Screen,
) -> str:
    """The manifests as kustomize writes them, several documents in one text.

    Only files below `readable` can be read; names in `listed` too. With `network`, charts and remote bases may
    be fetched, and charts are unpacked beside their kustomization. Raises ProgramFailed with kustomize's words.
    """
    with private_home(scratch) as home:
        argv = [str(kustomize.path), *kustomize.arguments, str(directory)]
        argv += ["--load-restrictor", "LoadRestrictionsNone"]
        if inflation.helm is not None:
            argv += ["--enable-helm", "--helm-command", str(inflation.helm)]
            # One flag each: commas inside a version must not make two of it.
            argv += [part for version in inflation.api_versions for part in ("--helm-api-versions", version)]
            argv += ["--helm-kube-version", inflation.kube_version] if inflation.kube_version else []
        room = Room(
            read=readable,
            write=[home, *((directory, *readable) if network else ())],
            listed=[listed],
            programs=[kustomize.path, *([inflation.helm] if inflation.helm else [])],
            network=network,
        )
        environment = {"HOME": str(home), "TMPDIR": str(home), "XDG_CACHE_HOME": str(home / "cache")}
        if not network:
            # Without git in reach no remote base can be fetched, also where the kernel locks nothing in.
            environment["PATH"] = str(home)
        result = run_program(argv, room=room, cwd=directory, env=environment, screen=screen)
    if result.exit_code != 0:
        reason = " ".join(result.stderr.removeprefix("Error: ").split()) or f"exit code {result.exit_code}"
        raise ProgramFailed(f"kustomize could not build: {reason[:2000]}")
    return result.stdout
