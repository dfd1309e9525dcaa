"""From a stored credential to the value that opens a repository; asks GitHub, AWS, Google or Azure where it must.

For workers only: pages never wait for an issuer.
Source: Kargo docs "Repository Credentials", code `pkg/credentials`.
"""

import json
from collections.abc import Mapping

from django.conf import settings
from django.utils import timezone

from integrations.credentials import BasicAuth, Credentials, SshKey, Token
from integrations.git.urls import normalize_git_url
from integrations.http import HttpClient
from integrations.http_policy import HttpPolicy
from integrations.issuers.base import CredentialSource
from integrations.issuers.keeping import IssuedCredentials
from integrations.issuers.registry import find_ambient_source, find_source
from projects.credential_rules import PASSWORD, SSH_PRIVATE_KEY
from projects.models import Credential, CredentialKind, Project

USER_AGENT = "kargoweb"
# JSON {project: [names of repositories]}: where a GitHub App may be used. What is no such JSON allows nothing.
TOKEN_SCOPES = "kargo.akuity.io/github-token-scopes"  # noqa: S105

_issued = IssuedCredentials()


def value_of(
    row: Credential, secrets: Mapping[str, str], *, project: Project, repo_url: str, fresh: bool = False
) -> Credentials | None:
    """What this credential is for a repository; None when nothing usable is in it.

    `fresh` asks an issuer even if something of it is kept. Raises IntegrationError when an issuer gives nothing.
    """
    if password := secrets.get(PASSWORD, ""):
        return BasicAuth(row.username, password) if row.username else Token(password)
    if row.kind == CredentialKind.GIT and (key := secrets.get(SSH_PRIVATE_KEY, "")):
        return SshKey(key)
    url = normalize_git_url(repo_url) if row.kind == CredentialKind.GIT else repo_url
    if not _is_in_scope(row, project, url):
        return None
    source = find_source(row.kind, url, {**row.details, **secrets}, settings.ISSUER_PLACES)
    return None if source is None else _ask(source, fresh=fresh)


def find_ambient(kind: str, repo_url: str) -> BasicAuth | None:
    """What the site itself may do at a registry, if the operator allows it. Raises IntegrationError."""
    source = find_ambient_source(kind, repo_url, settings.REGISTRY_IDENTITY, settings.ISSUER_PLACES)
    return None if source is None else _ask(source, fresh=False)


def outgoing_policy() -> HttpPolicy:
    """Where requests of the site may go."""
    is_allowed = settings.ALLOW_PRIVATE_ADDRESSES
    return HttpPolicy(allow_loopback=is_allowed, allow_private_addresses=is_allowed, proxy_rules=settings.PROXY_RULES)


def _ask(source: CredentialSource, *, fresh: bool) -> BasicAuth:
    now = timezone.now()
    if not fresh and (kept := _issued.find(source, now=now)) is not None:
        return kept
    with HttpClient(outgoing_policy(), USER_AGENT) as client:
        return source.issue(client, now=now).value if fresh else _issued.get(source, client, now=now)


def _is_in_scope(row: Credential, project: Project, repo_url: str) -> bool:
    text = row.annotations.get(TOKEN_SCOPES, "")
    if not text:
        return True
    try:
        names = json.loads(text)[project.name]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return False
    return isinstance(names, list) and repo_url.rstrip("/").rpartition("/")[2] in names
