"""Manifest of Stage.

Source: Kargo CRD Stage; Kargo code, Stage webhook (validation).
Differs: `targets` (commercial edition) is refused instead of ignored.
"""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from projects.manifests import (
    Duration,
    Location,
    Manifest,
    ManifestPart,
    Name,
    Text,
    TextMap,
    Variable,
    refusal,
    refusals,
)
from promotions.manifests.steps import TemplateSteps


class Origin(ManifestPart):
    """What makes the freight."""

    kind: Literal["Warehouse"]
    name: Name


class AutoPromotionOptions(ManifestPart):
    """Which freight automation takes."""

    selection_policy: Literal["NewestFreight", "MatchUpstream"] = "NewestFreight"


class Sources(ManifestPart):
    """Where the freight may come from: the warehouse itself, or upstream stages that verified it."""

    direct: bool = False
    stages: list[Name] = Field(default_factory=list)
    required_soak_time: Duration | None = None
    availability_strategy: Literal["OneOf", "All"] = "OneOf"
    auto_promotion_options: AutoPromotionOptions | None = None

    @field_validator("availability_strategy", mode="before")
    @classmethod
    def _empty_means_one_of(cls, value: Any) -> Any:
        return value or "OneOf" if isinstance(value, str) else value

    @model_validator(mode="after")
    def _match_upstream_has_one(self) -> "Sources":
        options = self.auto_promotion_options
        if options and options.selection_policy == "MatchUpstream" and (self.direct or len(self.stages) != 1):
            message = "MatchUpstream requires exactly one upstream stage and no direct source."
            hint = "List one stage, or use NewestFreight."
            raise refusal(message, hint=hint, at=("autoPromotionOptions", "selectionPolicy"))
        return self


class RequestedFreight(ManifestPart):
    """One origin and its sources."""

    origin: Origin
    sources: Sources


class TemplateSpec(ManifestPart):
    """Variables and steps of a promotion."""

    vars: list[Variable] = Field(default_factory=list)
    steps: TemplateSteps | None = None


class PromotionTemplate(ManifestPart):
    """What a promotion to the stage does."""

    spec: TemplateSpec


class AnalysisTemplateReference(ManifestPart):
    """A template to verify with."""

    name: Name
    kind: Literal["AnalysisTemplate", "ClusterAnalysisTemplate"] = "AnalysisTemplate"


class RunMetadata(ManifestPart):
    """Labels and annotations of verification runs."""

    labels: TextMap | None = None
    annotations: TextMap | None = None


class Argument(ManifestPart):
    """A value for an argument of the templates; may hold expressions."""

    name: Text
    value: str


class VerificationSpec(ManifestPart):
    """How freight is verified after a promotion."""

    analysis_templates: list[AnalysisTemplateReference] = Field(default_factory=list)
    analysis_run_metadata: RunMetadata | None = None
    args: list[Argument] = Field(default_factory=list)


class StageSpec(ManifestPart):
    """What a stage wants, and what a promotion to it does."""

    shard: str | None = None
    vars: list[Variable] = Field(default_factory=list)
    requested_freight: list[RequestedFreight] = Field(min_length=1)
    promotion_template: PromotionTemplate | None = None
    verification: VerificationSpec | None = None

    @model_validator(mode="before")
    @classmethod
    def _no_targets(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("targets") is not None:
            hint = "Make one stage for each target."
            raise refusal("Stages with targets are not supported.", hint=hint, at=("targets",))
        return value

    @model_validator(mode="after")
    def _each_origin_once(self) -> "StageSpec":
        first: dict[str, int] = {}
        findings: list[tuple[str, str, Location]] = []
        for index, request in enumerate(self.requested_freight):
            name = request.origin.name
            if first.setdefault(name, index) != index:
                message = f'Freight of Warehouse "{name}" is already requested at requestedFreight[{first[name]}].'
                findings.append((message, "Put all its sources there.", ("requestedFreight", index, "origin")))
        if findings:
            raise refusals(findings)
        return self


class StageManifest(Manifest):
    """Kind Stage."""

    spec: StageSpec
