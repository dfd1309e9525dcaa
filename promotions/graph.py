"""Places warehouses and stages on the map: columns, rows, depth colours, edges. Pure.

A layered layout: the column of a stage is its longest path from a warehouse; the order within a column
comes from the median of the neighbours, ties by name, so the same pipeline always looks the same.
"""

from bisect import bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

# Sweeps over the columns, there and back; more than four changed no map we tried.
_ROUNDS = 4
_DEEPEST = 6


class NodeKind(StrEnum):
    """What stands on the map."""

    WAREHOUSE = "warehouse"
    STAGE = "stage"


@dataclass(frozen=True, slots=True)
class StageInputs:
    """What a stage takes freight from: warehouses directly, and upstream stages."""

    warehouses: tuple[str, ...]
    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Column from 1 (warehouses are column 0), row from 0, depth 1 to 6 (6 is nearest production)."""

    column: int
    row: int
    depth: int


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A warehouse or a stage by its name."""

    kind: NodeKind
    name: str


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """Freight flows from `source` to the stage `target`."""

    source: Node
    target: Node


@dataclass(frozen=True, slots=True)
class Layout:
    """`warehouses`: name -> row in column 0; `stages`: name -> place; `edges` sorted."""

    warehouses: Mapping[str, int]
    stages: Mapping[str, Place]
    edges: tuple[Edge, ...]


def layout(warehouses: Sequence[str], stages: Mapping[str, StageInputs]) -> Layout:
    """Place everything. Names of inputs that do not exist are left out; cycles do no harm."""
    edges = tuple(sorted(_list_edges(frozenset(warehouses), stages)))
    columns = _find_columns(stages)
    ranks: list[list[Node]] = [[Node(NodeKind.WAREHOUSE, name) for name in sorted(set(warehouses))]]
    for number in range(1, max(columns.values(), default=0) + 1):
        names = sorted(name for name, column in columns.items() if column == number)
        ranks.append([Node(NodeKind.STAGE, name) for name in names])
    rows = _order_rows(ranks, edges)
    last_rank = len(ranks) - 2
    return Layout(
        warehouses={node.name: rows[node] for node in ranks[0]},
        stages={
            name: Place(column, rows[Node(NodeKind.STAGE, name)], _depth(column - 1, last_rank))
            for name, column in sorted(columns.items())
        },
        edges=edges,
    )


def find_cycle(stages: Mapping[str, StageInputs]) -> tuple[str, ...] | None:
    """Stages that feed each other, first name repeated at the end: ("a", "b", "a"); each feeds the next."""
    done: set[str] = set()
    for start in sorted(stages):
        path: list[str] = []
        pending = [(start, iter(_known_upstream(stages, start)))] if start not in done else []
        while pending:
            name, upstream = pending[-1]
            if not path or path[-1] != name:
                path.append(name)
            following = next((other for other in upstream if other not in done), None)
            if following is None:
                done.add(name)
                path.pop()
                pending.pop()
            elif following in path:
                # The path runs against the flow of freight; people read along it.
                return (following, *reversed(path[path.index(following) :]))
            else:
                pending.append((following, iter(_known_upstream(stages, following))))
    return None


def _known_upstream(stages: Mapping[str, StageInputs], name: str) -> list[str]:
    return sorted(other for other in set(stages[name].stages) if other in stages)


def _list_edges(warehouses: frozenset[str], stages: Mapping[str, StageInputs]) -> Iterator[Edge]:
    for name, inputs in stages.items():
        target = Node(NodeKind.STAGE, name)
        for warehouse in warehouses.intersection(inputs.warehouses):
            yield Edge(Node(NodeKind.WAREHOUSE, warehouse), target)
        for upstream in _known_upstream(stages, name):
            yield Edge(Node(NodeKind.STAGE, upstream), target)


def _find_columns(stages: Mapping[str, StageInputs]) -> dict[str, int]:
    """Longest path from a warehouse. Stages of a cycle follow the rest, each after those placed before it."""
    columns: dict[str, int] = {}
    waiting = sorted(stages)
    while waiting:
        ready = [n for n in waiting if all(other in columns for other in _known_upstream(stages, n))]
        for name in ready or waiting[:1]:
            placed = [columns[other] for other in _known_upstream(stages, name) if other in columns]
            columns[name] = 1 + max(placed, default=0)
        waiting = [name for name in waiting if name not in columns]
    return columns


def _depth(rank: int, last_rank: int) -> int:
    return _DEEPEST if last_rank <= 0 else 1 + round((_DEEPEST - 1) * rank / last_rank)


def _order_rows(ranks: list[list[Node]], edges: Sequence[Edge]) -> dict[Node, int]:
    """The row of each node: the first order with the fewest crossings of all that the sweeps pass."""
    upstream: dict[Node, list[Node]] = {node: [] for rank in ranks for node in rank}
    downstream: dict[Node, list[Node]] = {node: [] for rank in ranks for node in rank}
    for edge in edges:
        upstream[edge.target].append(edge.source)
        downstream[edge.source].append(edge.target)
    column_of = {node: column for column, rank in enumerate(ranks) for node in rank}
    rows = {node: row for rank in ranks for row, node in enumerate(rank)}
    best, fewest = dict(rows), _count_crossings(rows, column_of, edges)
    for _ in range(_ROUNDS):
        for neighbours, order in ((upstream, ranks[1:]), (downstream, ranks[-2::-1])):
            if not fewest:
                return best
            for rank in order:
                _sort_rank(rank, neighbours, rows)
            crossings = _count_crossings(rows, column_of, edges)
            if crossings < fewest:
                best, fewest = dict(rows), crossings
    return best


def _sort_rank(rank: Sequence[Node], neighbours: Mapping[Node, list[Node]], rows: dict[Node, int]) -> None:
    """Rewrite the rows of one column; a node without neighbours on that side stays about where it is."""
    wanted = {node: float(median([rows[other] for other in neighbours[node]] or [rows[node]])) for node in rank}
    for row, node in enumerate(sorted(rank, key=lambda node: (wanted[node], node.name))):
        rows[node] = row


def _count_crossings(rows: Mapping[Node, int], column_of: Mapping[Node, int], edges: Sequence[Edge]) -> int:
    """Pairs of edges between the same two columns that cross."""
    bundles: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for edge in edges:
        between = (column_of[edge.source], column_of[edge.target])
        bundles.setdefault(between, []).append((rows[edge.source], rows[edge.target]))
    crossings = 0
    for bundle in bundles.values():
        ends: list[int] = []
        for _, end in sorted(bundle):
            crossings += len(ends) - bisect_right(ends, end)
            insort(ends, end)
    return crossings
