"""The map of a pipeline: cards in columns, and the lines between them, all laid out here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from freight.models import Warehouse
from freight.queries.warehouse_card import WarehouseCard, describe_card
from promotions.models import Stage
from promotions.queries.map_geometry import (
    MARGIN,
    STAGE_WIDTH,
    WAREHOUSE_WIDTH,
    Box,
    Curve,
    Link,
    draw_lines,
    place_boxes,
)
from promotions.queries.stage_card import StageCard

_FLOW_HEIGHT = 28


@dataclass(frozen=True, slots=True)
class Node:
    """One card with the space above it; exactly one of the two is set."""

    space: int
    warehouse: WarehouseCard | None = None
    stage: StageCard | None = None


@dataclass(frozen=True, slots=True)
class PipelineMap:
    """Columns from left to right; width and height are those of the canvas in pixels."""

    columns: tuple[tuple[Node, ...], ...]
    lines: tuple[Curve, ...]
    width: int
    height: int


def lay_out(
    warehouses: Sequence[Warehouse],
    letters: Mapping[str, str],
    stages: Sequence[Stage],
    cards: Mapping[str, StageCard],
) -> PipelineMap:
    """Put warehouses into the first column and stages into theirs; `cards` are by name of the stage."""
    order = _order_warehouses(warehouses, stages)
    shown = {warehouse.name: describe_card(warehouse, letters[warehouse.name]) for warehouse in order}
    boxes = [[Box(_warehouse_key(name), 90 + 22 * card.lines) for name, card in shown.items()]] if shown else []
    for column in sorted({stage.column for stage in stages}):
        boxes.append([_stage_box(s, cards[s.name], set(shown)) for s in stages if s.column == column])
    places = place_boxes(boxes, WAREHOUSE_WIDTH if shown else STAGE_WIDTH)
    return PipelineMap(
        columns=tuple(
            tuple(_node(box.key, places[box.key].space, shown, cards) for box in column) for column in boxes
        ),
        lines=draw_lines(_list_links(order, stages), places),
        width=max((place.x + place.width for place in places.values()), default=0) + MARGIN,
        height=max((place.y + place.height for place in places.values()), default=0) + MARGIN,
    )


def _node(key: str, space: int, shown: Mapping[str, WarehouseCard], cards: Mapping[str, StageCard]) -> Node:
    kind, _, name = key.partition("/")
    return Node(space, warehouse=shown[name]) if kind == "warehouse" else Node(space, stage=cards[name])


def _stage_box(stage: Stage, card: StageCard, warehouses: set[str]) -> Box:
    height = _FLOW_HEIGHT if card.is_control_flow else 106 + 28 * card.lines
    return Box(_stage_key(stage.name), height, tuple(sorted(_sources(stage, warehouses))))


def _sources(stage: Stage, warehouses: set[str]) -> set[str]:
    found = set()
    for request in stage.requested_freight:
        if request["sources"].get("direct") and request["origin"]["name"] in warehouses:
            found.add(_warehouse_key(request["origin"]["name"]))
        found |= {_stage_key(name) for name in request["sources"].get("stages") or ()}
    return found


def _order_warehouses(warehouses: Sequence[Warehouse], stages: Sequence[Stage]) -> list[Warehouse]:
    """By the rows of the stages that take from them directly, so that few lines cross; then by name."""
    rows: dict[str, list[int]] = {}
    for stage in stages:
        for request in stage.requested_freight:
            rows.setdefault(request["origin"]["name"], []).append(stage.row)
    last = max((stage.row for stage in stages), default=0) + 1

    def rank(warehouse: Warehouse) -> tuple[float, str]:
        own = rows.get(warehouse.name) or [last]
        return sum(own) / len(own), warehouse.name

    return sorted(warehouses, key=rank)


def _list_links(warehouses: Sequence[Warehouse], stages: Sequence[Stage]) -> list[Link]:
    """One link for each source of each origin that a stage asks for; sources that do not exist have none."""
    lines = {warehouse.name: index for index, warehouse in enumerate(warehouses)}
    names = {stage.name for stage in stages}
    links = []
    for stage in stages:
        for request in stage.requested_freight:
            origin, target = request["origin"]["name"], _stage_key(stage.name)
            line = lines.get(origin, 0)
            if request["sources"].get("direct") and origin in lines:
                links.append(Link(_warehouse_key(origin), target, line))
            upstream = [name for name in request["sources"].get("stages") or () if name in names]
            links += [Link(_stage_key(name), target, line) for name in upstream]
    return links


def _warehouse_key(name: str) -> str:
    return f"warehouse/{name}"


def _stage_key(name: str) -> str:
    return f"stage/{name}"
