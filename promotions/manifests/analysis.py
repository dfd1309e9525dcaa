"""Manifests of AnalysisTemplate and ClusterAnalysisTemplate.

Source: Argo Rollouts, AnalysisTemplate (as Kargo uses it); limits are checked as its controller does.
Differs: they are checked when the manifest is read, not when a verification starts. What a provider other
than `web` wants is not checked.
"""

from collections.abc import Iterator
from typing import Annotated, Any

import re2
from pydantic import AfterValidator, Field, PlainValidator, model_validator

from projects.manifests import (
    Location,
    Manifest,
    ManifestPart,
    Text,
    exactly_one_of,
    refusal,
    refusals,
)

PROVIDERS = (
    "web",
    "job",
    "prometheus",
    "datadog",
    "kayenta",
    "wavefront",
    "newRelic",
    "cloudWatch",
    "graphite",
    "influxdb",
    "skywalking",
    "plugin",
)

_RE_PAUSE = re2.compile(r"([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+")


def _check_count(value: Any) -> Any:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    is_text = isinstance(value, str) and ("{{" in value or value.strip().lstrip("-").isdigit())
    if not (is_number or is_text):
        raise refusal(f'"{value}" is not a whole number.', hint="Write a number, or {{args.name}} in quotes.")
    if is_number and value < -1:
        raise refusal(f"{value} is below zero.", hint="Write a number from 0 on.")
    return value


def _check_pause(text: str) -> str:
    if "{{" not in text and not _RE_PAUSE.fullmatch(text):
        raise refusal(f'"{text}" is not a duration.', hint="Write it like this: 30s, 5m or 1h30m.")
    return text


# A whole number, or text with {{args.x}} that becomes one when it is measured.
Count = Annotated[int | str, PlainValidator(_check_count)]
# A duration, or text with {{args.x}}.
Pause = Annotated[str, AfterValidator(_check_pause)]


class SecretKeyReference(ManifestPart):
    """A key of a secret."""

    name: Text
    key: Text


class ValueFrom(ManifestPart):
    """Where the value of an argument comes from."""

    secret_key_ref: SecretKeyReference | None = None
    field_ref: dict[str, Any] | None = None


class TemplateArgument(ManifestPart):
    """An argument; without a value the stage must give one."""

    name: Text
    value: str | None = None
    value_from: ValueFrom | None = None


class WebHeader(ManifestPart):
    """A header of a request."""

    key: Text
    value: str


class WebProvider(ManifestPart):
    """Asks a URL."""

    url: Text
    method: str | None = None
    headers: list[WebHeader] | None = None
    body: str | None = None
    json_body: Any = None
    timeout_seconds: Count | None = None
    insecure: bool | None = None
    json_path: str | None = None
    authentication: dict[str, Any] | None = None


class Provider(ManifestPart):
    """Exactly one way to measure."""

    web: WebProvider | None = None
    job: dict[str, Any] | None = None
    prometheus: dict[str, Any] | None = None
    datadog: dict[str, Any] | None = None
    kayenta: dict[str, Any] | None = None
    wavefront: dict[str, Any] | None = None
    new_relic: dict[str, Any] | None = None
    cloud_watch: dict[str, Any] | None = None
    graphite: dict[str, Any] | None = None
    influxdb: dict[str, Any] | None = None
    skywalking: dict[str, Any] | None = None
    plugin: dict[str, Any] | None = None


class Metric(ManifestPart):
    """One measurement, how often, and what its results mean."""

    name: Text
    interval: Pause | None = None
    initial_delay: Pause | None = None
    count: Count | None = None
    success_condition: str | None = None
    failure_condition: str | None = None
    failure_limit: Count | None = None
    inconclusive_limit: Count | None = None
    consecutive_error_limit: Count | None = None
    consecutive_success_limit: Count | None = None
    provider: Annotated[Provider, exactly_one_of(*PROVIDERS)]

    @model_validator(mode="after")
    def _limits_fit(self) -> "Metric":
        findings = list(_list_misfits(self))
        if findings:
            raise refusals(findings)
        return self


def _list_misfits(metric: Metric) -> Iterator[tuple[str, str, Location]]:
    """What contradicts itself; a number that comes from an argument is not known yet."""
    count, interval = _number(metric.count), metric.interval
    failures, inconclusive = _number(metric.failure_limit), _number(metric.inconclusive_limit)
    successes = _number(metric.consecutive_success_limit)
    if count is not None and count > 1 and not interval:
        yield "A metric with a count above 1 needs an interval.", "Add interval, for example 30s.", ("count",)
    if failures == -1 and successes == 0:
        hint = "Set one of the two."
        yield "failureLimit -1 needs a consecutiveSuccessLimit above 0.", hint, ("failureLimit",)
    if count and failures is not None and successes is not None and count < failures + successes:
        message = f"count ({count}) must be at least failureLimit + consecutiveSuccessLimit."
        yield message, "Raise count or lower the limits.", ("count",)
    if count and inconclusive is not None and count < inconclusive:
        yield f"count ({count}) must be at least inconclusiveLimit.", "Raise count.", ("count",)


def _number(value: int | str | None) -> int | None:
    """The number (0 if not given), or None when an argument will give it."""
    if isinstance(value, str):
        return int(value) if value.strip().lstrip("-").isdigit() else None
    return value or 0


class DryRun(ManifestPart):
    """Metrics (by regular expression) that do not count."""

    metric_name: Text


class MeasurementRetention(ManifestPart):
    """How many measurements are kept."""

    metric_name: Text
    limit: int


class NestedTemplate(ManifestPart):
    """Another template; Kargo accepts and ignores it."""

    template_name: Text
    cluster_scope: bool | None = None


class AnalysisSpec(ManifestPart):
    """Metrics with their arguments."""

    args: list[TemplateArgument] | None = None
    metrics: list[Metric] = Field(min_length=1)
    dry_run: list[DryRun] | None = None
    measurement_retention: list[MeasurementRetention] | None = None
    templates: list[NestedTemplate] | None = None

    @model_validator(mode="after")
    def _metrics_once(self) -> "AnalysisSpec":
        first: dict[str, int] = {}
        for index, metric in enumerate(self.metrics):
            if first.setdefault(metric.name, index) != index:
                message = f'The metric "{metric.name}" is already defined at metrics[{first[metric.name]}].'
                raise refusal(message, hint="Choose another name.", at=("metrics", index, "name"))
        return self


class AnalysisTemplateManifest(Manifest):
    """Kind AnalysisTemplate, of one project."""

    spec: AnalysisSpec


class ClusterAnalysisTemplateManifest(Manifest):
    """Kind ClusterAnalysisTemplate, shared by all projects."""

    spec: AnalysisSpec
