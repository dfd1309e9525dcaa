"""Fetch the dependencies of a chart by the real program, with credentials it reads from private files.

Source: Kargo code, `pkg/helm/dependency_manager.go`.
Differs: every host is judged by the policy of our own HTTP client first.
"""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from integrations.confinement import Room
from integrations.credentials import BasicAuth, Token
from integrations.errors import Unauthorized, Unreachable
from integrations.git.reach import check_reach
from integrations.helm.charts import OCI_SCHEME, Dependency
from integrations.helm.program import Helm, private_environment, say_reason
from integrations.http_policy import HttpPolicy
from integrations.oci.references import HUB, parse_repository
from integrations.process_output import mask
from integrations.programs import ProgramFailed, Screen, private_home, run_program

# What helm looks for in its registry settings for Docker Hub.
_HUB_KEY = "https://index.docker.io/v1/"
_REFUSED = re.compile(r"\b(401|403)\b|(?i:unauthorized|forbidden|denied: |credential not found)")
_NO_INDEX = re.compile(r"Unable to get an update from the (.*\n[ \t]+.*)")
_AWAY = re.compile(r"\b(429|50[0234])\b|connection refused|connection reset|no such host|timeout|TLS handshake|EOF")

# (URL of a repository, or of the chart in a registry) -> who we are there.
FindLogin = Callable[[str], BasicAuth | Token | None]


@dataclass(frozen=True, slots=True)
class _Login:
    """Helm's settings for the repositories of one chart; each in the form that helm reads."""

    repositories: list[dict[str, str]]
    registries: dict[str, dict[str, str]]
    secrets: tuple[str, ...]
    plain_http: bool

    def say_addresses(self, text: str) -> str:
        """Helm's text with the addresses of repositories for the names that we gave them."""
        for repository in self.repositories:
            text = text.replace(repository["name"], repository["url"])
        return text


def fetch_dependencies(
    helm: Helm,
    command: Literal["update", "build"],
    chart: Path,
    dependencies: Sequence[Dependency],
    *,
    find_login: FindLogin,
    policy: HttpPolicy,
    readable: Sequence[Path],
    listed: Path,
    scratch: Path,
    screen: Screen,
) -> None:
    """Fill `charts/` of a chart: `update` resolves versions anew and writes Chart.lock, `build` follows it.

    Raises BlockedAddress for a host out of bounds, Unauthorized, Unreachable, and ProgramFailed with helm's words.
    """
    login = _gather_logins(dependencies, find_login, policy)
    with private_home(scratch) as home:
        _write_private(home / "repositories.yaml", {"apiVersion": "", "repositories": login.repositories})
        _write_private(home / "registry.json", {"auths": login.registries})
        argv = [str(helm.path), "dependency", command, *(["--plain-http"] if login.plain_http else [])]
        result = run_program(
            [*argv, "--", str(chart)],
            room=Room(read=readable, write=[home, chart], listed=[listed], programs=[helm.path], network=True),
            cwd=home,
            env=private_environment(home),
            screen=screen,
            secrets=login.secrets,
        )
    told = login.say_addresses(mask(result.stdout, login.secrets))
    for line in told.splitlines():
        if line.strip() and "Happy Helming" not in line:
            screen.log(line)
    if result.exit_code == 0:
        return
    # An index that cannot be fetched is told in passing; the error that follows only says that it is not there.
    missing = [" ".join(found.split()) for found in _NO_INDEX.findall(told)]
    reason = "; ".join(missing) or login.say_addresses(say_reason(result.stderr))
    if _REFUSED.search(reason):
        raise Unauthorized(
            f"A chart repository refuses access; check the project's credentials of type helm. Helm says: {reason}"
        )
    message = f"helm could not {command} the dependencies: {reason}"
    raise Unreachable(message) if _AWAY.search(reason) else ProgramFailed(message)


def _gather_logins(dependencies: Sequence[Dependency], find_login: FindLogin, policy: HttpPolicy) -> _Login:
    repositories: dict[str, dict[str, str]] = {}
    registries: dict[str, dict[str, str]] = {}
    secrets: list[str] = []
    schemes: set[str] = set()
    for dependency in dependencies:
        url = dependency.repository
        if url.startswith(OCI_SCHEME):
            chart = parse_repository(f"{url.removeprefix(OCI_SCHEME).strip('/')}/{dependency.name}")
            check_reach(chart.api_url, policy)
            schemes.add(urlsplit(chart.api_url).scheme)
            key = _HUB_KEY if chart.host == HUB else chart.host
            login = None if key in registries else _as_basic(find_login(f"{OCI_SCHEME}{chart}"))
            if login is not None:
                secrets += [login.password, _encode(login)]
                registries[key] = {"auth": _encode(login)}
        elif url.startswith(("http://", "https://")) and url not in repositories:
            check_reach(url, policy)
            login = _as_basic(find_login(url))
            repositories[url] = {"name": sha256(url.encode()).hexdigest(), "url": url}
            if login is not None:
                secrets.append(login.password)
                repositories[url] |= {"username": login.username, "password": login.password}
    # One switch for all registries of a run; a mixture is left to fail where TLS is expected.
    return _Login(list(repositories.values()), registries, tuple(secrets), schemes == {"http"})


def _as_basic(login: BasicAuth | Token | None) -> BasicAuth | None:
    """Helm knows passwords only; registries that give out bare tokens take any user name with them."""
    return BasicAuth("token", login.token) if isinstance(login, Token) else login


def _encode(login: BasicAuth) -> str:
    return b64encode(f"{login.username}:{login.password}".encode()).decode()


def _write_private(path: Path, document: dict[str, Any]) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(document))  # JSON is YAML
