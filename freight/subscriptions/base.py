"""What every kind of subscription has in common: its contract, and the artifact it proposes.

A kind turns its part of a warehouse's spec into a `Discovery`; it never writes to the database. Which kinds exist
says `freight.subscriptions.registry`.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from freight.subscriptions.memory import ImageMemory, ShortMemory
from integrations.credentials import Credentials
from integrations.http_policy import HttpPolicy
from integrations.oci.rate import ANYBODY, Visit

MAX_IGNORED = 200


class SubscriptionUnusable(Exception):
    """The subscription asks for something that cannot be done; a person has to change the warehouse."""


@dataclass(frozen=True, slots=True)
class ArtifactDraft:
    """One version of one thing, on its way into freight. Fields as in `freight.models.Artifact`."""

    kind: str
    repo_url: str = ""
    subscription_name: str = ""
    commit_id: str = ""
    branch: str = ""
    tag: str = ""
    message: str = ""
    author: str = ""
    committer: str = ""
    digest: str = ""
    annotations: dict[str, str] = field(default_factory=dict)
    artifact_type: str = ""
    chart_name: str = ""
    version: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def version_id(self) -> str:
        """What tells this version from others of its subscription: `tag@digest`, `[tag@]commit` or a version."""
        return "@".join(part for part in (self.tag, self.digest or self.commit_id or self.version) if part)

    def columns(self) -> dict[str, Any]:
        """Values for the columns of `Artifact`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a look at one subscription may use.

    `found`, `ignored` and `observed` are those of the last look when it had the same rules, else empty. Answers
    of a remote must be as it was at `seen_after` or later. `visit` bounds what is asked of registries and chart
    repositories; `cache_by_tag` is the operator's policy for it: Allow, Forbid, Require or Force.
    """

    credentials: Credentials | None
    mirrors: Path
    policy: HttpPolicy
    should_stop: Callable[[], bool]
    seen_after: datetime
    found: tuple[dict[str, Any], ...] = ()
    ignored: tuple[tuple[str, str], ...] = ()
    observed: dict[str, Any] = field(default_factory=dict)
    visit: Visit = ANYBODY
    images: ImageMemory = field(default_factory=ShortMemory)
    cache_by_tag: str = "Allow"


@dataclass(frozen=True, slots=True)
class Discovery:
    """What one look found, best first, and what it left out: (version, reason).

    `found` is JSON as in Kargo's discoveredArtifacts of this kind; `observed` is Kargo's observedRefs.
    """

    found: tuple[dict[str, Any], ...]
    ignored: tuple[tuple[str, str], ...] = ()
    observed: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SubscriptionType:
    """One kind of subscription. `draft(spec, name, item)` makes the artifact of one found item.

    `discover` raises IntegrationError, SelectorError, ExpressionError or SubscriptionUnusable.
    """

    kind: str
    credential_kind: str
    nothing_found: str
    discover: Callable[[Mapping[str, Any], Surroundings], Discovery]
    draft: Callable[[Mapping[str, Any], str, Mapping[str, Any]], ArtifactDraft]


def refuse_old_tag_filters(spec: Mapping[str, Any]) -> None:
    """Raise SubscriptionUnusable for the tag filters that Kargo no longer works with.

    Source: Kargo fails discovery for non-empty `allowTags` and `ignoreTags` since 1.11.
    """
    if pattern := spec.get("allowTags"):
        raise SubscriptionUnusable(
            f'allowTags is no longer supported. Replace "allowTags: {pattern}" by '
            f"\"allowTagsRegexes: ['{pattern}']\"; it matches the same tags."
        )
    if names := spec.get("ignoreTags"):
        listed = ", ".join(f"'^{name}$'" for name in names)
        raise SubscriptionUnusable(
            f'ignoreTags is no longer supported. Replace it by "ignoreTagsRegexes: [{listed}]" '
            "(regular expressions: put a backslash before dots and plus signs)."
        )
