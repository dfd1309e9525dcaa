"""Manifests of projects: Project and ProjectConfig, and what the manifests of every kind are made of.

Pure pydantic: Kargo's camelCase by alias, unknown fields refused, no silent conversion, defaults filled in.
Source: Kargo CRDs Project, ProjectConfig; Kargo code, ProjectConfig webhook (validation).
Differs: fields of Kargo's commercial edition (promotionWindows, autoRollback) are accepted.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import re2
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

KARGO_API = "kargo.akuity.io/v1alpha1"
# kubectl writes the whole object into it; it says nothing about the object.
_IGNORED_ANNOTATIONS = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
_RE_NAME = re2.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_RE_DURATION = re2.compile(r"([0-9]+(\.[0-9]+)?(s|m|h))+")
_RE_VARIABLE = re2.compile(r"[a-zA-Z_]\w*")

Location = tuple[str | int, ...]


def refusal(message: str, *, hint: str = "", at: Location = ()) -> PydanticCustomError:
    """What a validator raises: message, what to do, and where, counted from the value being validated."""
    return refusals([(message, hint, at)])


def refusals(findings: Sequence[tuple[str, str, Location]]) -> PydanticCustomError:
    """Several refusals at once: (message, hint, where)."""
    return PydanticCustomError("refused", "{text}", {"text": findings[0][0], "findings": list(findings)})


def _matching(expression: Any, longest: int, what: str, example: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if len(text) > longest or not expression.fullmatch(text):
            raise refusal(f'"{text}" is not {what}.', hint=f"Write it like this: {example}.")
        return text

    return check


_check_name = _matching(_RE_NAME, 253, "a valid name (lower-case letters, digits, dots and dashes)", "prod-east")
_check_duration = _matching(_RE_DURATION, 64, "a duration", "30s, 5m or 1h30m")
_check_variable = _matching(_RE_VARIABLE, 253, "a valid variable name", "repoURL or image_tag")

Name = Annotated[str, AfterValidator(_check_name)]
Duration = Annotated[str, AfterValidator(_check_duration)]
VariableName = Annotated[str, AfterValidator(_check_variable)]
Text = Annotated[str, StringConstraints(min_length=1)]
TextMap = dict[str, str]


class ManifestPart(BaseModel):
    """Base of everything inside a manifest; null means the same as leaving the field out."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, alias_generator=to_camel, validate_by_alias=True
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: item for key, item in value.items() if item is not None}
        return value

    def normalised(self) -> dict[str, Any]:
        """Plain data under Kargo's names, defaults filled in; what the tables keep and what is compared."""
        return self.model_dump(by_alias=True, exclude_none=True)

    def concise(self) -> dict[str, Any]:
        """Plain data without defaults, for people."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)


def exactly_one_of(*keys: str) -> AfterValidator:
    """A check that exactly one of the fields (by alias) was given."""

    def check(value: "ManifestPart") -> "ManifestPart":
        names = {field.alias or name: name for name, field in type(value).model_fields.items()}
        given = [key for key in keys if getattr(value, names[key]) is not None]
        if len(given) != 1:
            listed = ", ".join(f'"{key}"' for key in keys)
            hint = f"Remove all but one of them: {', '.join(given)}." if given else f"Add one of {listed}."
            raise refusal(f"Exactly one of {listed} must be set.", hint=hint)
        return value

    return AfterValidator(check)


_SERVER_FIELDS = (
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "ownerReferences",
    "finalizers",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generateName",
)


class Metadata(ManifestPart):
    """Name, namespace (the project), labels and annotations; what a cluster writes into it is dropped."""

    name: Name
    namespace: Name | None = None
    labels: TextMap = Field(default_factory=dict)
    annotations: Annotated[
        TextMap,
        AfterValidator(lambda value: {k: v for k, v in value.items() if k not in _IGNORED_ANNOTATIONS}),
    ] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _without_server_fields(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: item for key, item in value.items() if key not in _SERVER_FIELDS}
        return value


class Manifest(ManifestPart):
    """One object of any kind; `status` is what a cluster wrote, so it is read over."""

    api_version: str
    kind: str
    metadata: Metadata
    status: Any = Field(default=None, exclude=True)

    def contents(self, *, concise: bool = False) -> dict[str, Any]:
        """What the object says beside its metadata, as the tables keep it: the spec, if its kind has one."""
        spec = getattr(self, "spec", None)
        if not isinstance(spec, ManifestPart):
            return {}
        return spec.concise() if concise else spec.normalised()


class Variable(ManifestPart):
    """A named text; the value may hold expressions."""

    name: VariableName
    value: str | None = None


class SelectorRequirement(ManifestPart):
    """One entry of matchExpressions."""

    key: Text
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: list[str] | None = None

    @model_validator(mode="after")
    def _values_fit_operator(self) -> "SelectorRequirement":
        needs_values = self.operator in {"In", "NotIn"}
        if needs_values != bool(self.values):
            rule = "needs at least one entry in" if needs_values else "allows no"
            raise refusal(f'Operator "{self.operator}" {rule} "values".', at=("operator",))
        return self


class LabelSelector(ManifestPart):
    """Labels that must fit; empty fits all."""

    match_labels: TextMap | None = None
    match_expressions: list[SelectorRequirement] | None = None


def _check_name_selector(text: str) -> str:
    prefix, colon, pattern = text.partition(":")
    if not colon:
        return text
    if prefix not in {"glob", "regex", "regexp"}:
        hint = 'Start it with "glob:" or "regex:", or give the exact name.'
        raise refusal(f'"{prefix}:" is not a known prefix of a selector.', hint=hint)
    if prefix != "glob":
        _compile(pattern)
    return text


def _compile(pattern: str) -> None:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        raise refusal(f'"{pattern}" is not a valid regular expression: {error}.') from error


class NamedSelector(LabelSelector):
    """Name (exact, `glob:`, `regex:`) and labels; both must fit, an empty selector fits all."""

    name: Annotated[str, AfterValidator(_check_name_selector)] | None = None


class AutoRollback(ManifestPart):
    """When a failure rolls a stage back by itself."""

    on_promotion: list[Literal["Failed", "Errored"]] | None = None
    on_verification: list[Literal["Failed", "Error"]] | None = None


class PromotionPolicy(ManifestPart):
    """Whether the selected stages take new freight by themselves."""

    stage: Name | None = None
    stage_selector: NamedSelector | None = None
    auto_promotion_enabled: bool = False
    auto_rollback: AutoRollback | None = None


class PromotionWindow(ManifestPart):
    """A time in which promotions are allowed or denied."""

    name: Name
    kind: Literal["Allow", "Deny"]
    stage_selector: NamedSelector | None = None
    rrule: str | None = None
    dtstart: str | None = None
    dtend: str | None = None


class DeepLink(ManifestPart):
    """A link shown on freight or stages."""

    title: Text
    url: Text
    description: str | None = None
    if_: str | None = Field(None, alias="if")


class SecretReference(ManifestPart):
    """The name of a secret."""

    name: str = ""


class Receiver(ManifestPart):
    """A webhook sender and its secret."""

    secret_ref: SecretReference


class ArtifactoryReceiver(Receiver):
    """JFrog Artifactory."""

    virtual_repo_name: str | None = None


class IndexMatch(ManifestPart):
    """One comparison with what is known of a target."""

    key: Literal["subscribedURLs", "receiverPaths"]
    operator: Literal["Equals", "NotEquals"]
    value: str


class IndexSelector(ManifestPart):
    """Comparisons that must all fit."""

    match_indices: list[IndexMatch] = Field(min_length=1)


class TargetCriteria(ManifestPart):
    """Which objects a generic receiver refreshes."""

    kind: Literal["Warehouse", "Promotion"]
    name: str | None = None
    label_selector: LabelSelector | None = None
    index_selector: IndexSelector | None = None

    @model_validator(mode="after")
    def _chooses_something(self) -> "TargetCriteria":
        if not (self.name or self.label_selector or self.index_selector):
            raise refusal("This chooses everything.", hint="Add name, labelSelector or indexSelector.")
        return self


class ReceiverAction(ManifestPart):
    """What a generic receiver does."""

    action: Literal["Refresh"]
    when_expression: str | None = None
    parameters: TextMap | None = None
    target_selection_criteria: list[TargetCriteria] = Field(min_length=1)


class GenericReceiver(Receiver):
    """A sender of any shape."""

    actions: list[ReceiverAction] | None = Field(None, min_length=1)


RECEIVER_KINDS = (
    "artifactory",
    "azure",
    "bitbucket",
    "dockerhub",
    "generic",
    "gitea",
    "github",
    "gitlab",
    "harbor",
    "quay",
)


class WebhookReceiver(ManifestPart):
    """A named receiver of exactly one provider."""

    name: Name
    artifactory: ArtifactoryReceiver | None = None
    azure: Receiver | None = None
    bitbucket: Receiver | None = None
    dockerhub: Receiver | None = None
    generic: GenericReceiver | None = None
    gitea: Receiver | None = None
    github: Receiver | None = None
    gitlab: Receiver | None = None
    harbor: Receiver | None = None
    quay: Receiver | None = None


class ProjectConfigSpec(ManifestPart):
    """Policies, receivers and links of a project."""

    promotion_policies: list[Annotated[PromotionPolicy, exactly_one_of("stage", "stageSelector")]] = Field(
        default_factory=list
    )
    webhook_receivers: list[Annotated[WebhookReceiver, exactly_one_of(*RECEIVER_KINDS)]] = Field(default_factory=list)
    promotion_windows: list[PromotionWindow] = Field(default_factory=list)
    freight_links: list[DeepLink] = Field(default_factory=list)
    stage_links: list[DeepLink] = Field(default_factory=list)

    @model_validator(mode="after")
    def _each_once(self) -> "ProjectConfigSpec":
        findings = [
            *find_repeated("promotionPolicies", [_exact_stage(policy) for policy in self.promotion_policies]),
            *find_repeated("webhookReceivers", [receiver.name for receiver in self.webhook_receivers]),
            *find_repeated("promotionWindows", [window.name for window in self.promotion_windows]),
        ]
        if findings:
            raise refusals(findings)
        return self


def _exact_stage(policy: PromotionPolicy) -> str:
    """The stage a policy names exactly, or nothing."""
    selector = policy.stage_selector
    name = policy.stage or (selector.name if selector else "") or ""
    return "" if ":" in name else name


def find_repeated(field: str, names: Sequence[str]) -> list[tuple[str, str, Location]]:
    """A refusal for each name that an earlier entry of the list has already."""
    first: dict[str, int] = {}
    findings: list[tuple[str, str, Location]] = []
    for index, name in enumerate(names):
        if name and first.setdefault(name, index) != index:
            message = f'"{name}" is already defined at {field}[{first[name]}].'
            findings.append((message, "Keep one of the two.", (field, index)))
    return findings


class ProjectManifest(Manifest):
    """Kind Project: has no spec; policies live in its ProjectConfig."""


class ProjectConfigManifest(Manifest):
    """Kind ProjectConfig: named like its project."""

    spec: ProjectConfigSpec = Field(default_factory=ProjectConfigSpec)

    @model_validator(mode="after")
    def _named_like_its_project(self, info: ValidationInfo) -> "ProjectConfigManifest":
        namespace = self.metadata.namespace
        if namespace and namespace != self.metadata.name:
            message = f'A ProjectConfig is named like its project "{namespace}", not "{self.metadata.name}".'
            raise refusal(message, hint=f"Write name: {namespace}.", at=("metadata", "name"))
        return self
