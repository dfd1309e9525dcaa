"""Join rules: which of the versions that were found belong together, so that only these become freight. Pure.

Annotations of a Warehouse; without them the best version of each subscription is taken, as in Kargo:

    kargoweb.dev/join: tag             git tags, image tags and chart versions are equal (a leading v does not count)
    kargoweb.dev/join: revision        images were built from the chosen commit, as they say in their annotation or
                                       label org.opencontainers.image.revision; `revision:<key>` reads another key
    kargoweb.dev/join: <expression>    true for the set; commitFrom(), imageFrom(), chartFrom() as in
                                       freightCreationCriteria
    kargoweb.dev/quiet-period: 5m      the set has not changed for so long
"""

import heapq
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from expressions import ExpressionError, parse
from integrations.git.urls import normalize_git_url
from projects.durations import parse_duration

JOIN_ANNOTATION = "kargoweb.dev/join"
QUIET_ANNOTATION = "kargoweb.dev/quiet-period"
REVISION_KEY = "org.opencontainers.image.revision"
SOURCE_KEY = "org.opencontainers.image.source"
# An expression is tried with so many sets, the best first.
MAX_SETS = 300
LONGEST_QUIET = timedelta(days=7)
_SHORTEST_SHA = 7
_REVISION = re.compile(r"revision(?::(\S+))?")
_VERSION_PREFIX = re.compile(r"^v(?=\d)")

Item = Mapping[str, Any]
Holds = Callable[[Sequence[Item]], bool]


class JoinRuleUnusable(ValueError):
    """An annotation does not say what it may; the message names it and the way out."""


@dataclass(frozen=True, slots=True)
class JoinRule:
    """How a warehouse wants its sets. `by` is "", tag, revision or expression; `text` is its key or expression."""

    by: str = ""
    text: str = ""
    quiet: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Candidates:
    """What one subscription found, best first; items as in Kargo's discoveredArtifacts of this kind."""

    kind: str
    repo_url: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What keeps newer versions from becoming freight; without a repository it concerns the set as a whole."""

    kind: str
    repo_url: str
    text: str

    @property
    def sentence(self) -> str:
        """`waiting for ghcr.io/x/y: no image built from 3f2a1c4 yet`."""
        return f"waiting for {self.repo_url}: {self.text}" if self.repo_url else self.text


@dataclass(frozen=True, slots=True)
class Joined:
    """`picks` is the place of each chosen item in its list, None when no set belongs together."""

    picks: tuple[int, ...] | None
    waiting: tuple[Waiting, ...] = ()


def parse_join_rule(annotations: Mapping[str, str]) -> JoinRule:
    """Read the annotations of a warehouse. Raises JoinRuleUnusable."""
    text, quiet = annotations.get(JOIN_ANNOTATION, "").strip(), _parse_quiet(annotations)
    if not text:
        return JoinRule(quiet=quiet)
    if text == "tag":
        return JoinRule("tag", quiet=quiet)
    if revision := _REVISION.fullmatch(text):
        return JoinRule("revision", revision.group(1) or REVISION_KEY, quiet)
    if re.fullmatch(r"[\w-]+", text) and text not in ("true", "false"):
        raise JoinRuleUnusable(
            f'The annotation {JOIN_ANNOTATION} is "{text}". Set it to tag, to revision, or to an expression '
            'such as imageFrom("ghcr.io/acme/app").Tag == chartFrom("oci://ghcr.io/acme/charts/app").Version.'
        )
    try:
        parse(text)
    except ExpressionError as error:
        raise JoinRuleUnusable(f"The annotation {JOIN_ANNOTATION} cannot be read: {error.summary}") from error
    return JoinRule("expression", text, quiet)


def _parse_quiet(annotations: Mapping[str, str]) -> timedelta:
    text = annotations.get(QUIET_ANNOTATION, "").strip()
    if not text:
        return timedelta(0)
    try:
        quiet = parse_duration(text)
    except ValueError as error:
        raise JoinRuleUnusable(f"The annotation {QUIET_ANNOTATION}: {error}.") from error
    if quiet > LONGEST_QUIET:
        raise JoinRuleUnusable(f'The annotation {QUIET_ANNOTATION} is "{text}". The longest is 168h.')
    return quiet


def join(rule: JoinRule, found: Sequence[Candidates], holds: Holds) -> Joined:
    """The best set that belongs together, and what newer versions wait for.

    `holds` tells of a set whether the rule's expression is true for it. No list may be empty.
    """
    if rule.by == "tag":
        return _by_tag(found)
    if rule.by == "revision":
        return _by_revision(found, rule.text)
    if rule.by == "expression":
        return _by_expression(rule.text, found, holds)
    return Joined((0,) * len(found))


def quiet_until(rule: JoinRule, *, since: datetime, now: datetime) -> datetime | None:
    """When a set that has not changed since then may become freight; None when it may now."""
    until = since + rule.quiet
    return until if until > now else None


def _by_tag(found: Sequence[Candidates]) -> Joined:
    keys = {place: [_tag_of(one.kind, item) for item in one.items] for place, one in enumerate(found)}
    tagged = [place for place in keys if any(keys[place])]
    chosen = _choose([keys[place] for place in tagged])
    waiting: dict[tuple[str, str], Waiting] = {}
    for place in tagged:
        newest = next(key for key in keys[place] if key)
        for other in tagged:
            if newest not in keys[other]:
                one = found[other]
                text = f"no {_noun(one.kind)} tagged {newest} yet"
                waiting[one.repo_url, newest] = Waiting(one.kind, one.repo_url, text)
    if chosen is None:
        return Joined(None, tuple(waiting.values()))
    return Joined(_spread(len(found), tagged, chosen), tuple(waiting.values()))


def _by_revision(found: Sequence[Candidates], key: str) -> Joined:
    commits = [place for place, one in enumerate(found) if one.kind == "git"]
    groups: dict[int, list[int]] = {place: [place] for place in commits}
    for place, one in enumerate(found):
        if one.kind == "image":
            home = _home_of(one, [(commit, found[commit]) for commit in commits], key)
            groups.setdefault(home if home is not None else -1, []).append(place)
    picks = [0] * len(found)
    waiting: list[Waiting] = []
    is_complete = True
    for places in groups.values():
        keys = _revisions(found, places, key)
        chosen = _choose(keys)
        waiting += _list_unbuilt(found, places, keys, chosen, key)
        if chosen is None:
            is_complete = False
            continue
        for place, pick in zip(places, chosen, strict=True):
            picks[place] = pick
    return Joined(tuple(picks) if is_complete else None, tuple(waiting))


def _revisions(found: Sequence[Candidates], places: Sequence[int], key: str) -> list[list[str]]:
    """Per place the commits its items stand for; shortened ones in full where the commit is known."""
    known = [str(item["id"]).lower() for place in places if found[place].kind == "git" for item in found[place].items]
    return [
        [
            str(item["id"]).lower() if found[place].kind == "git" else _in_full(_fact(item, key).lower(), known)
            for item in found[place].items
        ]
        for place in places
    ]


def _list_unbuilt(
    found: Sequence[Candidates],
    places: Sequence[int],
    keys: Sequence[Sequence[str]],
    chosen: tuple[int, ...] | None,
    key: str,
) -> list[Waiting]:
    """What the newest commit (without commits: the newest image) waits for; nothing when it was chosen."""
    if chosen is not None and chosen[0] == 0:
        return []
    newest = next((revision for revision in keys[0] if revision), "")
    waiting = []
    for place, revisions in zip(places, keys, strict=True):
        one = found[place]
        if not any(revisions):
            text = f"none of its images says what it was built from ({key})"
            waiting.append(Waiting(one.kind, one.repo_url, text))
        elif newest and newest not in revisions:
            text = f"no {_noun(one.kind)} built from {newest[:_SHORTEST_SHA]} yet"
            waiting.append(Waiting(one.kind, one.repo_url, text))
    return waiting


def _by_expression(text: str, found: Sequence[Candidates], holds: Holds) -> Joined:
    tried = 0
    for picks in _sets(tuple(len(one.items) for one in found)):
        tried += 1
        if holds([one.items[pick] for one, pick in zip(found, picks, strict=True)]):
            newer = () if not any(picks) else (Waiting("", "", f"the newest versions do not join: {text} is false"),)
            return Joined(picks, newer)
        if tried == MAX_SETS:
            break
    return Joined(
        None, (Waiting("", "", f"waiting for versions that join: {text} is false for the best {tried} sets"),)
    )


def _sets(sizes: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Every choice of one item each, the best first: by the sum of the places, then the first lists first."""
    first = (0,) * len(sizes)
    queue, seen = [(0, first)], {first}
    while queue:
        total, picks = heapq.heappop(queue)
        yield picks
        for place, size in enumerate(sizes):
            following = (*picks[:place], picks[place] + 1, *picks[place + 1 :])
            if following[place] < size and following not in seen:
                seen.add(following)
                heapq.heappush(queue, (total + 1, following))


def _choose(keys: Sequence[Sequence[str]]) -> tuple[int, ...] | None:
    """The first key of the first list that every list has, as its place in each; empty keys never fit."""
    if not keys:
        return ()
    for key in keys[0]:
        if key and all(key in others for others in keys[1:]):
            return tuple(others.index(key) for others in keys)
    return None


def _spread(count: int, places: Sequence[int], chosen: Sequence[int]) -> tuple[int, ...]:
    picks = dict(zip(places, chosen, strict=True))
    return tuple(picks.get(place, 0) for place in range(count))


def _home_of(image: Candidates, commits: Sequence[tuple[int, Candidates]], key: str) -> int | None:
    """The git subscription that an image repository is built from: it says so, or its revisions are found there."""
    if not commits:
        return None
    sources = {normalize_git_url(source) for item in image.items if (source := _fact(item, SOURCE_KEY))}
    for place, commit in commits:
        if normalize_git_url(commit.repo_url) in sources:
            return place
    revisions = [revision for item in image.items if (revision := _fact(item, key).lower())]
    for place, commit in commits:
        known = [str(item["id"]).lower() for item in commit.items]
        if any(_in_full(revision, known) in known for revision in revisions):
            return place
    return commits[0][0]


def _in_full(revision: str, known: Iterable[str]) -> str:
    if len(revision) < _SHORTEST_SHA:
        return revision
    return next((commit for commit in known if commit.startswith(revision)), revision)


def _fact(item: Item, key: str) -> str:
    """A fact that an image states about itself, in an annotation or a label."""
    return str((item.get("annotations") or {}).get(key) or (item.get("labels") or {}).get(key) or "").strip()


def _tag_of(kind: str, item: Item) -> str:
    text = str(item.get("version") if kind == "chart" else item.get("tag") or "")
    return _VERSION_PREFIX.sub("", text.replace("_", "+") if kind == "chart" else text)


def _noun(kind: str) -> str:
    return "commit" if kind == "git" else kind
