"""Manifests of Warehouse and Freight.

Source: Kargo CRDs Warehouse and Freight; Kargo code, their webhooks (validation and defaults).
Differs: regular expressions, path selectors and platforms are checked when the manifest is read, not when the
warehouse first looks; the types of subscriptions are git, image and chart.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

import re2
from pydantic import AfterValidator, Field, model_validator

from freight.joins import JoinRuleUnusable, parse_join_rule
from freight.selection.constraints import parse_constraint
from freight.selection.errors import SelectorError
from freight.selection.paths import parse_path_selector
from freight.selection.patterns import compile_regex
from integrations.git.urls import normalize_git_url
from integrations.oci.references import normalize_chart, normalize_image
from projects.manifests import (
    Duration,
    Location,
    Manifest,
    ManifestPart,
    Name,
    Text,
    TextMap,
    exactly_one_of,
    refusal,
    refusals,
)

_RE_IMAGE = re2.compile(r"(\w+([.-]\w+)*(:\d+)?/)?(\w+([._-]+\w+)*)(/\w+([._-]+\w+)*)*")
_RE_GIT_URL = re2.compile(r"(?i)(https?|ssh|file)://\S+|[\w.~-]+@[\w.-]+:\S+")
_RE_CHART_URL = re2.compile(r"(?i)(https?|oci)://\S+")
_RE_BRANCH = re2.compile(r"[a-zA-Z0-9]([a-zA-Z0-9._/-]*[a-zA-Z0-9_-])?")
_RE_PLATFORM = re2.compile(r"[a-z0-9]+/[a-z0-9]+(/[a-z0-9.]+)?")
_RE_SUBSCRIPTION_NAME = re2.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_RE_ALIAS = re2.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_TYPES = ("git", "image", "chart")


def _fits(expression: Any, message: str, hint: str) -> AfterValidator:
    def check(text: str) -> str:
        if not expression.fullmatch(text):
            raise refusal(f'"{text}" {message}.', hint=hint)
        return text

    return AfterValidator(check)


def _parses(parse: Callable[[str], Any]) -> AfterValidator:
    """A check that selection can read the rule; its own message is shown."""

    def check(text: str) -> str:
        try:
            parse(text)
        except SelectorError as error:
            raise refusal(str(error)) from error
        return text

    return AfterValidator(check)


def _check_instant(text: str) -> str:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise refusal(f'"{text}" is not a time.', hint='Write it as "2025-01-31T12:00:00Z".') from error
    if instant.tzinfo is None:
        raise refusal(f'"{text}" has no time zone.', hint="Add Z for UTC, or an offset such as +02:00.")
    return text


ImageURL = Annotated[
    str, _fits(_RE_IMAGE, "is not an image repository", "Leave out scheme, tag and digest: ghcr.io/team/app.")
]
GitURL = Annotated[str, _fits(_RE_GIT_URL, "is not the URL of a git repository", "Start it with https:// or ssh://.")]
ChartURL = Annotated[
    str, _fits(_RE_CHART_URL, "is not the URL of a chart repository", "Start it with https:// or oci://.")
]
Branch = Annotated[str, _fits(_RE_BRANCH, "is not a branch name", "Give the name without refs/heads/.")]
Platform = Annotated[str, _fits(_RE_PLATFORM, "is not a platform", "Write os/architecture: linux/amd64.")]
SubscriptionName = Annotated[
    str,
    Field(max_length=63),
    _fits(_RE_SUBSCRIPTION_NAME, "is not a name", "Use lower-case letters, digits and dashes."),
]
Alias = Annotated[
    str,
    Field(max_length=63),
    _fits(_RE_ALIAS, "is not an alias", "Use letters, digits, hyphens, dots and underscores."),
]
Constraint = Annotated[str, _parses(lambda text: parse_constraint(text) if text.strip() else None)]
Regex = Annotated[str, _parses(compile_regex)]
PathSelector = Annotated[str, _parses(parse_path_selector)]
Instant = Annotated[str, AfterValidator(_check_instant)]
Limit = Annotated[int, Field(ge=1, le=100)]


class GitSubscription(ManifestPart):
    """Commits of a git repository."""

    repo_url: GitURL = Field(alias="repoURL")
    commit_selection_strategy: Literal["NewestFromBranch", "SemVer", "Lexical", "NewestTag"] = "NewestFromBranch"
    branch: Branch | None = None
    semver_constraint: Constraint | None = None
    strict_semvers: bool = True
    allow_tags_regexes: list[Regex] | None = None
    ignore_tags_regexes: list[Regex] | None = None
    allow_tags: str | None = None
    ignore_tags: list[str] | None = None
    expression_filter: str | None = None
    include_paths: list[PathSelector] | None = None
    exclude_paths: list[PathSelector] | None = None
    since: Instant | None = None
    discovery_limit: Limit = 20
    insecure_skip_tls_verify: bool = Field(False, alias="insecureSkipTLSVerify")
    blobless: bool = False

    @property
    def identity(self) -> str:
        """Two subscriptions of one warehouse may not share it."""
        return f"git {normalize_git_url(self.repo_url)}"


class ImageSubscription(ManifestPart):
    """Tags of a container image."""

    repo_url: ImageURL = Field(alias="repoURL")
    image_selection_strategy: Literal["SemVer", "Lexical", "NewestBuild", "Digest"] = "SemVer"
    constraint: str | None = None
    strict_semvers: bool = True
    allow_tags_regexes: list[Regex] | None = None
    ignore_tags_regexes: list[Regex] | None = None
    allow_tags: str | None = None
    ignore_tags: list[str] | None = None
    platform: Platform | None = None
    cache_by_tag: bool = False
    discovery_limit: Limit = 20
    insecure_skip_tls_verify: bool = Field(False, alias="insecureSkipTLSVerify")

    @model_validator(mode="after")
    def _constraint_fits_strategy(self) -> "ImageSubscription":
        if self.image_selection_strategy == "Digest":
            if not self.constraint:
                hint = "Add constraint with the tag to follow, for example latest."
                raise refusal('Strategy "Digest" needs a constraint.', hint=hint)
            if self.cache_by_tag:
                message = 'Strategy "Digest" follows a tag that moves, so cacheByTag cannot be true.'
                raise refusal(message, hint="Remove cacheByTag.", at=("cacheByTag",))
        if self.image_selection_strategy == "SemVer" and self.constraint and self.constraint.strip():
            try:
                parse_constraint(self.constraint)
            except SelectorError as error:
                raise refusal(str(error), at=("constraint",)) from error
        return self

    @property
    def identity(self) -> str:
        """Two subscriptions of one warehouse may not share it."""
        return f"image {normalize_image(self.repo_url)}"


class ChartSubscription(ManifestPart):
    """Versions of a Helm chart."""

    repo_url: ChartURL = Field(alias="repoURL")
    name: str | None = None
    semver_constraint: Constraint | None = None
    discovery_limit: Limit = 20
    insecure_skip_tls_verify: bool = Field(False, alias="insecureSkipTLSVerify")

    @model_validator(mode="after")
    def _name_fits_repository(self) -> "ChartSubscription":
        if self.repo_url.lower().startswith("oci://"):
            if self.name:
                message = "The URL of an oci:// repository names the chart already."
                raise refusal(message, hint="Remove name and put it at the end of repoURL.", at=("name",))
        elif not self.name:
            raise refusal("A chart of an http(s) repository needs a name.", hint="Add name.")
        return self

    @property
    def identity(self) -> str:
        """Two subscriptions of one warehouse may not share it."""
        return f"chart {normalize_chart(self.repo_url)}:{self.name or ''}"


class SubscriptionManifest(ManifestPart):
    """Exactly one of git, image and chart, and a name for it."""

    name: SubscriptionName | None = None
    git: GitSubscription | None = None
    image: ImageSubscription | None = None
    chart: ChartSubscription | None = None

    @property
    def identity(self) -> str:
        """Type and normalised address."""
        part = self.git or self.image or self.chart
        return part.identity if part else ""


class CreationCriteria(ManifestPart):
    """When what was found becomes freight by itself."""

    expression: str | None = None


class WarehouseSpec(ManifestPart):
    """What a warehouse watches."""

    shard: str | None = None
    interval: Duration = "5m0s"
    freight_creation_policy: Literal["Automatic", "Manual"] = "Automatic"
    freight_creation_criteria: CreationCriteria | None = None
    subscriptions: list[Annotated[SubscriptionManifest, exactly_one_of(*_TYPES)]] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> "WarehouseSpec":
        findings = list(_list_repeated(self.subscriptions))
        if findings:
            raise refusals(findings)
        return self


def _list_repeated(subscriptions: list[SubscriptionManifest]) -> Iterator[tuple[str, str, Location]]:
    names: dict[str, int] = {}
    identities: dict[str, int] = {}
    for index, item in enumerate(subscriptions):
        at = ("subscriptions", index)
        if item.name and names.setdefault(item.name, index) != index:
            message = f'The name "{item.name}" is already used by subscriptions[{names[item.name]}].'
            yield message, "Choose another name.", (*at, "name")
        first = identities.setdefault(item.identity, index)
        if first != index:
            message = f"This repository is already subscribed to by subscriptions[{first}]."
            yield message, "Keep one of the two, or make a second warehouse.", at


class WarehouseManifest(Manifest):
    """Kind Warehouse."""

    spec: WarehouseSpec

    @model_validator(mode="after")
    def _join_rule_reads(self) -> "WarehouseManifest":
        try:
            parse_join_rule(self.metadata.annotations)
        except JoinRuleUnusable as error:
            raise refusal(str(error), at=("metadata", "annotations")) from error
        return self


class Origin(ManifestPart):
    """The warehouse that freight comes from."""

    kind: Literal["Warehouse"]
    name: Name


class CommitManifest(ManifestPart):
    """A commit inside freight."""

    repo_url: Text = Field(alias="repoURL")
    id: Text
    branch: str | None = None
    tag: str | None = None
    message: str | None = None
    author: str | None = None
    committer: str | None = None
    subscription_name: str | None = None


class ImageManifest(ManifestPart):
    """An image inside freight."""

    repo_url: Text = Field(alias="repoURL")
    tag: str | None = None
    digest: str | None = None
    annotations: TextMap | None = None
    subscription_name: str | None = None


class ChartManifest(ManifestPart):
    """A chart inside freight."""

    repo_url: Text = Field(alias="repoURL")
    name: str | None = None
    version: Text
    subscription_name: str | None = None


class OtherManifest(ManifestPart):
    """An artifact of another kind inside freight."""

    artifact_type: Text
    subscription_name: Text
    version: Text
    metadata: dict[str, Any] | None = None


class FreightManifest(Manifest):
    """Kind Freight: no spec; everything stands at the top."""

    alias: Alias | None = None
    discovered_at: Instant | None = None
    origin: Origin
    commits: list[CommitManifest] | None = None
    images: list[ImageManifest] | None = None
    charts: list[ChartManifest] | None = None
    artifacts: list[OtherManifest] | None = None

    @model_validator(mode="after")
    def _holds_something(self) -> "FreightManifest":
        if not (self.commits or self.images or self.charts or self.artifacts):
            hint = "Add commits, images, charts or artifacts."
            raise refusal("Freight must hold at least one artifact.", hint=hint)
        return self

    def contents(self, *, concise: bool = False) -> dict[str, Any]:
        """Alias, time, origin and artifacts."""
        return self.model_dump(
            by_alias=True,
            exclude_none=True,
            exclude_defaults=concise,
            exclude={"api_version", "kind", "metadata", "status"},
        )
