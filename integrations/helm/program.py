"""The helm program: where it is, and how it is kept from the machine's own settings and plugins."""

from dataclasses import dataclass
from pathlib import Path

from integrations.programs import find_program, say_version

SETTING = "KARGOWEB_HELM"
_REMEDY = "install helm 3 (https://helm.sh/docs/intro/install/)"


@dataclass(frozen=True, slots=True)
class Helm:
    """The program; `version` is what it says of itself."""

    path: Path
    version: str


def find_helm(configured: str) -> Helm:
    """helm by setting, else on PATH. Raises ProgramMissing."""
    path = find_program("helm", configured, setting=SETTING, remedy=_REMEDY)
    return Helm(path, say_version(path, "version", "--short"))


def private_environment(home: Path) -> dict[str, str]:
    """Variables that keep everything helm reads or writes by itself below `home`; no plugins, no cluster."""
    return {
        "HOME": str(home),
        "TMPDIR": str(home),
        "HELM_CACHE_HOME": str(home / "cache"),
        "HELM_CONFIG_HOME": str(home / "config"),
        "HELM_DATA_HOME": str(home / "data"),
        "HELM_PLUGINS": str(home / "no-plugins"),
        "HELM_REPOSITORY_CONFIG": str(home / "repositories.yaml"),
        "HELM_REPOSITORY_CACHE": str(home / "cache" / "repository"),
        "HELM_REGISTRY_CONFIG": str(home / "registry.json"),
        "KUBECONFIG": str(home / "no-cluster"),
    }


def say_reason(stderr: str) -> str:
    """Helm's own words in one line, without the warnings before them."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip() and not line.startswith("WARNING")]
    text = " ".join(lines)
    return text.rpartition("Error: ")[2][:2000] or "no reason given"
