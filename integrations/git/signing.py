"""Signing commits and tags: a GPG or OpenSSH private key, kept in the private home directory of one clone.

    <home>/.gnupg/        GPG: the keyring with this one key, ultimately trusted
    <home>/signing-key    OpenSSH: the private key      <home>/allowed-signers    its public half

Git starts gpg, and gpg an agent, which would outlive us in a session of its own; so we run the agent while a
command that signs runs. A socket's path may have some hundred characters only: the agent finds the keyring
through a short link.

Source: Kargo docs "Promotion Steps", git identity and signing. Differs: OpenSSH keys sign too.
"""

import contextlib
import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from integrations import process_guardian
from integrations.errors import IntegrationError, Rejected
from integrations.processes import ProcessResult, clean_environment, run_process

_GNUPG, _SSH_KEY, _ALLOWED = ".gnupg", "signing-key", "allowed-signers"
_OPENPGP_BEGINS = "-----BEGIN PGP PRIVATE KEY BLOCK-----"
_OPENSSH_BEGINS = "-----BEGIN OPENSSH PRIVATE KEY-----"
# Nobody is there to be asked; and only our own agent is used.
_GPG_OPTIONS = "batch\nno-tty\nno-autostart\nno-greeting\npinentry-mode error\n"
_TIMEOUT = timedelta(seconds=60)
_AGENT_SECONDS = 20


class BadSigningKey(Rejected):
    """The private key cannot sign for this person."""


def install_key(home: Path, *, name: str, email: str, key: str) -> dict[str, str]:
    """Put the private key into `home`; returns the git settings that turn signing on.

    Raises BadSigningKey when the text is no key of a known kind, wants a passphrase, cannot sign, or (GPG) belongs to
    somebody else than `name` and `email`.
    """
    text = key.replace("\r\n", "\n").strip() + "\n"
    if text.startswith(_OPENSSH_BEGINS):
        return {**_install_ssh(home, text), "commit.gpgSign": "true", "tag.gpgSign": "true"}
    if text.startswith(_OPENPGP_BEGINS):
        return {**_install_gpg(home, text, name, email), "commit.gpgSign": "true", "tag.gpgSign": "true"}
    raise BadSigningKey(
        "The signing key cannot be used: it must be a GPG private key "
        f'(armored text that begins with "{_OPENPGP_BEGINS}") or an OpenSSH private key ("{_OPENSSH_BEGINS}")'
    )


def is_signing(home: Path) -> bool:
    """Tell whether what is committed with this home directory gets signed."""
    return (home / _GNUPG).is_dir() or (home / _SSH_KEY).is_file()


@contextlib.contextmanager
def signing(home: Path) -> Iterator[dict[str, str]]:
    """Hold what a git command that signs needs while it runs; yields additions to its environment."""
    if not (home / _GNUPG).is_dir():
        yield {}
        return
    with _agent(home / _GNUPG) as short_path:
        yield {"GNUPGHOME": str(short_path)}


def _install_gpg(home: Path, text: str, name: str, email: str) -> dict[str, str]:
    directory = home / _GNUPG
    directory.mkdir(mode=0o700)
    (directory / "gpg.conf").write_text(_GPG_OPTIONS)
    with _agent(directory) as short_path:
        shown = _gpg(short_path, "--with-colons", "--import-options", "show-only", "--import", stdin=text)
        fingerprint, people = _read_key(shown.stdout)
        if shown.exit_code != 0 or not fingerprint:
            raise BadSigningKey("The signing key cannot be used: GPG finds no private key in it")
        _check_owner(people, name, email)
        if _gpg(short_path, "--import", stdin=text).exit_code != 0:
            raise BadSigningKey("The signing key cannot be used: GPG does not import it")
        _gpg(short_path, "--import-ownertrust", stdin=f"{fingerprint}:6:\n")
        # To standard output: told to write to /dev/null, gpg run by root would replace it by a file.
        trial = _gpg(short_path, "--local-user", fingerprint, "--detach-sign", "--armor", stdin="x")
    if trial.exit_code != 0:
        raise BadSigningKey(
            "The signing key cannot be used: GPG does not sign with it. It must have no passphrase, "
            f"be neither expired nor revoked, and be fit for signing ({_last_line(trial)})"
        )
    return {"user.signingKey": fingerprint, "gpg.format": "openpgp"}


def _install_ssh(home: Path, text: str) -> dict[str, str]:
    path, allowed = home / _SSH_KEY, home / _ALLOWED
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    shown = _run(["ssh-keygen", "-y", "-P", "", "-f", str(path)], home)
    if shown.exit_code != 0:
        raise BadSigningKey(
            "The signing key cannot be used: it must be a whole OpenSSH private key without a passphrase"
        )
    allowed.write_text(f'* namespaces="git" {" ".join(shown.stdout.split()[:2])}\n')
    return {"user.signingKey": str(path), "gpg.format": "ssh", "gpg.ssh.allowedSignersFile": str(allowed)}


def _read_key(listing: str) -> tuple[str, list[str]]:
    """Fingerprint of the first private key, and its user ids, out of gpg's colon format."""
    fingerprint, people, is_first = "", [], False
    for fields in (line.split(":") for line in listing.splitlines()):
        if fields[0] == "sec":
            if fingerprint:
                break
            is_first = True
        elif fields[0] == "fpr" and is_first and not fingerprint:
            fingerprint = fields[9]
        elif fields[0] == "uid" and fingerprint and fields[1] != "r":
            people.append(fields[9].encode().decode("unicode_escape").encode("latin-1").decode(errors="replace"))
    return fingerprint, people


def _check_owner(people: list[str], name: str, email: str) -> None:
    if any((name.strip(), email.casefold()) in _spellings(person) for person in people):
        return
    owners = " or ".join(f'"{person}"' for person in people) or "nobody"
    raise BadSigningKey(
        f'The signing key is not of "{name} <{email}>": it belongs to {owners}. '
        "Set the name and e-mail address of the key as the author's"
    )


def _spellings(person: str) -> set[tuple[str, str]]:
    """`Name (comment) <email>` -> name with and without the comment, each with the e-mail in small letters."""
    name, _, rest = person.rpartition("<")
    email = rest.removesuffix(">").strip().casefold()
    return {(name.strip(), email), (name.rpartition(" (")[0].strip() or name.strip(), email)}


def _gpg(gnupg_home: Path, *arguments: str, stdin: str) -> ProcessResult:
    return _run(["gpg", *arguments], gnupg_home, stdin)


def _run(argv: list[str], cwd: Path, stdin: str = "") -> ProcessResult:
    return run_process(
        argv,
        cwd=cwd,
        env={"HOME": "/nonexistent", "GNUPGHOME": str(cwd), "LC_ALL": "C"},
        timeout=_TIMEOUT,
        on_line=_drop,
        should_stop=_never,
        stdin=stdin.encode(),
    )


@contextlib.contextmanager
def _agent(directory: Path) -> Iterator[Path]:
    """Run a gpg-agent for the keyring; yields a short path to it. The agent dies with us, however we end."""
    # Only one process at a time works here: what is locked was left behind by one that was killed.
    for leftover in (*directory.glob("*.lock"), *directory.glob(".#lk*"), *directory.glob("S.gpg-agent*")):
        leftover.unlink(missing_ok=True)
    link = process_guardian.make_ready() / f"gpg-{secrets.token_hex(4)}"
    link.symlink_to(directory)
    try:
        # With --no-detach it stays in the session we made for it; the first process ends when the sockets are there.
        process = subprocess.Popen(
            ["gpg-agent", "--homedir", str(link), "--no-detach", "--daemon", "--disable-scdaemon"],
            env=clean_environment({"HOME": "/nonexistent"}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        link.unlink()
        raise IntegrationError(
            "Commits cannot be signed with a GPG key on this machine: GnuPG (gpg, gpg-agent) is not installed. "
            "Install it where the workers run, or use an OpenSSH signing key",
            permanent=True,
        ) from error
    process_guardian.watch(process.pid)
    try:
        _wait_until_ready(process)
        yield link
    finally:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process_guardian.forget(process.pid)
        for socket in directory.glob("S.gpg-agent*"):
            socket.unlink(missing_ok=True)
        link.unlink(missing_ok=True)


def _wait_until_ready(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        if process.wait(_AGENT_SECONDS) == 0:
            return
    raise IntegrationError(
        "Commits cannot be signed: gpg-agent does not start. The path of the directory for temporary files (TMPDIR) "
        "must be short, and the disk of the work tree must allow sockets",
        permanent=False,
    )


def _last_line(result: ProcessResult) -> str:
    lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
    return lines[-1].removeprefix("gpg: ") if lines else f"gpg ended with code {result.exit_code}"


def _drop(_stream: str, _line: str) -> None:
    """Swallow a line: keys are no matter for a promotion's log."""


def _never() -> bool:
    return False
