"""An application's state in Argo CD -> the health of the stage that was promoted to it. Pure.

Source: Kargo code, health checker of argocd-update.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from integrations.argocd.applications import Application

Health = Literal["Healthy", "Progressing", "Unknown", "Unhealthy"]


class Assessment(NamedTuple):
    """Health and, unless it is well, why."""

    health: Health
    issues: tuple[str, ...] = ()


def assess_application(app: Application, desired_revisions: Sequence[str]) -> Assessment:
    """`desired_revisions` has one a source; an empty one means any. The first that applies decides."""
    if app.reconciled_at is None or app.is_stale:
        return Assessment(
            "Unknown", (f"{app} was not reconciled after its most recent operation: its health is not trusted",)
        )
    if errors := app.list_error_conditions():
        return Assessment("Unhealthy", tuple(errors))
    if any(desired_revisions) and (judged := _assess_revisions(app, desired_revisions)):
        return judged
    return _assess_health(app)


def _assess_revisions(app: Application, desired: Sequence[str]) -> Assessment | None:
    """None when every source is at its desired revision."""
    operation = app.operation
    if app.is_operating or operation is None:
        return Assessment("Unknown", (f"{app} is being synced",))
    if len(app.sources) != len(desired):
        return Assessment("Unknown", (f"{app} has {len(app.sources)} sources but {len(desired)} desired revisions",))
    if operation.revisions is None:
        return Assessment("Unknown", (f"{app} ended its most recent operation without a sync result",))
    if len(operation.revisions) != len(desired):
        text = f"{app} was synced to {len(operation.revisions)} revisions, but {len(desired)} are desired"
        return Assessment("Unknown", (text,))
    issues = tuple(
        f'{app}: source {source.repo_url} is at revision "{seen}", not at the desired "{wanted}"'
        for source, seen, wanted in zip(app.sources, operation.revisions, desired, strict=True)
        if wanted and seen != wanted
    )
    return Assessment("Unhealthy", issues) if issues else None


def _assess_health(app: Application) -> Assessment:
    if app.health == "Healthy":
        return Assessment("Healthy")
    if app.health == "Suspended":
        # Until somebody lifts the suspension, nothing is wrong and nothing is done.
        return Assessment("Progressing", (f"{app} is suspended",))
    if app.health in ("", "Progressing"):
        return Assessment("Progressing", (f"{app} is progressing",))
    return Assessment("Unhealthy", (f'{app} has health "{app.health}"',))
