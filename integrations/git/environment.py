"""How git is run here: which settings hold, which credentials it gets, where its output goes.

Repositories are hostile. Settings come as environment (`GIT_CONFIG_COUNT`), which outranks every file a
repository or an earlier step could have written; hooks, exotic transports and the machine's own git
settings are off. Credentials travel through a helper that reads a 0600 file in a private directory, which
is gone when the command ends; git itself offers them only to the host they are meant for.
"""

import contextlib
import os
import re
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

from integrations import process_guardian
from integrations.credentials import BasicAuth, Credentials, SshKey, Token
from integrations.errors import Unauthorized
from integrations.git.reach import check_reach, find_moved
from integrations.git.urls import connection_url, mirror_key
from integrations.http_policy import HttpPolicy
from integrations.processes import ProcessResult, run_process

DEFAULT_TIMEOUT = timedelta(minutes=30)
# Hosts that take a bare token want any user name; this one is understood by all that look at it.
_TOKEN_USERNAME = "x-access-token"  # noqa: S105
_REDIRECTED = re.compile(r"The requested URL returned error: 30[12378]")

_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.askPass": "",
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "core.quotePath": "false",
    "credential.helper": "",
    "protocol.allow": "never",
    "protocol.http.allow": "always",
    "protocol.https.allow": "always",
    "protocol.ssh.allow": "always",
    "transfer.credentialsInUrl": "die",
    "http.lowSpeedLimit": "1024",
    "http.lowSpeedTime": "30",
    "init.defaultBranch": "main",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "submodule.recurse": "false",
    "advice.detachedHead": "false",
    "rerere.enabled": "false",
}
_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    "GIT_ATTR_NOSYSTEM": "1",
    # Messages are matched against git's English ones.
    "LC_ALL": "C",
    "LANGUAGE": "C",
}


@dataclass(frozen=True, slots=True)
class Remote:
    """A repository on another machine and how we present ourselves there.

    `allow_local` lets `url` be a path or a file:// URL. `reach` limits the hosts; None is any host.
    """

    url: str
    credentials: Credentials | None = None
    skip_tls_verify: bool = False
    allow_local: bool = False
    reach: HttpPolicy | None = None

    @property
    def address(self) -> str:
        """The URL git connects to; raises a permanent IntegrationError when it is not an allowed one."""
        return connection_url(self.url, allow_local=self.allow_local)

    @property
    def key(self) -> str:
        """What tells this repository from others, whoever asks."""
        return mirror_key(self.address)


def _drop(_stream: str, _line: str) -> None:
    """Swallow a line."""


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Console:
    """Where a command's progress goes (`log(stream, line)`), and who may stop it."""

    log: Callable[[str, str], None] = field(default=_drop)
    should_stop: Callable[[], bool] = field(default=_never)
    timeout: timedelta = DEFAULT_TIMEOUT


SILENT = Console()


@dataclass(frozen=True, slots=True)
class Place:
    """Where git works: current directory, and if not found from there its git directory and work tree."""

    directory: Path
    git_dir: Path | None = None
    work_tree: Path | None = None
    home: Path | None = None

    def environment(self) -> dict[str, str]:
        found = {"HOME": str(self.home or "/nonexistent")}
        found["GIT_CONFIG_GLOBAL"] = str(self.home / ".gitconfig") if self.home else os.devnull
        if self.home:
            found["GNUPGHOME"] = str(self.home / ".gnupg")
        if self.git_dir:
            found["GIT_DIR"] = str(self.git_dir)
        if self.work_tree:
            found["GIT_WORK_TREE"] = str(self.work_tree)
        return found


def run_git(
    *arguments: str,
    place: Place,
    console: Console = SILENT,
    remote: Remote | None = None,
    stdin: str | bytes = "",
    extra: Mapping[str, str] | None = None,
    show_stdout: bool = False,
    pass_fds: tuple[int, ...] = (),
) -> ProcessResult:
    """Run one git command; its stderr goes to the console, its stdout too with `show_stdout`.

    Only with `remote` does git get credentials. The caller looks at the exit code; raises Aborted and
    TimedOut, BlockedAddress for a host out of the remote's reach, also one it redirects to.
    """

    def attempt(moved_to: str | None) -> ProcessResult:
        with contextlib.ExitStack() as stack:
            settings = dict(_SETTINGS)
            environment = {**_ENVIRONMENT, **place.environment()}
            secrets: tuple[str, ...] = ()
            if remote is not None:
                _limit_reach(remote, moved_to, settings)
                secrets = _secret_forms(remote.credentials)
                stack.enter_context(_credentials(remote, settings, environment))
            trusted = [place.git_dir, place.work_tree or place.directory]
            environment |= _as_environment(settings, [str(path) for path in trusted if path])
            return run_process(
                ["git", *arguments],
                cwd=place.directory,
                env={**environment, **(extra or {})},
                timeout=console.timeout,
                on_line=console.log if remote is None or remote.reach is None else _without_redirects(console),
                should_stop=console.should_stop,
                secrets=secrets,
                stdin=stdin.encode() if isinstance(stdin, str) else stdin,
                pass_fds=pass_fds,
                streamed=frozenset({"stdout", "stderr"} if show_stdout else {"stderr"}),
            )

    result = attempt(None)
    moved_to = _find_moved(remote, result)
    if moved_to is None:
        return result
    console.log("stderr", f'The repository has moved to "{moved_to}": put that URL in its place')
    return attempt(moved_to)


def _limit_reach(remote: Remote, moved_to: str | None, settings: dict[str, str]) -> None:
    if remote.reach is None:
        return
    settings["http.followRedirects"] = "false"
    check_reach(moved_to or remote.address, remote.reach)
    if moved_to is not None:
        settings[f"url.{moved_to}.insteadOf"] = remote.address


def _find_moved(remote: Remote | None, result: ProcessResult) -> str | None:
    """Nothing was sent or received when the host answers the first request with a redirect."""
    is_refused = result.exit_code != 0 and _REDIRECTED.search(result.stderr)
    if remote is None or remote.reach is None or not is_refused:
        return None
    policy = replace(remote.reach, verify_tls=remote.reach.verify_tls and not remote.skip_tls_verify)
    login = None if isinstance(remote.credentials, SshKey) else remote.credentials
    if isinstance(login, Token):
        login = BasicAuth(_TOKEN_USERNAME, login.token)
    return find_moved(remote.address, policy, login)


def _without_redirects(console: Console) -> Callable[[str, str], None]:
    """Git's complaint about a redirect is no news: we follow it, or say better what is wrong."""

    def log(stream: str, line: str) -> None:
        if not _REDIRECTED.search(line):
            console.log(stream, line)

    return log


def _as_environment(settings: Mapping[str, str], trusted: list[str]) -> dict[str, str]:
    pairs = [*settings.items(), *(("safe.directory", path) for path in trusted)]
    environment = {"GIT_CONFIG_COUNT": str(len(pairs))}
    for number, (key, value) in enumerate(pairs):
        environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return environment


@contextlib.contextmanager
def _credentials(remote: Remote, settings: dict[str, str], environment: dict[str, str]) -> Iterator[None]:
    if remote.skip_tls_verify:
        settings["http.sslVerify"] = "false"
    if remote.allow_local:
        settings["protocol.file.allow"] = "always"
    environment["GIT_SSH_COMMAND"] = _ssh_command(None)
    if remote.credentials is None:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="git-", dir=process_guardian.make_ready()) as name:
        secret_file = Path(name) / "secret"
        if isinstance(remote.credentials, SshKey):
            _write_private(secret_file, remote.credentials.private_key.strip().encode() + b"\n")
            environment |= _passphrase_helper(Path(name), remote.credentials)
            environment["GIT_SSH_COMMAND"] = _ssh_command(secret_file)
        else:
            _write_private(secret_file, _helper_answer(remote.credentials))
            parts = urlsplit(remote.address)
            # A pattern with host and port: redirects to other hosts get nothing.
            scope = f"credential.{parts.scheme}://{parts.netloc}.helper"
            settings[scope] = f'!f() {{ test "$1" = get && cat {shlex.quote(str(secret_file))}; }}; f'
        yield


def _helper_answer(credentials: BasicAuth | Token) -> bytes:
    if isinstance(credentials, Token):
        credentials = BasicAuth(_TOKEN_USERNAME, credentials.token)
    for value in (credentials.username, credentials.password):
        if "\n" in value or "\0" in value:
            raise Unauthorized("The git credential cannot be used: user name and password must be one line each")
    return f"username={credentials.username}\npassword={credentials.password}\n".encode()


def _passphrase_helper(directory: Path, key: SshKey) -> dict[str, str]:
    """Let ssh, which has no terminal here, read the passphrase from a file."""
    answer, script = directory / "passphrase", directory / "ask"
    _write_private(answer, key.passphrase.encode() + b"\n")
    _write_private(script, f"#!/bin/sh\nexec cat {shlex.quote(str(answer))}\n".encode())
    script.chmod(0o700)
    return {"SSH_ASKPASS": str(script), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": "none"}


def _ssh_command(key_file: Path | None) -> str:
    # Source: Kargo switches host key checks off for ssh, which it deprecates.
    options = ["ssh", "-F", "none", "-oPreferredAuthentications=publickey", "-oStrictHostKeyChecking=no"]
    options += [f"-oUserKnownHostsFile={os.devnull}", "-oLogLevel=ERROR", "-oConnectTimeout=20"]
    # Without a key it is nobody's: never those that the machine's own user has at home.
    options += ["-oIdentityAgent=none", "-oIdentitiesOnly=yes"]
    options += ["-i", str(key_file)] if key_file else ["-oIdentityFile=none"]
    return shlex.join(options)


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def _secret_forms(credentials: Credentials | None) -> tuple[str, ...]:
    secrets = credentials.secrets() if credentials else ()
    return tuple({*secrets, *(quote(secret, safe="") for secret in secrets)})
