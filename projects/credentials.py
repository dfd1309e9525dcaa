"""Credentials of repositories: find the one for a URL, store and delete them. Secrets never leave to pages.

Source: Kargo docs "Repository Credentials", code `pkg/credentials/kubernetes`.
Differs: inside a place exact URLs come before regular expressions, as Kargo's docs say; its code has one pass by
name. A regular expression must match from the start of the URL; Kargo takes a match anywhere in it. A password
without a user name is a bearer token.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import re2
from django.conf import settings
from django.db import transaction

from integrations.credentials import BasicAuth, Credentials, SshKey, Token
from integrations.git.urls import normalize_git_url
from integrations.oci.references import normalize_chart, normalize_image
from projects.actors import Actor
from projects.audit import record
from projects.encryption import seal, unseal
from projects.errors import DomainError
from projects.models import Credential, CredentialKind, Project
from projects.notices import announce

PASSWORD = "password"  # noqa: S105
SSH_PRIVATE_KEY = "sshPrivateKey"

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*")
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_NORMALIZE: dict[str, Callable[[str], str]] = {
    CredentialKind.GIT: normalize_git_url,
    CredentialKind.IMAGE: normalize_image,
    CredentialKind.HELM: normalize_chart,
}
_QUIET = re2.Options()
_QUIET.log_errors = False


def find_credential(project: Project, kind: str, repo_url: str) -> Credentials | None:
    """The credential for a repository: the project's own before shared ones, exact URLs before expressions.

    `kind` is git, image or helm. None for an http:// URL unless ALLOW_CREDENTIALS_OVER_HTTP is set. Raises
    SecretUnreadable when it was stored under another key.
    """
    if repo_url.strip().lower().startswith("http://") and not settings.ALLOW_CREDENTIALS_OVER_HTTP:
        return None
    for place in (Credential.objects.filter(project=project), Credential.objects.filter(project=None)):
        rows = list(place.filter(kind=kind).order_by("name"))
        # The first that matches decides, even if there is nothing usable in it.
        for row in sorted(rows, key=lambda row: row.repo_url_is_regex):
            if _matches(row, repo_url):
                return _as_value(row, _open(row))
    return None


def find_secret(project: Project | None, name: str) -> dict[str, str]:
    """All secret texts of one stored secret by key; empty when there is none, as `secret(name)` needs it.

    Without a project: a shared one, and only of the kind generic.
    """
    rows = Credential.objects.filter(project=project, name=name)
    row = (rows if project else rows.filter(kind=CredentialKind.GENERIC)).first()
    if row is None:
        return {}
    named = {"username": row.username} if row.username else {}
    return {**named, **_open(row)}


def list_secret_texts(project: Project) -> list[str]:
    """Every secret text that work of this project may meet (its own and shared ones), for masking."""
    texts: set[str] = set()
    for row in [*Credential.objects.filter(project=project), *Credential.objects.filter(project=None)]:
        opened = _open(row)
        texts.update(text for text in opened.values() if text)
        if key := opened.get(SSH_PRIVATE_KEY):
            texts.update(SshKey(key).secrets())
    return sorted(texts)


def set_credential(
    actor: Actor,
    *,
    project: Project | None,
    name: str,
    kind: str,
    repo_url: str = "",
    repo_url_is_regex: bool = False,
    username: str = "",
    secrets: Mapping[str, str] | None,
    now: datetime,
) -> Credential:
    """Store a credential under its name; one without a project is shared by all.

    `secrets` are texts by key: {"password": ...}, {"sshPrivateKey": ...}, or any keys for the kind generic. None
    keeps what is stored, which is possible only while it goes to the same address. Raises DomainError.
    """
    address: dict[str, Any] = {"kind": kind, "repo_url": repo_url.strip(), "repo_url_is_regex": repo_url_is_regex}
    _check_address(name, kind, address["repo_url"], repo_url_is_regex)
    with transaction.atomic():
        stored = Credential.objects.select_for_update().filter(project=project, name=name).first()
        if secrets is None:
            kept = _keep_secrets(stored, name, address)
        else:
            _check_secrets(kind, secrets)
            kept = seal(dict(secrets), key=settings.SECRET_KEY)
        row, created = Credential.objects.update_or_create(
            project=project, name=name, defaults={**address, "username": username.strip(), "sealed": kept}
        )
        facts = {"kind": kind, "repoURL": row.repo_url, "secretChanged": secrets is not None}
        _note(actor, "created" if created else "changed", row, facts, now)
    return row


def delete_credential(actor: Actor, credential: Credential, *, now: datetime) -> None:
    """Forget a credential."""
    with transaction.atomic():
        facts = {"kind": credential.kind, "repoURL": credential.repo_url}
        if Credential.objects.filter(pk=credential.pk).delete()[0]:
            _note(actor, "deleted", credential, facts, now)


def _matches(row: Credential, repo_url: str) -> bool:
    normalize = _NORMALIZE.get(row.kind)
    if normalize is None or not row.repo_url:
        return False
    wanted = normalize(repo_url)
    if not row.repo_url_is_regex:
        return normalize(row.repo_url) == wanted
    try:
        pattern = re2.compile(row.repo_url, _QUIET)
    except re2.error:
        return False
    # From the start: else the password goes to any host that has the expected URL somewhere in its path.
    return any(pattern.match(text) for text in (repo_url.strip(), wanted))


def _open(row: Credential) -> dict[str, str]:
    opened: dict[str, str] = unseal(bytes(row.sealed), key=settings.SECRET_KEY)
    return opened


def _as_value(row: Credential, secrets: Mapping[str, str]) -> Credentials | None:
    password = secrets.get(PASSWORD, "")
    if password:
        return BasicAuth(row.username, password) if row.username else Token(password)
    key = secrets.get(SSH_PRIVATE_KEY, "")
    return SshKey(key) if key and row.kind == CredentialKind.GIT else None


def _check_address(name: str, kind: str, repo_url: str, is_regex: bool) -> None:
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise DomainError(
            f'"{name}" cannot be the name of a credential: use lower-case letters, digits, hyphens and dots, '
            "beginning and ending with a letter or digit."
        )
    if kind not in CredentialKind.values:
        raise DomainError(f'"{kind}" is no kind of credential. Choose one of {", ".join(CredentialKind.values)}.')
    if kind == CredentialKind.GENERIC:
        return
    if not repo_url:
        raise DomainError(f'Credential "{name}" needs the URL of the repository it is for.')
    if is_regex:
        try:
            re2.compile(repo_url, _QUIET)
        except re2.error:
            raise DomainError(
                f'"{repo_url}" is not a regular expression of RE2 syntax. Correct it, or untick the expression.'
            ) from None


def _check_secrets(kind: str, secrets: Mapping[str, str]) -> None:
    if bad := next(_bad_keys(secrets), None):
        raise DomainError(f'"{bad}" cannot be the key of a secret: use letters, digits, ".", "_" and "-".')
    if kind == CredentialKind.GENERIC:
        if not secrets:
            raise DomainError("A generic secret needs at least one key with a value.")
        return
    allowed = {PASSWORD, SSH_PRIVATE_KEY} if kind == CredentialKind.GIT else {PASSWORD}
    if unknown := sorted(secrets.keys() - allowed):
        raise DomainError(f'"{unknown[0]}" is not used by credentials of kind {kind}. Give {_listed(allowed)}.')
    if not any(secrets.values()):
        raise DomainError(f"A credential of kind {kind} needs {_listed(allowed)}.")


def _bad_keys(secrets: Mapping[str, str]) -> Iterator[str]:
    return (key for key in secrets if not _KEY.fullmatch(key))


def _listed(keys: set[str]) -> str:
    return " or ".join(sorted(keys))


def _keep_secrets(stored: Credential | None, name: str, address: Mapping[str, Any]) -> bytes:
    """What is stored may go nowhere else than where its owner sent it."""
    if stored is None:
        raise DomainError(f'Credential "{name}" is new: give its password or key.')
    if any(getattr(stored, field) != value for field, value in address.items()):
        raise DomainError(
            f'Credential "{name}" would go to another address. Type its password or key again to confirm that.'
        )
    return bytes(stored.sealed)


def _note(actor: Actor, action: str, row: Credential, facts: dict[str, Any], now: datetime) -> None:
    record(
        actor,
        action,
        project=row.project,
        target_kind="Credential",
        target_name=row.name,
        facts=facts,
        at=now,
    )
    if row.project is not None:
        announce(row.project, "configuration", now=now)
