"""argocd-update: change the sources of Argo CD Applications, sync them and wait for the end of the sync.

An application must agree: its annotation `kargo.akuity.io/authorized-stage` names the stage, `<project>:<stage>`.
When the step succeeds, the stage's health follows the health of these applications from then on.

Source: Kargo docs, promotion step argocd-update; Kargo code, argocdUpdater.
Differs: all applications of the step are found before the first is touched; desired revisions of git sources are
looked up by the normalised URL; the sync is asked of Argo CD's server, so it runs as the account of the token and
the operation's infos name who asked.
"""

from typing import Any

from pydantic import ConfigDict, Field, model_validator

from integrations.argocd.applications import Application, Operation
from integrations.argocd.client import OperationInProgress, SyncBlocked
from integrations.argocd.sources import NoSuchSource, SourceUpdate, apply_updates, list_desired_revisions
from integrations.errors import Unreachable
from promotions.steps.argocd_apps import (
    DEFAULT_TIMEOUT,
    POLL_INTERVAL,
    AppChoice,
    Server,
    list_names,
    open_server,
    refuse_null_maps,
)
from promotions.steps.base import (
    Done,
    Effect,
    HealthCheck,
    Step,
    StepConfig,
    StepContext,
    StepErrored,
    Waiting,
    Would,
)
from promotions.steps.rules import at_most_one, requires, with_rules

KIND = "argocd-update"
_PROMOTION = "kargo.akuity.io/promotion"
_MOST_NAMED = 3


class KustomizeImage(StepConfig):
    model_config = ConfigDict(json_schema_extra=with_rules(at_most_one("tag", "digest")))

    repo_url: str = Field(alias="repoURL", min_length=1, description="Image to set.")
    new_name: str = Field("", min_length=1, description="Image to put in its place.")
    tag: str = Field("", description="Tag to set; at most one of tag and digest.")
    digest: str = Field("", description="Digest to set.")

    @model_validator(mode="after")
    def allow_one_of_tag_and_digest(self) -> "KustomizeImage":
        if self.tag and self.digest:
            raise ValueError("at most one of tag and digest is allowed")
        return self

    def __str__(self) -> str:
        name = f"{self.repo_url}={self.new_name}" if self.new_name else self.repo_url
        return f"{name}@{self.digest}" if self.digest else f"{name}:{self.tag}"


class KustomizeImages(StepConfig):
    images: list[KustomizeImage] = Field(
        default_factory=list, min_length=1, description="Images that replace all of the source's."
    )


class HelmImage(StepConfig):
    key: str = Field(min_length=1, description="Helm parameter.")
    value: str = Field(description="Its value.")


class HelmImages(StepConfig):
    images: list[HelmImage] = Field(min_length=1, description="Parameters to set; others stay.")


class AppSource(StepConfig):
    model_config = ConfigDict(json_schema_extra=with_rules(requires("updateTargetRevision", "desiredRevision")))

    repo_url: str = Field(alias="repoURL", min_length=1, description="Repository of the source to change.")
    chart: str = Field("", min_length=1, description="Chart of the source, exactly as the application has it.")
    desired_revision: str = Field("", min_length=1, description="Revision the source must be synced to.")
    update_target_revision: bool = Field(False, description="Also make it the source's targetRevision.")
    kustomize: KustomizeImages | None = Field(None, description="Kustomize images to set.")
    helm: HelmImages | None = Field(None, description="Helm parameters to set.")

    @model_validator(mode="before")
    @classmethod
    def refuse_nulls(cls, data: object) -> object:
        refuse_null_maps(data, "kustomize", "helm")
        return data

    @model_validator(mode="after")
    def require_a_revision_to_target(self) -> "AppSource":
        if self.update_target_revision and not self.desired_revision:
            raise ValueError("updateTargetRevision requires desiredRevision")
        return self

    def read(self) -> SourceUpdate:
        """What it asks for, as the client of Argo CD takes it."""
        return SourceUpdate(
            self.repo_url,
            chart=self.chart,
            desired_revision=self.desired_revision,
            update_target_revision=self.update_target_revision,
            kustomize_images=tuple(map(str, self.kustomize.images)) if self.kustomize else (),
            helm_parameters={image.key: image.value for image in self.helm.images} if self.helm else {},
        )


class AppUpdate(AppChoice):
    sources: list[AppSource] = Field(default_factory=list, min_length=1, description="Sources to change.")


class Config(StepConfig):
    apps: list[AppUpdate] = Field(min_length=1, description="Applications to update and sync.")


Work = tuple[Application, list[SourceUpdate]]


def run(context: StepContext, config: Config) -> Done | Waiting:
    with open_server(context) as server:
        work = _find_work(context, config, server)
        waits = [text for app, updates in work if (text := _bring_on(context, server, app, updates))]
    output = {"apps": list_names([app for app, _ in work])}
    if waits:
        return Waiting("; ".join(waits), POLL_INTERVAL, output)
    checked = [
        {
            "name": app.name,
            "namespace": app.namespace,
            "desiredRevisions": list_desired_revisions(app, updates),
        }
        for app, updates in work
    ]
    return Done(output, health_check=HealthCheck(KIND, {"apps": checked}))


def preview(context: StepContext, config: Config) -> Would:
    """Reads the applications, so that a missing one or a missing consent is found before the promotion."""
    with open_server(context) as server:
        work = _find_work(context, config, server)
        for app, updates in work:
            _plan_sources(app, updates)
    texts = [f"would sync app {app.namespace}/{app.name}{_say_revisions(app, updates)}" for app, updates in work]
    return Would("; ".join(texts), {"apps": list_names([app for app, _ in work])})


def _say_revisions(app: Application, updates: list[SourceUpdate]) -> str:
    revisions = [revision for revision in list_desired_revisions(app, updates) if revision]
    return f" to revision {', '.join(revisions)}" if revisions else ""


def _find_work(context: StepContext, config: Config, server: Server) -> list[Work]:
    """All applications with what is asked of each, checked before any of them is touched."""
    work: list[Work] = []
    for choice in config.apps:
        apps = server.select_authorized(choice, context)
        updates = [source.read() for source in choice.sources]
        if len(apps) > 1:
            _require_fit(apps, updates)
        work += [(app, updates) for app in apps]
    return work


def _require_fit(apps: list[Application], updates: list[SourceUpdate]) -> None:
    misfits = []
    for app in apps:
        try:
            apply_updates(app, updates)
        except NoSuchSource as error:
            misfits.append(str(error))
    if misfits:
        shown = "; ".join(misfits[:_MOST_NAMED])
        more = f" (the first {_MOST_NAMED} of them: {shown})" if len(misfits) > _MOST_NAMED else f" ({shown})"
        raise StepErrored(
            f"the selected applications must all have the sources to change; {len(misfits)} have not{more}. "
            "No application was updated."
        )


def _bring_on(context: StepContext, server: Server, app: Application, updates: list[SourceUpdate]) -> str:
    """Sync the application if it needs it. Returns what it waits for, or nothing when it is done."""
    wait = _find_wait(app, context.promotion)
    if wait:
        context.log(wait, "info")
        return wait
    operation = app.operation
    why = _find_reason_to_sync(operation, list_desired_revisions(app, updates), context.promotion)
    if why:
        context.log(f"Syncing {app.namespace}/{app.name}: {why}", "info")
        return _sync(context, server, app, updates)
    if operation and operation.has_failed:
        raise StepErrored(f"{app} failed with: {operation.message}")
    context.log(f"{app.namespace}/{app.name} is synced", "info")
    return ""


def _find_wait(app: Application, promotion: str) -> str:
    operation = app.operation
    if app.has_requested_operation:
        return f"{app} has not taken up its operation yet"
    if operation is None or operation.is_completed:
        return ""
    if operation.infos.get(_PROMOTION) == promotion:
        return f"{app} is syncing" + (f": {operation.message}" if operation.message else "")
    other = operation.infos.get(_PROMOTION)
    who = f"promotion {other}" if other else f'"{operation.initiated_by or "Argo CD"}"'
    return f"{app} runs an operation started by {who}; waiting for its end"


def _find_reason_to_sync(operation: Operation | None, desired: list[str], promotion: str) -> str:
    """Why a completed or missing operation does not do; empty when it is ours and tells how the sync went."""
    if operation is None:
        return "it has no operation yet"
    if operation.infos.get(_PROMOTION) != promotion:
        return "its last operation was not for this promotion"
    if operation.revisions is None:
        return "its operation ended without a sync result"
    # A missing revision is one that differs.
    seen = [*operation.revisions, *[""] * len(desired)]
    if any(wanted and wanted != have for wanted, have in zip(desired, seen, strict=False)):
        return f"it was synced to {', '.join(operation.revisions)}, not to {', '.join(filter(None, desired))}"
    return ""


def _sync(context: StepContext, server: Server, app: Application, updates: list[SourceUpdate]) -> str:
    sources = _plan_sources(app, updates)
    if sources != [source.raw for source in app.sources]:
        server.argocd.change_sources(app, sources)
        context.log(f"Changed the sources of {app.namespace}/{app.name}", "info")
    try:
        server.argocd.refresh_application(app.name, app.namespace)
    except Unreachable as error:
        # The request for a refresh is with Argo CD all the same, and the sync waits for it there.
        context.log(f"Argo CD has not refreshed {app.namespace}/{app.name} in time: {error}", "info")
    who = context.actor or "automation"
    infos = {
        "Reason": f"Promotion of {context.project}:{context.stage} triggered a sync, asked for by {who}.",
        _PROMOTION: context.promotion,
    }
    try:
        server.argocd.sync(app, infos=infos)
    except (OperationInProgress, SyncBlocked) as error:
        # Looked at again in the next run: its end, or an open window, lets ours begin.
        return str(error)
    return f"{app} is syncing"


def _plan_sources(app: Application, updates: list[SourceUpdate]) -> list[dict[str, Any]]:
    try:
        return apply_updates(app, updates)
    except NoSuchSource as error:
        raise StepErrored(str(error)) from error


STEP = Step(
    KIND,
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="A sync that this promotion started is followed, not started again, unless it missed the desired revision.",
    outputs={"apps": "Applications updated: list of {name, namespace}."},
    needs=("argocd",),
    timeout=DEFAULT_TIMEOUT,
    would=preview,
)
