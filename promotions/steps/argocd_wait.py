"""argocd-wait: wait until Argo CD Applications are healthy, synced, and done with their operations.

Source: Kargo docs, promotion step argocd-wait; Kargo code, argocdWaiter.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from integrations.argocd.applications import Application
from integrations.errors import Unreachable
from promotions.steps.argocd_apps import (
    DEFAULT_TIMEOUT,
    POLL_INTERVAL,
    AppChoice,
    Server,
    list_names,
    open_server,
)
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored, Waiting, Would

WaitFor = Literal["health", "sync", "operation", "suspended", "degraded"]
_DEFAULT: tuple[WaitFor, ...] = ("health", "sync", "operation")
# Conditions on health, of which one must hold, and the word of Argo CD that each wants.
_WANTED_HEALTH: dict[WaitFor, str] = {"health": "Healthy", "suspended": "Suspended", "degraded": "Degraded"}


class AppWait(AppChoice):
    wait_for: list[WaitFor] = Field(
        default_factory=lambda: list(_DEFAULT),
        min_length=1,
        json_schema_extra={"uniqueItems": True},
        description="What must be true; of health, suspended and degraded one. Default: health, sync, operation.",
    )

    @model_validator(mode="after")
    def require_unique_conditions(self) -> "AppWait":
        if len(set(self.wait_for)) < len(self.wait_for):
            raise ValueError("waitFor: must not name a condition twice")
        return self


class Config(StepConfig):
    apps: list[AppWait] = Field(min_length=1, description="Applications to wait for.")


def run(context: StepContext, config: Config) -> Done | Waiting:
    before = _read_previous(context)
    health, apps, waits = dict(before), [], []
    with open_server(context) as server:
        work = [(app, choice.wait_for) for choice in config.apps for app in server.select(choice)]
        apps = list_names([app for app, _ in work])
        for app, wait_for in work:
            key = f"{app.namespace}/{app.name}"
            if app.health:
                health[key] = app.health
            try:
                wait = _find_wait(server, app, wait_for, before.get(key, ""))
            except StepErrored as error:
                output = {"apps": apps, "healthStatus": health}
                raise StepErrored(str(error), permanent=error.permanent, output=output) from error
            context.log(wait or f"{app.namespace}/{app.name} is ready", "info")
            waits += [wait] if wait else []
    output = {"apps": apps, "healthStatus": health}
    return Waiting("; ".join(waits), POLL_INTERVAL, output) if waits else Done(output)


def preview(context: StepContext, config: Config) -> Would:
    texts = [f"would wait for {_say_apps(choice)}: {', '.join(choice.wait_for)}" for choice in config.apps]
    return Would("; ".join(texts))


def _say_apps(choice: AppWait) -> str:
    return f"app {choice.name}" if choice.selector is None else "the selected apps"


def _find_wait(server: Server, app: Application, wait_for: list[WaitFor], health_before: str) -> str:
    """What the application waits for, or nothing. Raises StepErrored when waiting is in vain."""
    if errors := app.list_error_conditions():
        raise StepErrored("; ".join(errors), permanent=True)
    if "operation" in wait_for and app.is_operating:
        return f"{app} runs an operation"
    wanted = [_WANTED_HEALTH[condition] for condition in wait_for if condition in _WANTED_HEALTH]
    if wanted and app.is_stale:
        _ask_refresh(server, app)
        return f"{app} was not reconciled since its last operation; asked for a refresh"
    has_regressed = app.health == "Degraded" and health_before not in ("", "Degraded", "Unknown")
    if "health" in wait_for and has_regressed:
        raise StepErrored(f"health of {app} has regressed from {health_before} to {app.health}", permanent=True)
    if wanted and app.health not in wanted:
        return f"{app} is {app.health or 'without a health'}, waiting for {' or '.join(wanted)}"
    if "sync" in wait_for and app.sync != "Synced":
        return f"{app} is {app.sync or 'without a sync status'}, waiting for Synced"
    return ""


def _ask_refresh(server: Server, app: Application) -> None:
    try:
        server.argocd.refresh_application(app.name, app.namespace)
    except Unreachable:
        # The request is with Argo CD all the same; the next run sees what came of it.
        return


def _read_previous(context: StepContext) -> dict[str, str]:
    """Health by `namespace/name` as the last run of this step saw it."""
    known: Any = (context.previous_output or {}).get("healthStatus")
    return {str(key): str(value) for key, value in known.items()} if isinstance(known, Mapping) else {}


STEP = Step(
    "argocd-wait",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Looks again; it changes nothing.",
    outputs={
        "apps": "Applications waited for: list of {name, namespace}.",
        "healthStatus": "Last health seen, by `namespace/name`.",
    },
    needs=("argocd",),
    timeout=DEFAULT_TIMEOUT,
    would=preview,
)
