"""What git says when it fails -> our errors, with a message that says what to do."""

from collections.abc import Sequence

from integrations.errors import (
    IntegrationError,
    NotFound,
    PushRejected,
    RateLimited,
    Rejected,
    Unauthorized,
    Unreachable,
)
from integrations.git.environment import Remote
from integrations.processes import ProcessResult

_RATE_LIMITED = ("returned error: 429", "too many requests", "rate limit")
_MOVED = (
    "non-fast-forward",
    "fetch first",
    "cannot lock ref",
    "incorrect old value provided",
    "failed to update ref",
    "stale info",
    "reference already exists",
)
_REFUSED = (
    "[remote rejected]",
    "[rejected]",
    "pre-receive hook declined",
    "remote: error: gh0",
    "protected branch",
)
_UNAUTHORIZED = (
    "authentication failed",
    "could not read username",
    "could not read password",
    "returned error: 401",
    "returned error: 403",
    "permission denied",
    "access denied",
    "invalid credentials",
    "host key verification failed",
)
_NOT_FOUND = (
    "' not found",
    "repository not found",
    "returned error: 404",
    "not found.",
    "does not appear to be a git repository",
    "couldn't find remote ref",
    "could not find the repository",
    "not our ref",
)
_UNREACHABLE = (
    "could not resolve",
    "connection refused",
    "failed to connect",
    "couldn't connect",
    "timed out",
    "timeout",
    "operation too slow",
    "returned error: 5",
    "rpc failed",
    "early eof",
    "unexpected disconnect",
    "the remote end hung up",
    "connection reset",
    "empty reply from server",
    "ssl",
    "certificate",
    "connection closed",
    "unable to access",
    "no route to host",
    "network is unreachable",
)
_DAMAGED = (
    "bad object",
    "is corrupt",
    "object file",
    "loose object",
    "packfile",
    "not a git repository",
    "unable to read",
    "invalid sha1 pointer",
    "did not send all necessary objects",
    "missing blob",
    "missing tree",
    "missing commit",
    "unable to parse",
    "could not parse",
    "object directory",
    "bad tree object",
    "bad config",
)
_SHORTAGE = (
    "no space left",
    "disk quota exceeded",
    "cannot allocate",
    "out of memory",
    "resource temporarily",
    "too many open files",
    "input/output error",
    ".lock': file exists",
)
_TELLING = ("fatal:", "error:", "remote:", "!", "ssh:", "Load key ", "Connection ", "kex_exchange_identification:")
_TORN = ("rpc failed", "early eof", "unexpected disconnect", "the remote end hung up", "connection reset")


def is_damage(result: ProcessResult) -> bool:
    """Tell whether git failed because our own copy of a repository is damaged."""
    # What the other side says about itself starts with "remote:" and must not make us throw a copy away.
    ours = "\n".join(line for line in result.stderr.splitlines() if not line.startswith("remote:"))
    return result.exit_code != 0 and _has(ours, _DAMAGED) and not _has(ours, _TORN)


def remote_failure(remote: Remote, action: str, result: ProcessResult) -> IntegrationError:
    """Build the error for a command that talked to a remote and failed; `action` as in "read", "push to"."""
    what = f'Cannot {action} repository "{remote.address}"'
    said = last_words(result)
    if _has(said, _RATE_LIMITED):
        return RateLimited(f"{what}: the host asks us to slow down ({said})")
    if _has(said, _UNAUTHORIZED):
        if remote.credentials is None:
            return Unauthorized(f"{what}: it wants credentials and the project has none for this URL ({said})")
        return Unauthorized(f"{what}: the host does not accept the project's credentials for this URL ({said})")
    if _has(said, _NOT_FOUND):
        return NotFound(
            f"{what}: it does not exist or is hidden from these credentials; check the URL and the access ({said})"
        )
    if _has(said, _UNREACHABLE):
        return Unreachable(f"{what}: no answer from the host ({said})")
    return IntegrationError(f"{what}: {said}", permanent=False)


def push_failure(remote: Remote, target: str, result: ProcessResult) -> IntegrationError:
    """Build the error for a refused or failed push of `target` (a branch or tag)."""
    said = last_words(result, lines=12)
    if _has(result.stderr, _MOVED):
        return PushRejected(f'Push to "{target}" of "{remote.address}" came too late: the branch has moved on')
    if "(already exists)" in result.stderr:
        return Rejected(f'Tag "{target}" exists in "{remote.address}" already and is a different one')
    if _has(result.stderr, _REFUSED):
        return Rejected(f'"{remote.address}" refused the push to "{target}": {said}')
    return remote_failure(remote, "push to", result)


def local_failure(action: str, result: ProcessResult, hidden: Sequence[str] = ()) -> IntegrationError:
    """Build the error for a command on our own files; texts in `hidden` (our directories) are cut out.

    The same command on the same files fails again, unless the machine was short of something, or somebody killed it.
    """
    said = last_words(result, lines=8)
    for text in sorted(hidden, key=len, reverse=True):
        said = said.replace(f"{text}/", "").replace(text, ".")
    permanent = result.exit_code >= 0 and not _has(result.stderr, _SHORTAGE)
    return IntegrationError(f"Cannot {action}: {said}", permanent=permanent)


def last_words(result: ProcessResult, lines: int = 4) -> str:
    """Return the lines of stderr that tell the reason, in one line."""
    found = [line.strip() for line in result.stderr.replace("\r", "\n").splitlines() if line.strip()]
    telling = [line for line in found if line.startswith(_TELLING) or ": Permission denied (" in line]
    return "; ".join((telling or found)[-lines:]) or f"git ended with code {result.exit_code}"


def _has(text: str, marks: Sequence[str]) -> bool:
    lowered = text.lower()
    return any(mark in lowered for mark in marks)
