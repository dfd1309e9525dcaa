"""What the Argo CD steps share: how a config names applications, which of them a stage may touch.

Source: Kargo docs, promotion steps argocd-update and argocd-wait; Kargo code, getAuthorizedApplications.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from integrations.argocd.applications import Application
from integrations.argocd.client import ArgoCD
from integrations.errors import NotFound
from promotions.steps.base import StepConfig, StepContext, StepErrored
from promotions.steps.capabilities import given
from promotions.steps.rules import at_least_one, exactly_one, with_rules

DEFAULT_TIMEOUT = timedelta(minutes=5)
POLL_INTERVAL = timedelta(seconds=10)
_AUTHORIZED_STAGE = "kargo.akuity.io/authorized-stage"


class MatchExpression(StepConfig):
    key: str = Field(min_length=1, description="Label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(description="How the label is judged.")
    values: list[str] = Field(default_factory=list, description="For In and NotIn.")


class AppSelector(StepConfig):
    model_config = ConfigDict(json_schema_extra=with_rules(at_least_one("matchLabels", "matchExpressions")))

    match_labels: dict[str, str] = Field(default_factory=dict, description="Labels the application must have.")
    match_expressions: list[MatchExpression] = Field(default_factory=list, description="Further conditions.")

    @model_validator(mode="after")
    def require_a_criterion(self) -> "AppSelector":
        if not self.match_labels and not self.match_expressions:
            raise ValueError("at least one of matchLabels and matchExpressions is required")
        return self


class AppChoice(StepConfig):
    model_config = ConfigDict(json_schema_extra=with_rules(exactly_one("name", "selector")))

    name: str = Field("", min_length=1, description="Application; exactly one of name and selector.")
    namespace: str = Field("", min_length=1, description="Its namespace; that of the connection when left out.")
    selector: AppSelector | None = Field(None, description="Labels of applications.")

    @model_validator(mode="before")
    @classmethod
    def refuse_nulls(cls, data: object) -> object:
        refuse_null_maps(data, "selector")
        return data

    @model_validator(mode="after")
    def require_name_or_selector(self) -> "AppChoice":
        if bool(self.name) == (self.selector is not None):
            raise ValueError("exactly one of name and selector is required")
        return self


def refuse_null_maps(data: object, *names: str) -> None:
    """An optional map may be left out, but an expression that gives null is an error. Raises ValueError."""
    for name in names:
        if isinstance(data, Mapping) and name in data and data[name] is None:
            raise ValueError(f"{name}: must be a map, got null")


@dataclass(frozen=True, slots=True)
class Server:
    """Argo CD as one run of a step sees it."""

    argocd: ArgoCD
    default_namespace: str

    def select(self, choice: AppChoice) -> list[Application]:
        """The applications a config names, at least one. Raises StepErrored."""
        namespace = choice.namespace or self.default_namespace
        if choice.selector is None:
            try:
                return [self.argocd.get_application(choice.name, namespace)]
            except NotFound as error:
                text = f'unable to find Argo CD Application "{choice.name}" in namespace "{namespace}": {error}'
                raise StepErrored(text) from error
        selector = build_selector(choice.selector)
        found = self.argocd.list_applications(selector, namespace)
        if not found:
            raise StepErrored(f'no Argo CD Applications match selector "{selector}" in namespace "{namespace}"')
        return found

    def select_authorized(self, choice: AppChoice, context: StepContext) -> list[Application]:
        """Those of the named applications that let this stage change them, at least one. Raises StepErrored."""
        found = self.select(choice)
        authorized = [app for app in found if is_authorized(app.annotations, context.project, context.stage)]
        if authorized:
            return authorized
        stage = f"{context.project}:{context.stage}"
        remedy = f'annotate it with {_AUTHORIZED_STAGE}: "{stage}" (several stages with commas, no wildcards)'
        if choice.selector is None:
            raise StepErrored(f"{found[0]} does not let stage {stage} change it: {remedy}")
        raise StepErrored(f"{len(found)} applications match the selector, but none lets stage {stage}: {remedy}")


@contextmanager
def open_server(context: StepContext) -> Iterator[Server]:
    """The Argo CD of this installation. Raises StepErrored when there is none."""
    access = given(context.can.argocd)
    with access.connect() as argocd:
        yield Server(argocd, access.namespace)


def is_authorized(annotations: Mapping[str, str], project: str, stage: str) -> bool:
    """Does the annotation name the stage? One bad entry or wildcard makes all of it worthless."""
    entries = [entry.strip() for entry in annotations.get(_AUTHORIZED_STAGE, "").split(",")]
    if not all(_is_plain(entry) for entry in entries):
        return False
    return f"{project}:{stage}" in (":".join(part.strip() for part in entry.split(":")) for entry in entries)


def _is_plain(entry: str) -> bool:
    parts = entry.split(":")
    return len(parts) == 2 and all(part.strip() for part in parts) and "*" not in entry


def build_selector(selector: AppSelector) -> str:
    """As Kubernetes writes label selectors: `a=b,c in (x,y),!d`. Raises StepErrored."""
    parts = [f"{key}={value}" for key, value in selector.match_labels.items()]
    return ",".join([*parts, *(_build_requirement(expression) for expression in selector.match_expressions)])


def _build_requirement(expression: MatchExpression) -> str:
    wants_values = expression.operator in ("In", "NotIn")
    if wants_values != bool(expression.values):
        need = "at least one value" if wants_values else "no values"
        raise StepErrored(f'selector: operator {expression.operator} of "{expression.key}" takes {need}')
    listed = ",".join(expression.values)
    match expression.operator:
        case "In":
            return f"{expression.key} in ({listed})"
        case "NotIn":
            return f"{expression.key} notin ({listed})"
        case "Exists":
            return expression.key
        case "DoesNotExist":
            return f"!{expression.key}"


def list_names(apps: list[Application]) -> list[dict[str, Any]]:
    """What the steps put out of applications: [{"name", "namespace"}]."""
    return [{"name": app.name, "namespace": app.namespace} for app in apps]
