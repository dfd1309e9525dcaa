"""The real things behind the protocols that steps see: credentials, push lock, freight, metadata, lookups."""

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from freight.models import Freight
from integrations.errors import Aborted
from integrations.git.urls import normalize_git_url
from integrations.http import HttpClient, HttpPolicy
from projects.config_maps import find_config_map
from projects.credentials import explain_refusal, find_credential, note_use, open_texts, read_texts
from projects.encryption import unseal
from projects.leases import claim, kept, release
from projects.models import Credential, CredentialKind, Project
from promotions.engine.aliases import ProjectAliases
from promotions.engine.argocd import ArgoCDConnection
from promotions.engine.collections import list_references
from promotions.engine.masking import Masker
from promotions.engine.messages import ProjectChannels
from promotions.engine.people import PromotionPeople
from promotions.engine.site import Site
from promotions.engine.step_events import StepEvents
from promotions.models import Promotion, PushLock, Stage
from promotions.references import FreightReference
from promotions.steps.base import PassBroken, Step
from promotions.steps.capabilities import Capabilities, GitIdentity, PushPolicyName
from promotions.steps.capabilities import Credential as CredentialValue
from promotions.steps.capabilities import CredentialKind as KindName
from promotions.steps.target_freight import TargetFreight

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_LOCK_POLL_SECONDS = 0.1


@contextmanager
def _own_trouble() -> Iterator[None]:
    """Our database failing under a step must not look like the step failing."""
    try:
        yield
    except (InterfaceError, OperationalError) as error:
        raise PassBroken from error


class SiteGit:
    """Git as this installation does it."""

    def __init__(self, site: Site) -> None:
        self.mirrors_dir: Path = site.mirrors_dir
        self.identity = GitIdentity(site.git_name, site.git_email, site.git_signing_key)
        self.push_policy: PushPolicyName = site.git_push_policy
        self.allow_file_protocol = False
        self.reach: HttpPolicy | None = site.http_policy
        self._lease = site.lease

    @contextmanager
    def push_lock(self, repo_url: str, branch: str, *, should_stop: Callable[[], bool]) -> Iterator[None]:
        """Wait for the branch, hold it, give it back; a killed holder frees it with its lease."""
        key = hashlib.sha256(f"{normalize_git_url(repo_url)} {branch}".encode()).hexdigest()
        with _own_trouble():
            lock, _ = PushLock.objects.get_or_create(key=key, defaults={"due_at": _LONG_AGO})
            while (lease := claim(PushLock, lock.pk, now=timezone.now(), length=self._lease)) is None:
                if should_stop():
                    raise Aborted(f'Stopped while waiting for other pushes to "{branch}"')
                time.sleep(_LOCK_POLL_SECONDS)
        try:
            with kept(lease):
                yield
        finally:
            with _own_trouble():
                release(lease, due_at=_LONG_AGO)


class ProjectCredentials:
    """Credentials of one project; whatever is handed out is masked in the log."""

    def __init__(self, project: Project, masker: Masker) -> None:
        self._project, self._masker = project, masker
        # What may explain a refusal of the host: credentials that have expired.
        self.doubts: dict[str, None] = {}

    def find(self, kind: KindName, repo_url: str) -> CredentialValue | None:
        """See projects.credentials."""
        with _own_trouble():
            if doubt := explain_refusal(self._project, kind, repo_url, today=timezone.now().date()):
                self.doubts[doubt] = None
            found = find_credential(self._project, CredentialKind(kind), repo_url)
        for secret in found.secrets() if found else ():
            self._masker.add(secret)
        return found


class CollectionFreight:
    """The freight that this promotion brings together."""

    def __init__(self, promotion: Promotion, stage: Stage) -> None:
        self._references = list_references(promotion)
        self._stage = stage

    def list_references(self) -> tuple[FreightReference, ...]:
        """All references, sorted by origin."""
        return self._references

    def list_ambiguous_images(self) -> frozenset[str]:
        """Images that several subscriptions of the requested warehouses offer."""
        names = [request["origin"]["name"] for request in self._stage.requested_freight]
        warehouses = self._stage.project.warehouses.filter(name__in=names)
        urls = Counter(
            subscription["image"]["repoURL"]
            for warehouse in warehouses
            for subscription in warehouse.spec["subscriptions"]
            if "image" in subscription
        )
        return frozenset(url for url, count in urls.items() if count > 1)


class ProjectMetadata:
    """Metadata of stages and freight of one project."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def merge(self, kind: Literal["Stage", "Freight"], name: str, values: dict[str, Any]) -> None:
        """Upsert keys under the row's lock. Raises LookupError."""
        rows: Any = (Stage if kind == "Stage" else Freight).objects.filter(project=self._project, name=name)
        with _own_trouble(), transaction.atomic():
            row = rows.select_for_update().first()
            if row is None:
                raise LookupError(f'{kind} "{name}" does not exist in project "{self._project.name}"')
            rows.filter(pk=row.pk).update(metadata={**row.metadata, **values})


class ProjectLookups:
    """What the data functions of expressions read; every secret that is handed out is masked from then on."""

    def __init__(self, project: Project, masker: Masker, *, is_work: bool = True) -> None:
        # What only looks, as the playground does, leaves no mark of use on secrets.
        self._project, self._masker, self._is_work = project, masker, is_work

    def secret(self, name: str) -> dict[str, str] | None:
        """Any secret of the project, whatever its kind; None when there is none."""
        return self._read(Credential.objects.filter(project=self._project, name=name).first())

    def shared_secret(self, name: str) -> dict[str, str] | None:
        """A shared secret, only of the generic kind."""
        rows = Credential.objects.filter(project__isnull=True, kind=CredentialKind.GENERIC)
        return self._read(rows.filter(name=name).first())

    def config_map(self, name: str) -> dict[str, str] | None:
        """Texts of a config map of the project; None when there is none."""
        return find_config_map(self._project, name)

    def shared_config_map(self, name: str) -> dict[str, str] | None:
        """Texts of a config map that all projects share."""
        return find_config_map(None, name)

    def freight_metadata(self, name: str) -> dict[str, Any] | None:
        """Metadata of freight, None when it has none or does not exist."""
        row = Freight.objects.filter(project=self._project, name=name).first()
        return row.metadata or None if row else None

    def freight_status(self, name: str) -> dict[str, Any] | None:
        """Kargo's Freight.status: {"currentlyIn", "verifiedIn", "approvedFor", "metadata"}."""
        row = Freight.objects.filter(project=self._project, name=name).first()
        if row is None:
            return None
        stays = row.occupancies.filter(until__isnull=True).select_related("stage")
        verified, approved = row.verifications.select_related("stage"), row.approvals.select_related("stage")
        return {
            "currentlyIn": {stay.stage.name: {"since": stay.since.isoformat()} for stay in stays},
            "verifiedIn": {v.stage.name: {"verifiedAt": v.verified_at.isoformat()} for v in verified},
            "approvedFor": {a.stage.name: {"approvedAt": a.approved_at.isoformat()} for a in approved},
            "metadata": row.metadata,
        }

    def stage_metadata(self, name: str) -> dict[str, Any] | None:
        """Metadata of a stage, None when it has none or does not exist."""
        row = Stage.objects.filter(project=self._project, name=name).first()
        return row.metadata or None if row else None

    def _read(self, row: Credential | None) -> dict[str, str] | None:
        if row is None:
            return None
        for secret in open_texts(row).values():
            self._masker.add(secret)
        if self._is_work:
            note_use(row, now=timezone.now())
        return read_texts(row)


def load_masker(project: Project, site: Site) -> Masker:
    """Knows every secret that this project could meet: its own and the shared ones."""
    rows = Credential.objects.filter(project=project) | Credential.objects.filter(project__isnull=True)
    return Masker(text for row in rows for text in unseal(bytes(row.sealed), key=site.secret_key).values())


def list_doubts(can: Capabilities) -> tuple[str, ...]:
    """What may explain why a host refused a step: the credentials it was given have expired."""
    return tuple(can.credentials.doubts) if isinstance(can.credentials, ProjectCredentials) else ()


def grant(
    step: Step[Any], promotion: Promotion, stage: Stage, *, site: Site, masker: Masker, http: HttpClient
) -> Capabilities:
    """What this step asked for in `needs`, and nothing else."""
    project = promotion.project
    makers: dict[str, Callable[[], Any]] = {
        "git": lambda: SiteGit(site),
        "credentials": lambda: ProjectCredentials(project, masker),
        "freight": lambda: CollectionFreight(promotion, stage),
        "metadata": lambda: ProjectMetadata(project),
        "http": lambda: http,
        "argocd": lambda: ArgoCDConnection(site.argocd, site.http_policy, mask=masker.add),
        "tools": lambda: site.tools,
        "aliases": lambda: ProjectAliases(promotion),
        "github_push": lambda: site.github_push,
        "people": lambda: PromotionPeople(promotion, masker),
        "messages": lambda: ProjectChannels(project, ProjectLookups(project, masker)),
        "events": lambda: StepEvents(promotion, masker),
        "secrets": lambda: ProjectLookups(project, masker),
        "target_freight": lambda: TargetFreight(ProjectMetadata(project), promotion.freight_name),
    }
    return Capabilities(**{name: makers[name]() for name in step.needs})
