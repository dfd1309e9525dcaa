"""Tests of credentials: a worker reads the repository with one, and says what the host answered and what helps.

The page writes the row; the secret goes nowhere but to repositories that the credential is for.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from integrations.credentials import Credentials, SshKey
from integrations.errors import Aborted, IntegrationError, NotFound, RateLimited, Unauthorized, Unreachable
from integrations.git.environment import Console, Remote
from integrations.git.remote import list_refs
from integrations.helm.repository import HttpCharts
from integrations.http import BlockedAddress, HttpClient
from integrations.oci.references import parse_repository
from integrations.oci.registry import Registry
from projects import shutdown
from projects.actors import Actor
from projects.audit import record
from projects.credential_sources import USER_AGENT, outgoing_policy, value_of
from projects.credentials import credential_applies
from projects.encryption import unseal
from projects.errors import DomainError
from projects.leases import Lease, claim, kept, owned, release
from projects.models import Credential, CredentialKind, CredentialTest, CredentialTestPhase, Project
from projects.notices import announce
from projects.wakeup import wake

logger = logging.getLogger(__name__)

TEST_TASK = "projects.run_credential_test"
_KEPT = 10
_TIMEOUT = timedelta(seconds=30)
_LIVE = (CredentialTestPhase.PENDING, CredentialTestPhase.RUNNING)
_BROKE = "It ended by an error of our own; the log of the worker has the details."


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said, and what to do about it."""

    is_good: bool
    said: str
    remedy: str = ""


def request_test(actor: Actor, credential: Credential, *, repo_url: str, now: datetime) -> CredentialTest:
    """Have a worker read `repo_url` with this credential; without one, the repository that it names.

    Raises DomainError when that cannot be tried, or a test runs.
    """
    url = repo_url.strip() or ("" if credential.repo_url_is_regex else credential.repo_url)
    _check(credential, url)
    with transaction.atomic():
        row = Credential.objects.select_for_update().get(pk=credential.pk)
        if row.tests.filter(phase__in=_LIVE).exists():
            raise DomainError("A test of this credential is running. Wait for its result.")
        test = CredentialTest.objects.create(
            credential=row, repo_url=url, requested_by=actor.name, created_at=now, due_at=now
        )
        stale = list(row.tests.values_list("pk", flat=True)[_KEPT:])
        CredentialTest.objects.filter(pk__in=stale).delete()
        facts = {"repoURL": url}
        target = {"target_kind": "Credential", "target_name": row.name}
        record(actor, "tested", project=row.project, facts=facts, at=now, **target)
        _announce(row, now)
        wake(TEST_TASK, test.pk)
    return test


def run_test(test_id: int) -> None:
    """Try once; does nothing when the test ended or somebody else tries."""
    lease = claim(CredentialTest, test_id, now=timezone.now(), length=settings.LEASE)
    if lease is None:
        return
    with kept(lease) as lost:
        test = CredentialTest.objects.select_related("credential__project").get(pk=test_id)
        with transaction.atomic():
            owned(lease).update(phase=CredentialTestPhase.RUNNING)
            _announce(test.credential, timezone.now())
        try:
            answer = _try(test, lambda: lost.is_set() or shutdown.requested.is_set())
        except Aborted:
            owned(lease).update(phase=CredentialTestPhase.PENDING)
            release(lease, due_at=timezone.now())
            return
        except Exception:
            logger.exception("A test of a credential broke", extra={"test": test_id})
            answer = Answer(False, _BROKE)
        _finish(lease, test, answer)


def _check(credential: Credential, url: str) -> None:
    if credential.kind == CredentialKind.GENERIC:
        raise DomainError("A generic secret opens no repository, so there is nothing to try it at.")
    if not url:
        raise DomainError("Its URL is an expression: give the URL of one repository to try it at.")
    if not credential_applies(credential, url):
        # Whatever fits no rule of this credential must not be sent it.
        raise DomainError(f'This credential is not for "{url}": the URL must match the one it is stored for.')


def _finish(lease: Lease, test: CredentialTest, answer: Answer) -> None:
    now = timezone.now()
    phase = CredentialTestPhase.PASSED if answer.is_good else CredentialTestPhase.FAILED
    with transaction.atomic():
        owned(lease).update(phase=phase, said=answer.said, remedy=answer.remedy, finished_at=now)
        release(lease, due_at=None)
        _announce(test.credential, now)


def _announce(row: Credential, now: datetime) -> None:
    if row.project is not None:
        announce(row.project, f"credential:{row.name}", now=now)


def _try(test: CredentialTest, should_stop: Callable[[], bool]) -> Answer:
    row = test.credential
    secrets: dict[str, str] = {}
    try:
        _check(row, test.repo_url)
        secrets = unseal(bytes(row.sealed), key=settings.SECRET_KEY)
        # A shared credential is tried for nobody in particular.
        project = row.project or Project(name="")
        value = value_of(row, secrets, project=project, repo_url=test.repo_url, fresh=True)
        if value is None:
            return Answer(
                False,
                "Nothing in this credential is of use for that repository.",
                "Give a password, or what the host issues tokens for; github-token-scopes must name the repository.",
            )
        return _READ[row.kind](test.repo_url, value, should_stop)
    except Aborted:
        raise
    except IntegrationError as error:
        said = _masked(error.message, secrets)
        return Answer(False, said, _remedy(row, error))
    except DomainError as error:
        return Answer(False, error.message)


def _read_git(url: str, value: Credentials, should_stop: Callable[[], bool]) -> Answer:
    console = Console(should_stop=should_stop, timeout=_TIMEOUT)
    remote = Remote(url, value, reach=outgoing_policy())
    refs = list_refs(remote, console=console)
    said = f"It was let in: {len(refs.heads)} branches, {len(refs.tags)} tags. Whether it may push was not tried."
    if isinstance(value, SshKey) or not _is_open(replace(remote, credentials=None), console):
        return Answer(True, said)
    return Answer(
        True,
        f"The repository was read: {len(refs.heads)} branches, {len(refs.tags)} tags.",
        "Anybody may read this repository, so this says nothing about the credential. Try it at a private one.",
    )


def _is_open(remote: Remote, console: Console) -> bool:
    try:
        list_refs(remote, console=console)
    except Aborted:
        raise
    except IntegrationError:
        return False
    return True


def _read_image(url: str, value: Credentials, _: Callable[[], bool]) -> Answer:
    with HttpClient(outgoing_policy(), USER_AGENT) as client:
        if isinstance(value, SshKey):
            return Answer(False, "A registry takes no SSH key.", "Give a password or token.")
        tags = Registry(client, value).list_tags(parse_repository(url.removeprefix("oci://")))
    return Answer(True, f"It was let in: {len(tags)} tags.")


def _read_helm(url: str, value: Credentials, should_stop: Callable[[], bool]) -> Answer:
    if not url.lower().startswith(("http://", "https://")):
        return _read_image(url, value, should_stop)
    if isinstance(value, SshKey):
        return Answer(False, "A chart repository takes no SSH key.", "Give a password or token.")
    with HttpClient(outgoing_policy(), USER_AGENT) as client:
        HttpCharts(client, url, "", value).read_index({})
    return Answer(True, "The index of the chart repository was read.")


_READ: dict[str, Callable[[str, Credentials, Callable[[], bool]], Answer]] = {
    CredentialKind.GIT: _read_git,
    CredentialKind.IMAGE: _read_image,
    CredentialKind.HELM: _read_helm,
}


def _remedy(row: Credential, error: IntegrationError) -> str:
    """What a person does about it; the expiry date is the first suspect."""
    if isinstance(error, BlockedAddress):
        return "Private addresses are closed; the operator can open them with KARGOWEB_ALLOW_PRIVATE_ADDRESSES."
    if isinstance(error, Unauthorized):
        if row.expires_on is not None and row.expires_on < timezone.now().date():
            return f"It expired on {row.expires_on:%Y-%m-%d}. Make a new token at the host and set it here."
        return "Make a new token at the host, with the right to read this repository, and set it here."
    if isinstance(error, NotFound):
        return "Check the URL. Many hosts also say so when the account may not see the repository: give it access."
    if isinstance(error, RateLimited):
        return "The host wants a pause. Try again later."
    if isinstance(error, Unreachable):
        return "Check the name of the host, and that this site may reach it; then try again."
    return ""


def _masked(text: str, secrets: dict[str, str]) -> str:
    for secret in sorted(secrets.values(), key=len, reverse=True):
        if len(secret) > 3:
            text = text.replace(secret, "••••••")
    return text
