"""Kargo's functions, as expressions call them: artifacts, data, status. Pure but for the look-ups handed in.

Source: Kargo code, expression functions; Kargo docs, Expressions.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from expressions import ExpressionError, Function, Record, StringMap
from promotions.planning.artifacts import Collection
from promotions.planning.facts import StepFact, has_failed
from promotions.planning.lookups import Lookups
from promotions.planning.plan import ALIAS_SEPARATOR
from promotions.references import ChartReference, CommitReference, ImageReference, OtherReference

_ORIGIN_KIND = "FreightOrigin"


def artifact_functions(collection: Collection) -> dict[str, Function]:
    """`commitFrom`, `imageFrom`, `chartFrom`, `artifactFrom` and `warehouse`; nil for what is not there."""

    def commit_from(repo_url: str, origin: Record | None = None) -> Record | None:
        return _record(collection.find_commit(repo_url, _origin_key("commitFrom", origin)))

    def image_from(repo_url: str, origin: Record | None = None) -> Record | None:
        return _record(collection.find_image(repo_url, _origin_key("imageFrom", origin)))

    def chart_from(repo_url: str, *rest: object) -> Record | None:
        name = rest[0] if rest and isinstance(rest[0], str) else None
        others = rest if name is None else rest[1:]
        if len(others) > 1:
            raise ExpressionError("chartFrom takes a URL, then a chart name, then warehouse(...)")
        origin = _origin_key("chartFrom", others[0]) if others else None
        return _record(collection.find_chart(repo_url, name or "", origin))

    def artifact_from(subscription: str, origin: Record | None = None) -> Record | None:
        return _record(collection.find_other(subscription, _origin_key("artifactFrom", origin)))

    return _by_name(
        Function("warehouse", _warehouse, 1, 1, (str,)),
        Function("commitFrom", commit_from, 1, 2, (str, Record)),
        Function("imageFrom", image_from, 1, 2, (str, Record)),
        Function("chartFrom", chart_from, 1, 3, (str, None, None)),
        Function("artifactFrom", artifact_from, 1, 2, (str, Record)),
    )


def data_functions(lookups: Lookups) -> dict[str, Function]:
    """Secrets, config maps and metadata; secrets and config maps are read once as long as this is used."""
    texts = {
        "secret": lookups.secret,
        "sharedSecret": lookups.shared_secret,
        "configMap": lookups.config_map,
        "sharedConfigMap": lookups.shared_config_map,
    }
    facts = {
        "freightMetadata": lookups.freight_metadata,
        "freightStatus": lookups.freight_status,
        "stageMetadata": lookups.stage_metadata,
    }
    return _by_name(
        *(Function(name, _read_texts(find), 1, 1, (str,)) for name, find in texts.items()),
        *(Function(name, _read_facts(name, find), 1, 1, (str,)) for name, find in facts.items()),
    )


def status_functions(step_facts: Iterable[StepFact], alias: str) -> dict[str, Function]:
    """`always`, `failure`, `success`, and `status` as the step `alias` may ask: of its own task only."""
    facts = tuple(step_facts)
    task, separator, _ = alias.rpartition(ALIAS_SEPARATOR)
    statuses = {fact.alias: fact.status for fact in facts}

    def status(asked: str) -> str:
        if not asked:
            raise ExpressionError("status needs the alias of a step, not an empty text")
        if ALIAS_SEPARATOR in asked:
            return ""
        return statuses.get(f"{task}{separator}{asked}", "")

    return _by_name(
        Function("always", lambda: True, 0, 0),
        Function("failure", lambda: has_failed(facts), 0, 0),
        Function("success", lambda: not has_failed(facts), 0, 0),
        Function("status", status, 1, 1, (str,)),
    )


def _by_name(*functions: Function) -> dict[str, Function]:
    return {function.name: function for function in functions}


def _warehouse(name: str) -> Record:
    if not name:
        raise ExpressionError("warehouse needs a name, not an empty text")
    return Record(_ORIGIN_KIND, {"Kind": "Warehouse", "Name": name}, {"Kind": "kind", "Name": "name"})


def _origin_key(function: str, origin: object) -> str | None:
    if origin is None:
        return None
    if not isinstance(origin, Record) or origin.kind != _ORIGIN_KIND:
        raise ExpressionError(f'{function} takes an origin, such as warehouse("main"), as its last argument')
    return f"{origin.fields['Kind']}/{origin.fields['Name']}"


def _read_texts(find: Callable[[str], Mapping[str, str] | None]) -> Callable[[str], StringMap]:
    seen: dict[str, StringMap] = {}

    def read(name: str) -> StringMap:
        if name not in seen:
            seen[name] = StringMap(find(name) or {})
        return seen[name]

    return read


def _read_facts(
    function: str, find: Callable[[str], Mapping[str, Any] | None]
) -> Callable[[str], dict[str, Any] | None]:
    def read(name: str) -> dict[str, Any] | None:
        if not name:
            raise ExpressionError(f"{function} needs a name, not an empty text")
        found = find(name)
        return dict(found) if found else None

    return read


def _record(item: CommitReference | ImageReference | ChartReference | OtherReference | None) -> Record | None:
    if item is None:
        return None
    kind, attributes = _FIELDS[type(item)]
    values = {name: getattr(item, attribute) for name, attribute in attributes.items()}
    if isinstance(item, ImageReference):
        values["Annotations"] = StringMap(item.annotations)
    # Inserted whole, a generic artifact keeps the capitalised names, as in Kargo.
    return Record(kind, values, {} if isinstance(item, OtherReference) else _JSON_NAMES)


_FIELDS: dict[type, tuple[str, dict[str, str]]] = {
    CommitReference: (
        "GitCommit",
        {
            "RepoURL": "repo_url",
            "ID": "id",
            "Branch": "branch",
            "Tag": "tag",
            "Message": "message",
            "Author": "author",
            "Committer": "committer",
            "SubscriptionName": "subscription_name",
        },
    ),
    ImageReference: (
        "Image",
        {
            "RepoURL": "repo_url",
            "Tag": "tag",
            "Digest": "digest",
            "Annotations": "annotations",
            "SubscriptionName": "subscription_name",
        },
    ),
    ChartReference: (
        "Chart",
        {
            "RepoURL": "repo_url",
            "Name": "name",
            "Version": "version",
            "SubscriptionName": "subscription_name",
        },
    ),
    OtherReference: (
        "ArtifactReference",
        {
            "ArtifactType": "artifact_type",
            "SubscriptionName": "subscription_name",
            "Version": "version",
            "Metadata": "metadata",
        },
    ),
}
_JSON_NAMES = {
    "RepoURL": "repoURL",
    "ID": "id",
    "Branch": "branch",
    "Tag": "tag",
    "Message": "message",
    "Author": "author",
    "Committer": "committer",
    "Digest": "digest",
    "Annotations": "annotations",
    "Name": "name",
    "Version": "version",
    "SubscriptionName": "subscriptionName",
}
