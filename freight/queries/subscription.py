"""What one subscription saw: the versions it found, those it left out and by which rule, the nearest misses."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from ruamel.yaml import YAML

from freight.models import Subscription
from freight.near_misses import find_near_misses
from freight.subscriptions.base import ArtifactDraft
from freight.subscriptions.registry import TYPES

# Keys of a subscription that say nothing about which versions it takes.
_NO_RULES = {"repoURL", "discoveryLimit", "insecureSkipTLSVerify", "cacheByTag", "blobless", "name"}
_NOUNS = {"git": ("commit", "commits"), "image": ("tag", "tags"), "chart": ("version", "versions")}


@dataclass(frozen=True, slots=True)
class FoundVersion:
    """One version that a subscription found. `note` is a commit's subject or an image's digest.

    `freight` is the alias of the newest freight, if it holds this version.
    """

    version: str
    version_id: str
    note: str
    author: str
    at: datetime | None
    source: str
    freight: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What one rule left out: how many, and those whose names are kept."""

    rule: str
    count: int
    versions: tuple[str, ...]

    @property
    def unnamed(self) -> int:
        """How many are counted, but not named."""
        return max(0, self.count - len(self.versions))


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """What one subscription saw. `rules`: (key of the manifest, value); `text`: the subscription as YAML.

    `near`: (version, rule) of the nearest misses when nothing fits.
    """

    position: int
    kind: str
    name: str
    repo: str
    rules: tuple[tuple[str, str], ...]
    found: tuple[FoundVersion, ...]
    left_out: tuple[LeftOut, ...]
    near: tuple[tuple[str, str], ...]
    sentence: str
    error: str
    checked_at: datetime | None
    text: str

    @property
    def left_out_count(self) -> int:
        """All that was left out."""
        return sum(group.count for group in self.left_out)


def describe_subscription(
    row: Subscription, listed: Mapping[str, Any], in_freight: Mapping[str, str]
) -> SubscriptionView:
    """One subscription; `listed` is its entry in the spec, `in_freight` version id -> alias of the newest freight."""
    rules = listed.get(row.kind) or {}
    found = tuple(describe_found(row, rules, item, in_freight) for item in row.found)
    left_out = group_left_out(row.ignored, row.ignored_by_rule)
    return SubscriptionView(
        position=row.position,
        kind=row.kind,
        name=row.name,
        repo=row.repo_url,
        rules=tuple((key, _as_text(value)) for key, value in rules.items() if _is_telling(key, value)),
        found=found,
        left_out=left_out,
        near=() if found else find_near_misses(rules, [(item["version"], item["reason"]) for item in row.ignored]),
        sentence=count_sentence(row.kind, len(found), sum(group.count for group in left_out)),
        error=row.error,
        checked_at=row.checked_at,
        text=render_rule(listed),
    )


def describe_found(
    row: Subscription, rules: Mapping[str, Any], item: Mapping[str, Any], in_freight: Mapping[str, str]
) -> FoundVersion:
    """One found item; `rules` is the subscription's part of the spec."""
    if row.kind not in TYPES:
        return FoundVersion(str(item.get("version", "")), "", "", "", None, "")
    draft = TYPES[row.kind].draft({**rules, "repoURL": row.repo_url}, row.name, item)
    made_at = str(item.get("creatorDate") or item.get("commitDate") or item.get("createdAt") or "")
    return FoundVersion(
        version=draft.tag or draft.version or draft.commit_id,
        version_id=draft.version_id,
        note=draft.message or draft.digest or str(item.get("appVersion") or ""),
        author=draft.author,
        at=parse_datetime(made_at),
        source=_source_of(draft, item),
        freight=in_freight.get(draft.version_id, ""),
    )


def group_left_out(ignored: Iterable[Mapping[str, str]], by_rule: Iterable[tuple[str, int]]) -> tuple[LeftOut, ...]:
    """Rules with what they left out, the most telling count first; without counts the kept names are counted."""
    names: dict[str, list[str]] = {}
    for item in ignored:
        names.setdefault(item["reason"], []).append(item["version"])
    counts = dict(by_rule) or {rule: len(kept) for rule, kept in names.items()}
    groups = [
        LeftOut(rule, max(counts.get(rule, 0), len(names.get(rule, ()))), tuple(names.get(rule, ())))
        for rule in dict.fromkeys([*counts, *names])
    ]
    return tuple(sorted(groups, key=lambda group: -group.count))


def count_sentence(kind: str, fitting: int, left_out: int) -> str:
    """`3 of 240 tags fit`."""
    one, many = _NOUNS.get(kind, ("version", "versions"))
    total = fitting + left_out
    return f"{fitting} of {total} {one if total == 1 else many} fit{'s' if fitting == 1 else ''}"


def render_rule(listed: Mapping[str, Any]) -> str:
    """A subscription as YAML, without what is the default anyway."""
    plain = {
        key: {name: item for name, item in value.items() if not _is_default(name, item)}
        if isinstance(value, Mapping)
        else value
        for key, value in listed.items()
        if value is not None
    }
    stream = io.StringIO()
    yaml = YAML(typ="rt")
    yaml.width = 4096
    yaml.dump(plain, stream)
    return stream.getvalue()


def _is_default(key: str, value: Any) -> bool:
    defaults = {"strictSemvers": True, "discoveryLimit": 20}
    return value in (None, "", [], {}, False) or (key in defaults and defaults[key] == value)


def _is_telling(key: str, value: Any) -> bool:
    """Leave out what is not set, and what stands in every manifest because it is the default."""
    return key not in _NO_RULES and value not in (None, "", [], {}) and (key, value) != ("strictSemvers", True)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _source_of(draft: ArtifactDraft, item: Mapping[str, Any]) -> str:
    """The commit an image says it was built from, short."""
    facts = {**(item.get("labels") or {}), **draft.annotations}
    return str(facts.get("org.opencontainers.image.revision") or "")[:7]
