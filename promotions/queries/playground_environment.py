"""What an expression can see at the bench, as rows: the expression that reads a value, and the value."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from expressions import ExpressionError, limit_time
from promotions.planning.scope import Scope, evaluate_config
from promotions.queries.playground import Bench
from promotions.queries.playground_results import MAX_SECONDS
from promotions.references import FreightReference

_ROOTS = ("ctx", "vars", "outputs", "task")
_MOST_ROWS = 200
_MOST_SEEN = 300
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Visible:
    """One value and the expression that gives it; `value` is text or JSON, cut when long."""

    expression: str
    value: str


@dataclass(frozen=True, slots=True)
class Branch:
    """All that one name holds. `problem`: why it cannot be shown."""

    name: str
    rows: tuple[Visible, ...]
    more: int = 0
    problem: str = ""


def list_branches(bench: Bench) -> tuple[Branch, ...]:
    """The freight, then every name of the environment that holds something."""
    branches = [_branch("freight", list(_read_freight(bench.scope)))]
    with limit_time(MAX_SECONDS):
        branches += [_read_root(bench, name) for name in _ROOTS]
    return tuple(branch for branch in branches if branch.rows or branch.problem)


def _read_root(bench: Bench, name: str) -> Branch:
    try:
        value = evaluate_config(bench.scope, {**bench.step, "config": {"value": f"${{{{ {name} }}}}"}})["value"]
    except ExpressionError as error:
        return Branch(name, (), problem=error.summary)
    rows = list(_flatten(value, name)) if isinstance(value, dict) and value else []
    return _branch(name, rows)


def _branch(name: str, rows: list[Visible]) -> Branch:
    return Branch(name, tuple(rows[:_MOST_ROWS]), more=max(0, len(rows) - _MOST_ROWS))


def _flatten(value: Any, path: str) -> Iterator[Visible]:
    """A row a leaf; lists of plain values stay on one row."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flatten(item, _member(path, str(key)))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for index, item in enumerate(value):
            yield from _flatten(item, f"{path}[{index}]")
    else:
        yield Visible(path, _show(value))


def _member(path: str, key: str) -> str:
    return f"{path}.{key}" if _PLAIN_NAME.fullmatch(key) else f"{path}[{json.dumps(key, ensure_ascii=False)}]"


def _show(value: Any) -> str:
    if value is None:
        return "nil"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MOST_SEEN else f"{text[:_MOST_SEEN]}…"


def _read_freight(scope: Scope) -> Iterator[Visible]:
    """Each artifact of the collection by the call that finds it; empty fields are left out."""
    for reference in scope.references:
        for call, fields in _calls(reference):
            for name, value in fields.items():
                if value:
                    yield Visible(f"{call}.{name}", _show(value))


def _calls(reference: FreightReference) -> Iterator[tuple[str, dict[str, Any]]]:
    for commit in reference.commits:
        facts = {"ID": commit.id, "Branch": commit.branch, "Tag": commit.tag, "Message": commit.message}
        yield f"commitFrom({json.dumps(commit.repo_url)})", {**facts, "Author": commit.author}
    for image in reference.images:
        about = {"Tag": image.tag, "Digest": image.digest, "Annotations": image.annotations}
        yield f"imageFrom({json.dumps(image.repo_url)})", about
    for chart in reference.charts:
        name = f", {json.dumps(chart.name)}" if chart.name else ""
        yield f"chartFrom({json.dumps(chart.repo_url)}{name})", {"Version": chart.version}
    for other in reference.artifacts:
        values = {"Version": other.version, "Metadata": other.metadata}
        yield f"artifactFrom({json.dumps(other.subscription_name)})", values
