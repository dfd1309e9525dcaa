"""The page that assembles freight by hand: which versions are there, which are chosen, what would come of them?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from freight.assembly import belongs_to, draft_of, freight_name, list_drafts
from freight.models import Freight, Subscription, Warehouse
from freight.proposals import explain_unjoined, item_of, items_of, propose_set
from freight.queries.origins import letter_of, read_letters
from freight.queries.subscription import FoundVersion, describe_found
from freight.subscriptions.base import ArtifactDraft
from projects.errors import ObjectNotFound


@dataclass(frozen=True, slots=True)
class VersionChoice:
    """One row of a radio table. `is_gone`: the copied freight holds it, but the last check did not find it."""

    found: FoundVersion
    is_newest: bool
    is_chosen: bool
    is_gone: bool


@dataclass(frozen=True, slots=True)
class SubscriptionChoices:
    """One subscription: the versions that the filter shows, and how the chosen one stands to the newest."""

    position: int
    kind: str
    name: str
    repo: str
    versions: tuple[VersionChoice, ...]
    hidden: int
    chosen: FoundVersion | None
    difference: str
    copied: str
    error: str


@dataclass(frozen=True, slots=True)
class AssembleView:
    """The page. `same`: alias of the freight that holds just this set; `problems`: why nothing can be made of it."""

    warehouse_name: str
    letter: str
    subscriptions: tuple[SubscriptionChoices, ...]
    text: str
    copied_alias: str
    same: str
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def find_copied(warehouse: Warehouse, key: str) -> Freight | None:
    """The freight to begin with, by alias or name; None without a key. Raises ObjectNotFound."""
    if not key:
        return None
    rows = Freight.objects.filter(project=warehouse.project, warehouse_name=warehouse.name)
    freight = rows.filter(alias=key).first() or rows.filter(name=key).first()
    if freight is None:
        raise ObjectNotFound(f'Warehouse "{warehouse.name}" has no freight "{key}".')
    return freight


def drafts_of_freight(freight: Freight | None) -> list[ArtifactDraft]:
    """The artifacts of the freight to begin with."""
    return [draft_of(artifact) for artifact in freight.artifacts.all()] if freight else []


def read_assembly(
    warehouse: Warehouse, picks: Mapping[int, str], *, text: str, copied: Freight | None
) -> AssembleView:
    """What is there to choose, and what the choice (place of a subscription -> version id) would give.

    `text` is the filter of the tables; `copied` is the freight to begin with.
    """
    held, rows = drafts_of_freight(copied), list(warehouse.subscriptions.all())
    listed = warehouse.spec["subscriptions"]
    rows = [row for row in rows if row.position < len(listed)]
    offered = {row.position: _offer(warehouse, row, held) for row in rows}
    proposed = _propose(warehouse, rows)
    chosen: dict[int, ArtifactDraft | None] = {}
    notes = []
    for row in rows:
        place = row.position
        wanted, own = picks.get(place, ""), [d for d in held if belongs_to(d, listed[place])]
        taken = chosen[place] = _choose(offered[place], wanted, own, proposed.get(place, ""))
        if wanted and (taken is None or taken.version_id != wanted):
            notes.append(f'"{wanted}" is no longer among the versions of {row.repo_url}.')
    same, problems = _judge(warehouse, rows, chosen)
    return AssembleView(
        warehouse_name=warehouse.name,
        letter=letter_of(read_letters(warehouse.project), warehouse.name),
        subscriptions=tuple(
            _describe(warehouse, row, offered[row.position], chosen[row.position], held, text) for row in rows
        ),
        text=text,
        copied_alias=copied.alias if copied else "",
        same=same,
        problems=tuple(problems),
        notes=tuple(notes),
    )


def _offer(warehouse: Warehouse, row: Subscription, held: Sequence[ArtifactDraft]) -> list[ArtifactDraft]:
    """What was found, best first; then what the copied freight holds beyond that."""
    drafts = list_drafts(warehouse, row)
    known = {draft.version_id for draft in drafts}
    item = warehouse.spec["subscriptions"][row.position]
    return drafts + [d for d in held if belongs_to(d, item) and d.version_id not in known]


def _propose(warehouse: Warehouse, rows: Sequence[Subscription]) -> dict[int, str]:
    """What the join rule would choose: place -> version id."""
    if not all(row.found for row in rows):
        return {}
    items = propose_set(warehouse, [(row, row.found) for row in rows]).items or ()
    drafts = [list_drafts(warehouse, row)[row.found.index(item)] for row, item in items]
    return {row.position: draft.version_id for (row, _), draft in zip(items, drafts, strict=True)}


def _choose(
    offered: Sequence[ArtifactDraft], wanted: str, copied: Sequence[ArtifactDraft], proposed: str
) -> ArtifactDraft | None:
    by_id = {draft.version_id: draft for draft in reversed(offered)}
    for version_id in (wanted, *(draft.version_id for draft in copied), proposed):
        if version_id in by_id:
            return by_id[version_id]
    return offered[0] if offered else None


def _judge(
    warehouse: Warehouse, rows: Sequence[Subscription], chosen: Mapping[int, ArtifactDraft | None]
) -> tuple[str, list[str]]:
    """Alias of freight with the same set, and why no freight can be made of it."""
    missing = [row.repo_url for row in rows if chosen[row.position] is None]
    if not rows:
        return "", ["Nothing was looked for yet: wait for the first check of this warehouse."]
    if missing:
        return "", [f"Nothing was found in {repo}, so there is nothing to choose." for repo in missing]
    drafts = [draft for row in rows if (draft := chosen[row.position]) is not None]
    name = freight_name(warehouse.name, drafts)
    same = Freight.objects.filter(project=warehouse.project, name=name).values_list("alias", flat=True).first()
    unjoined = explain_unjoined(warehouse, items_of(warehouse, rows, drafts))
    return same or "", [unjoined] if unjoined and not same else []


def _describe(
    warehouse: Warehouse,
    row: Subscription,
    offered: Sequence[ArtifactDraft],
    chosen: ArtifactDraft | None,
    held: Sequence[ArtifactDraft],
    text: str,
) -> SubscriptionChoices:
    rules = warehouse.spec["subscriptions"][row.position][row.kind]
    versions = [
        VersionChoice(
            found=describe_found(row, rules, row.found[place] if place < len(row.found) else item_of(draft), {}),
            is_newest=place == 0 and bool(row.found),
            is_chosen=draft is chosen,
            is_gone=place >= len(row.found),
        )
        for place, draft in enumerate(offered)
    ]
    shown = tuple(version for version in versions if version.is_chosen or _fits(version.found, text))
    now = next((version.found for version in versions if version.is_chosen), None)
    own = [draft for draft in held if belongs_to(draft, warehouse.spec["subscriptions"][row.position])]
    return SubscriptionChoices(
        position=row.position,
        kind=row.kind,
        name=row.name,
        repo=row.repo_url,
        versions=shown,
        hidden=len(versions) - len(shown),
        chosen=now,
        difference=_say_difference(versions),
        copied=_say_copied(own, now),
        error=row.error,
    )


def _fits(found: FoundVersion, text: str) -> bool:
    hay = " ".join((found.version, found.version_id, found.note, found.author, found.source)).lower()
    return all(word in hay for word in text.lower().split())


def _say_difference(versions: Sequence[VersionChoice]) -> str:
    place = next((place for place, version in enumerate(versions) if version.is_chosen), None)
    if place is None or place == 0:
        return ""
    if versions[place].is_gone:
        return "not found by the last check"
    newest = versions[0].found.version
    return f"{place} behind {newest[:7] if len(newest) >= 40 else newest}"


def _say_copied(own: Sequence[ArtifactDraft], now: FoundVersion | None) -> str:
    """The version of the copied freight, where another one is chosen."""
    if not own or now is None or own[0].version_id == now.version_id:
        return ""
    return own[0].tag or own[0].version or own[0].commit_id[:7]
