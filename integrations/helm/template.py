"""Render a chart by the real program, without a cluster, locked into the directories it may read.

Source: Kargo code, `helm_template_runner.go`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from integrations.confinement import Room
from integrations.helm.program import Helm, private_environment, say_reason
from integrations.programs import ProgramFailed, Screen, private_home, run_program


@dataclass(frozen=True, slots=True)
class Rendering:
    """What to render. `values_files` are absolute, later ones win; `set_values` are (key, value, is_literal)."""

    chart: Path
    release_name: str
    namespace: str
    values_files: Sequence[Path] = ()
    set_values: Sequence[tuple[str, str, bool]] = field(default=(), repr=False)
    include_crds: bool = False
    disable_hooks: bool = False
    skip_tests: bool = False
    kube_version: str = ""
    api_versions: Sequence[str] = ()


def render(
    helm: Helm,
    rendering: Rendering,
    *,
    readable: Sequence[Path],
    listed: Path,
    scratch: Path,
    screen: Screen,
    output_dir: Path | None = None,
    use_release_name: bool = False,
) -> str:
    """The manifests, then the hooks, as one text; with `output_dir` as a tree of files there, and no text.

    Raises ProgramFailed with helm's words when the chart cannot be rendered.
    """
    with private_home(scratch) as home:
        argv = [str(helm.path), "template", *_options(rendering)]
        if output_dir is not None:
            argv += ["--output-dir", str(output_dir), *(["--release-name"] if use_release_name else [])]
        # Behind --, a release name that begins with a hyphen is no option.
        argv += ["--", rendering.release_name, str(rendering.chart)]
        room = Room(
            read=readable,
            write=[home, *([output_dir] if output_dir else [])],
            listed=[listed],
            programs=[helm.path],
        )
        environment = private_environment(home)
        result = run_program(argv, room=room, cwd=home, env=environment, screen=screen)
    if result.exit_code != 0:
        raise ProgramFailed(f"helm could not render the chart: {say_reason(result.stderr)}")
    return "" if output_dir is not None else result.stdout


def _options(rendering: Rendering) -> list[str]:
    options = ["--namespace", rendering.namespace]
    for path in rendering.values_files:
        # One flag takes several files, parted by commas; quotes keep a comma in a name.
        options += ["--values", _quoted(str(path))]
    for key, value, is_literal in rendering.set_values:
        options += ["--set-literal" if is_literal else "--set", f"{key}={value}"]
    options += [part for version in rendering.api_versions for part in ("--api-versions", _quoted(version))]
    options += ["--kube-version", rendering.kube_version] if rendering.kube_version else []
    options += ["--include-crds"] if rendering.include_crds else []
    options += ["--no-hooks"] if rendering.disable_hooks else []
    options += ["--skip-tests"] if rendering.skip_tests else []
    return options


def _quoted(text: str) -> str:
    """A field of the comma separated list that the flag reads."""
    return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in ',"\n') else text
