"""From what was found to freight: the set that the join rule chooses, once the quiet period lets it through.

Differs: Kargo takes the best version of each subscription at once; so do we without annotations (freight.joins).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from expressions import ExpressionError, limit_time
from freight.assembly import create_freight, freight_name, list_drafts
from freight.criteria import is_true
from freight.joins import Candidates, Joined, JoinRuleUnusable, Waiting, join, parse_join_rule, quiet_until
from freight.models import ArtifactKind, Freight, Subscription, Warehouse
from freight.subscriptions.base import ArtifactDraft
from freight.subscriptions.registry import get_type
from projects.actors import Actor

Found = Sequence[Mapping[str, Any]]
_MOST_RULES = 20
# An expression is tried with many sets, also while somebody waits for a page.
_MOST_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """The set to make freight of: one found item of each subscription; None with the reason in `message`."""

    items: tuple[tuple[Subscription, Mapping[str, Any]], ...] | None
    waiting: tuple[Waiting, ...] = ()
    message: str = ""

    @property
    def waiting_json(self) -> list[dict[str, str]]:
        """As `Warehouse.waiting` keeps it."""
        return [asdict(one) for one in self.waiting]


@dataclass(frozen=True, slots=True)
class Assembled:
    """What came of a proposal: values for the warehouse's columns, and when to look again if it must wait."""

    columns: dict[str, Any] = field(default_factory=dict)
    look_again_at: datetime | None = None


def propose_set(warehouse: Warehouse, found: Sequence[tuple[Subscription, Found]]) -> Proposal:
    """What the warehouse's join rule chooses of what was found; no list may be empty."""
    try:
        rule = parse_join_rule(warehouse.annotations)
        with limit_time(_MOST_SECONDS):
            joined = join(rule, [_candidates(row, items) for row, items in found], _judge_by(rule.text, found))
    except JoinRuleUnusable as error:
        return Proposal(None, message=f"No freight was made. {error}")
    except ExpressionError as error:
        return Proposal(None, message=f"No freight was made: the join rule cannot be evaluated: {error.summary}")
    return _proposal(found, joined)


def make_freight_when_quiet(warehouse: Warehouse, proposal: Proposal, *, actor: Actor, now: datetime) -> Assembled:
    """Make freight of the proposed set unless it has changed within the quiet period.

    Under the lock of the warehouse's row.
    """
    rule = parse_join_rule(warehouse.annotations)
    artifacts = draft_items(warehouse, proposal.items or ())
    name = freight_name(warehouse.name, artifacts)
    known = Freight.objects.filter(project=warehouse.project, name=name).exists()
    is_same = warehouse.proposed_name == name and warehouse.proposed_since is not None
    since = (warehouse.proposed_since if is_same else None) or now
    until = None if known else quiet_until(rule, since=since, now=now)
    columns: dict[str, Any] = {"proposed_name": name, "proposed_since": since}
    if until is not None:
        text = f"quiet period: this set becomes freight at {until:%H:%M:%S} UTC unless something newer is found"
        columns["waiting"] = [*proposal.waiting_json, asdict(Waiting("", "", text))]
        return Assembled(columns, until)
    freight, _ = create_freight(warehouse, artifacts, actor=actor, now=now)
    return Assembled({**columns, "last_freight_name": freight.name})


def draft_items(warehouse: Warehouse, items: Iterable[tuple[Subscription, Mapping[str, Any]]]) -> list[ArtifactDraft]:
    """The artifacts of found items."""
    listed = warehouse.spec["subscriptions"]
    return [get_type(row.kind).draft(listed[row.position][row.kind], row.name, item) for row, item in items]


def explain_unjoined(warehouse: Warehouse, chosen: Sequence[tuple[Subscription, Mapping[str, Any]]]) -> str:
    """Why these items do not belong together by the warehouse's rule; empty when they do, or when it has none."""
    proposal = propose_set(warehouse, [(row, [item]) for row, item in chosen])
    if proposal.items is not None:
        return ""
    said = "; ".join(one.sentence for one in proposal.waiting)
    return proposal.message or f"These versions do not belong together by this warehouse's join rule: {said}."


def count_by_rule(ignored: Iterable[tuple[str, str]]) -> list[list[Any]]:
    """As `Subscription.ignored_by_rule` keeps it; rare rules are left out."""
    counted = Counter(reason for _, reason in ignored)
    return [[reason, count] for reason, count in counted.most_common(_MOST_RULES)]


def _candidates(row: Subscription, items: Found) -> Candidates:
    return Candidates(row.kind, row.repo_url, tuple(items))


def _judge_by(expression: str, found: Sequence[tuple[Subscription, Found]]) -> Any:
    rows = [row for row, _ in found]
    return lambda items: is_true(expression, list(zip(rows, items, strict=True)))


def _proposal(found: Sequence[tuple[Subscription, Found]], joined: Joined) -> Proposal:
    if joined.picks is None:
        return Proposal(None, joined.waiting)
    pairs = zip(found, joined.picks, strict=True)
    return Proposal(tuple((row, items[pick]) for (row, items), pick in pairs), joined.waiting)


def items_of(
    warehouse: Warehouse, rows: Sequence[Subscription], artifacts: Sequence[ArtifactDraft]
) -> list[tuple[Subscription, Mapping[str, Any]]]:
    """The found item of each artifact, one of each row; where there is none any more, what the artifact knows."""
    chosen = []
    for row, artifact in zip(rows, artifacts, strict=True):
        drafts = zip(list_drafts(warehouse, row), row.found, strict=True)
        item = next((found for draft, found in drafts if draft.version_id == artifact.version_id), None)
        chosen.append((row, item if item is not None else item_of(artifact)))
    return chosen


def item_of(artifact: ArtifactDraft) -> dict[str, Any]:
    """An artifact as an item of Kargo's discoveredArtifacts."""
    if artifact.kind == ArtifactKind.COMMIT:
        names = {"id": "commit_id", "branch": "branch", "tag": "tag", "subject": "message", "author": "author"}
        return {key: getattr(artifact, name) for key, name in {**names, "committer": "committer"}.items()}
    if artifact.kind == ArtifactKind.IMAGE:
        return {"tag": artifact.tag, "digest": artifact.digest, "annotations": dict(artifact.annotations)}
    return {"name": artifact.chart_name, "version": artifact.version}
