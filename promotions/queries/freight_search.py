"""Search over freight: every word must fit its alias, a version, a commit, a digest, a message or an author.

`tag:1.4 author:kim` asks one thing each. What looks like the beginning of an id (seven or more hexadecimal digits) is
looked up by index; everything else is compared with each artifact of the project.
"""

import re
from collections.abc import Callable

from django.db.models import Exists, OuterRef, Q, QuerySet

from freight.models import Artifact, Freight
from promotions.models import Occupancy

MAX_WORDS = 8
_ID = re.compile(r"(?:sha256:)?([0-9a-f]{7,64})", re.IGNORECASE)
_TEXTS = ("tag", "version", "message", "author", "repo_url", "chart_name", "commit_id", "digest")
# What comes after every hexadecimal digit.
_BEYOND = "g"


def search_freight(rows: QuerySet[Freight], text: str) -> QuerySet[Freight]:
    """The rows that every word of the text fits, in their order."""
    # PostgreSQL cannot be asked for a text with a NUL, and none holds one.
    for word in text.replace("\0", "\N{REPLACEMENT CHARACTER}").split()[:MAX_WORDS]:
        name, _, value = word.partition(":")
        if name.lower() in _FIELDS and value:
            rows = rows.filter(_FIELDS[name.lower()](value))
        else:
            rows = rows.filter(_anything(rows, word))
    return rows


def _anything(rows: QuerySet[Freight], word: str) -> Q:
    """An id is tried as one first: in a large project that costs an index look instead of a walk."""
    by_id = _by_id(word)
    if by_id is not None and rows.filter(by_id).exists():
        return by_id
    own = Q(alias__icontains=word) | Q(name__startswith=word.lower()) | Q(warehouse_name=word)
    return own | _text(*_TEXTS)(word)


def _by_id(word: str) -> Q | None:
    match = _ID.fullmatch(word)
    if match is None:
        return None
    digits = match.group(1).lower()
    return Q(name__gte=digits, name__lt=digits + _BEYOND) | _held(_beginning(digits))


def _beginning(digits: str) -> Q:
    digest = f"sha256:{digits}"
    commits = Q(commit_id__gte=digits, commit_id__lt=digits + _BEYOND)
    return commits | Q(digest__gte=digest, digest__lt=digest + _BEYOND)


def _held(matching: Q) -> Q:
    return Q(pk__in=Artifact.objects.filter(matching).values("freight"))


def _text(*fields: str) -> Callable[[str], Q]:
    def find(value: str) -> Q:
        matching = Q()
        for field in fields:
            matching |= Q(**{f"{field}__icontains": value})
        return Q(Exists(Artifact.objects.filter(matching, freight=OuterRef("pk"))))

    return find


def _commit(value: str) -> Q:
    digits = value.lower()
    return _held(Q(commit_id__gte=digits, commit_id__lt=digits + _BEYOND))


def _digest(value: str) -> Q:
    digest = f"sha256:{value.lower().removeprefix('sha256:')}"
    return _held(Q(digest__gte=digest, digest__lt=digest + _BEYOND))


def _stage(value: str) -> Q:
    stays = Occupancy.objects.filter(stage__name=value, until__isnull=True, freight=OuterRef("pk"))
    return Q(Exists(stays))


_FIELDS: dict[str, Callable[[str], Q]] = {
    "alias": lambda value: Q(alias__icontains=value),
    "id": lambda value: Q(name__startswith=value.lower()),
    "warehouse": lambda value: Q(warehouse_name=value),
    "stage": _stage,
    "tag": _text("tag", "version"),
    "version": _text("tag", "version"),
    "commit": _commit,
    "sha": _commit,
    "digest": _digest,
    "message": _text("message"),
    "author": _text("author"),
    "repo": _text("repo_url", "chart_name"),
}
