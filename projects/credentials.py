"""Credentials of repositories: find the one for a URL, store and delete them. Secrets never leave to pages.

Source: Kargo docs "Repository Credentials", code `pkg/credentials/kubernetes`.
Differs: inside a place exact URLs come before regular expressions, as Kargo's docs say; its code has one pass by
name. A regular expression must match from the start of the URL or of its host; Kargo takes a match anywhere in it. A
password without a user name is a bearer token. Identities of the clouds are used only when the operator allows it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import re2
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from integrations.credentials import Credentials, SshKey
from integrations.git.urls import normalize_git_url
from integrations.oci.references import normalize_chart, normalize_image
from projects.actors import Actor
from projects.audit import record
from projects.credential_rules import (
    PASSWORD,
    QUIET,
    SSH_PRIVATE_KEY,
    check_address,
    check_details,
    check_secrets,
)
from projects.credential_sources import find_ambient, value_of
from projects.encryption import SecretUnreadable, seal, unseal
from projects.errors import DomainError
from projects.models import Credential, CredentialKind, Project
from projects.notices import announce

__all__ = [
    "PASSWORD",
    "SSH_PRIVATE_KEY",
    "SecretUnreadable",
    "credential_applies",
    "delete_credential",
    "explain_refusal",
    "find_credential",
    "find_secret",
    "list_secret_texts",
    "note_use",
    "open_texts",
    "read_texts",
    "set_credential",
]

# Written at most so often, for each use would be a write.
_USE_NOTED_EVERY = timedelta(minutes=10)
_NORMALIZE: dict[str, Callable[[str], str]] = {
    CredentialKind.GIT: normalize_git_url,
    CredentialKind.IMAGE: normalize_image,
    CredentialKind.HELM: normalize_chart,
}


def find_credential(project: Project, kind: str, repo_url: str) -> Credentials | None:
    """The credential for a repository: the project's own before shared ones, exact URLs before expressions.

    For workers: it may ask GitHub or a cloud for a token. `kind` is git, image or helm. None for an http:// URL
    unless ALLOW_CREDENTIALS_OVER_HTTP is set. Raises SecretUnreadable when it was stored under another key, and
    IntegrationError when who issues tokens gives none.
    """
    if not _may_be_sent(repo_url):
        return None
    row = _find_row(project, kind, repo_url)
    if row is None:
        return find_ambient(kind, repo_url)
    note_use(row, now=timezone.now())
    return value_of(row, open_texts(row), project=project, repo_url=repo_url)


def explain_refusal(project: Project, kind: str, repo_url: str, *, today: date) -> str:
    """What to add to a refusal of a host: the credential that was used has expired; empty when it has not."""
    row = _find_row(project, kind, repo_url) if _may_be_sent(repo_url) else None
    if row is None or row.expires_on is None or row.expires_on >= today:
        return ""
    return f'The credential "{row.name}" expired on {row.expires_on:%Y-%m-%d}; an owner can set it again.'


def credential_applies(row: Credential, repo_url: str) -> bool:
    """True when this credential would be sent to that repository."""
    return _may_be_sent(repo_url) and _matches(row, repo_url)


def find_secret(project: Project | None, name: str) -> dict[str, str]:
    """All texts of one stored secret by key; empty when there is none, as `secret(name)` needs it.

    Without a project: a shared one, and only of the kind generic.
    """
    rows = Credential.objects.filter(project=project, name=name)
    row = (rows if project else rows.filter(kind=CredentialKind.GENERIC)).first()
    return read_texts(row) if row else {}


def read_texts(row: Credential) -> dict[str, str]:
    """Every text of a stored secret under the keys that Kargo's Secrets have, those that are no secrets too."""
    named: dict[str, str] = {}
    if row.kind != CredentialKind.GENERIC:
        named = {"repoURL": row.repo_url}
        if row.repo_url_is_regex:
            named["repoURLIsRegex"] = "true"
    if row.username:
        named["username"] = row.username
    return {**named, **row.details, **open_texts(row)}


def note_use(row: Credential, *, now: datetime) -> None:
    """Remember that work used it, to some minutes."""
    if row.last_used_at is None or row.last_used_at < now - _USE_NOTED_EVERY:
        rows = Credential.objects.filter(pk=row.pk)
        rows.filter(Q(last_used_at=None) | Q(last_used_at__lt=now)).update(last_used_at=now)


def list_secret_texts(project: Project) -> list[str]:
    """Every secret text that work of this project may meet (its own and shared ones), for masking."""
    texts: set[str] = set()
    for row in [*Credential.objects.filter(project=project), *Credential.objects.filter(project=None)]:
        opened = open_texts(row)
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
    details: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    expires_on: date | None = None,
    secrets: Mapping[str, str] | None,
    now: datetime,
) -> Credential:
    """Store a credential under its name; one without a project is shared by all.

    `secrets` are texts by key: {"password": ...}, {"sshPrivateKey": ...}, the secret of an issuer, or any keys for
    the kind generic. None keeps what is stored, which is possible only while it goes to the same address. `details`
    are the texts beside them that are no secrets, {"awsRegion": ...}. Labels and annotations
    that are None stay. Raises DomainError.
    """
    address: dict[str, Any] = {"kind": kind, "repo_url": repo_url.strip(), "repo_url_is_regex": repo_url_is_regex}
    check_address(name, kind, address["repo_url"], repo_url_is_regex)
    texts = {key: text.strip() for key, text in (details or {}).items() if text.strip()}
    with transaction.atomic():
        stored = Credential.objects.select_for_update().filter(project=project, name=name).first()
        if secrets is None:
            kept, held = _keep_secrets(stored, name, address)
        else:
            check_secrets(kind, secrets)
            kept, held = seal(dict(secrets), key=settings.SECRET_KEY), secrets.keys()
        check_details(kind, texts, held)
        kept_texts = {"labels": labels, "annotations": annotations}
        given = {name: dict(value) for name, value in kept_texts.items() if value is not None}
        row, created = Credential.objects.update_or_create(
            project=project,
            name=name,
            defaults={
                **address,
                **given,
                "username": username.strip(),
                "details": texts,
                "expires_on": expires_on,
                "sealed": kept,
            },
        )
        facts = {"kind": kind, "repoURL": row.repo_url, "secretChanged": secrets is not None}
        _note(actor, "created" if created else "changed", row, facts, now)
    return row


def delete_credential(actor: Actor, credential: Credential, *, now: datetime) -> None:
    """Forget a credential."""
    with transaction.atomic():
        facts = {"kind": credential.kind, "repoURL": credential.repo_url}
        if Credential.objects.filter(pk=credential.pk).delete()[1].get("projects.Credential"):
            _note(actor, "deleted", credential, facts, now)


def _may_be_sent(repo_url: str) -> bool:
    """Over plain http anybody on the way could read it."""
    return settings.ALLOW_CREDENTIALS_OVER_HTTP or not repo_url.strip().lower().startswith("http://")


def _find_row(project: Project, kind: str, repo_url: str) -> Credential | None:
    for place in (Credential.objects.filter(project=project), Credential.objects.filter(project=None)):
        rows = list(place.filter(kind=kind).order_by("name"))
        # The first that matches decides, even if there is nothing usable in it.
        for row in sorted(rows, key=lambda row: row.repo_url_is_regex):
            if _matches(row, repo_url):
                return row
    return None


def _matches(row: Credential, repo_url: str) -> bool:
    normalize = _NORMALIZE.get(row.kind)
    if normalize is None or not row.repo_url:
        return False
    wanted = normalize(repo_url)
    if not row.repo_url_is_regex:
        return normalize(row.repo_url) == wanted
    try:
        pattern = re2.compile(row.repo_url, QUIET)
    except re2.error:
        return False
    # From the start: else the password goes to any host that has the expected URL somewhere in its path.
    return any(
        (match := pattern.match(text)) and match.end() >= host_end
        for text, host_end in _list_forms(repo_url.strip(), wanted)
    )


def _list_forms(*urls: str) -> Iterator[tuple[str, int]]:
    """Each URL, and it from its host on, with where its host ends: a match that ends before says nothing of it."""
    for url in urls:
        scheme, separator, rest = url.partition("://")
        host = rest.partition("/")[0]
        start = len(scheme) + len(separator)
        yield url, start + len(host) if separator else 0
        if separator and "@" not in host:
            yield rest, len(host)


def open_texts(row: Credential) -> dict[str, str]:
    """The secret texts of a credential by key. Raises SecretUnreadable."""
    opened: dict[str, str] = unseal(bytes(row.sealed), key=settings.SECRET_KEY)
    return opened


def _keep_secrets(stored: Credential | None, name: str, address: Mapping[str, Any]) -> tuple[bytes, Iterable[str]]:
    """What is stored may go nowhere else than where its owner sent it."""
    if stored is None:
        raise DomainError(f'Credential "{name}" is new: give its password or key.')
    if any(getattr(stored, field) != value for field, value in address.items()):
        raise DomainError(
            f'Credential "{name}" would go to another address. Type its password or key again to confirm that.'
        )
    return bytes(stored.sealed), open_texts(stored).keys()


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
