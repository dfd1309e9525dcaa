"""What a credential must be to be stored: its name, its address, and the texts that its kind may hold. Pure."""

import re
from collections.abc import Iterable, Mapping

import re2

from integrations.issuers.keys import ISSUERS
from projects.errors import DomainError

PASSWORD = "password"  # noqa: S105
SSH_PRIVATE_KEY = "sshPrivateKey"
GENERIC = "generic"
KINDS = ("git", "image", "helm", GENERIC)

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*")
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
QUIET = re2.Options()
QUIET.log_errors = False


def secret_keys_of(kind: str) -> frozenset[str]:
    """The keys under which a credential of this kind may hold a secret; any key is good for a generic one."""
    own = {PASSWORD, SSH_PRIVATE_KEY} if kind == "git" else {PASSWORD}
    return frozenset(own | {issuer.secret_key for issuer in ISSUERS if kind in issuer.kinds})


def open_keys_of(kind: str) -> frozenset[str]:
    """The keys of texts that go with a secret of this kind and are none themselves."""
    return frozenset(key for issuer in ISSUERS if kind in issuer.kinds for key in issuer.open_keys)


def check_name(name: str, *, what: str = "a credential") -> None:
    """Raises DomainError for a name that no Secret or ConfigMap may have."""
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise DomainError(
            f'"{name}" cannot be the name of {what}: use lower-case letters, digits, hyphens and dots, '
            "beginning and ending with a letter or digit."
        )


def check_keys(keys: Iterable[str], *, what: str = "a secret") -> None:
    """Raises DomainError for a key that no Secret or ConfigMap may have."""
    for key in keys:
        if not _KEY.fullmatch(key):
            raise DomainError(f'"{key}" cannot be the key of {what}: use letters, digits, ".", "_" and "-".')


def check_address(name: str, kind: str, repo_url: str, is_regex: bool) -> None:
    """Raises DomainError for a name, kind or URL that cannot work."""
    check_name(name)
    if kind not in KINDS:
        raise DomainError(f'"{kind}" is no kind of credential. Choose one of {", ".join(KINDS)}.')
    if kind == GENERIC:
        return
    if not repo_url:
        raise DomainError(f'Credential "{name}" needs the URL of the repository it is for.')
    if is_regex:
        try:
            re2.compile(repo_url, QUIET)
        except re2.error:
            raise DomainError(
                f'"{repo_url}" is not a regular expression of RE2 syntax. Correct it, or untick the expression.'
            ) from None


def check_secrets(kind: str, secrets: Mapping[str, str]) -> None:
    """Raises DomainError for secrets that a credential of this kind cannot hold, or when there is none."""
    check_keys(secrets)
    if kind == GENERIC:
        if not secrets:
            raise DomainError("A generic secret needs at least one key with a value.")
        return
    allowed = secret_keys_of(kind)
    if unknown := sorted(secrets.keys() - allowed):
        raise DomainError(f'"{unknown[0]}" is not used by credentials of kind {kind}. Give {_listed(allowed)}.')
    if not any(secrets.values()):
        raise DomainError(f"A credential of kind {kind} needs {_listed(allowed)}.")


def check_details(kind: str, details: Mapping[str, str], secret_names: Iterable[str]) -> None:
    """Raises DomainError for details that do not belong to the kind, and for what an issuer would miss."""
    if unknown := sorted(details.keys() - open_keys_of(kind)):
        raise DomainError(f'"{unknown[0]}" is not used by credentials of kind {kind}.')
    held = {*details, *secret_names}
    for issuer in ISSUERS:
        given = held & {*issuer.open_keys, issuer.secret_key}
        if not given or kind not in issuer.kinds:
            continue
        missing = [key for key in issuer.needed if key not in held]
        if issuer.label == "GitHub App" and not held & {"githubAppClientID", "githubAppID"}:
            missing.insert(0, "githubAppClientID (or githubAppID)")
        if missing:
            raise DomainError(f"For {issuer.label} there is still missing: {', '.join(missing)}.")


def _listed(keys: Iterable[str]) -> str:
    *first, last = sorted(keys)
    return f"{', '.join(first)} or {last}" if first else last
