"""Where boxes and lines of the map stand, in pixels. Pure; sizes are those of `static/css/map.css`.

Lines of one bundle (same origin, same sources) share a trunk in front of the column they lead to; a line over
several columns takes a free lane between the cards, so none crosses a card.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MARGIN, COLUMN_GAP, ROW_GAP = 24, 48, 24
WAREHOUSE_WIDTH, STAGE_WIDTH = 184, 232
# Beside a card a line keeps this distance, and lines of different origins this one from each other.
_CLEAR, _BESIDE = 10, 6
# Distances of trunks from the column they lead to: apart, and inside of the gap.
_TRUNKS = (24, 16, 32, 8, 40)


@dataclass(frozen=True, slots=True)
class Box:
    """A node to place. `key` is unique in the map; `sources` are keys of boxes further left."""

    key: str
    height: int
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """Freight of one origin flows from a box to another; `line` is the style of the origin, 0 to 3."""

    source: str
    target: str
    line: int


@dataclass(frozen=True, slots=True)
class Place:
    """Upper left corner of a box; `space` is what its list item must be pushed down by."""

    column: int
    x: int
    y: int
    width: int
    height: int
    space: int

    @property
    def middle(self) -> int:
        """Where lines leave and enter."""
        return self.y + self.height // 2


@dataclass(frozen=True, slots=True)
class Curve:
    """One line: its style (1 to 4) and the path."""

    line: int
    d: str


def place_boxes(columns: Sequence[Sequence[Box]], first_width: int) -> dict[str, Place]:
    """Each box as near to the middle of its sources as its column allows, in the order given."""
    places: dict[str, Place] = {}
    x = MARGIN
    for index, column in enumerate(columns):
        width = first_width if index == 0 else STAGE_WIDTH
        bottom = MARGIN - ROW_GAP
        for box, wanted in zip(column, _wanted(column, places), strict=True):
            least = bottom + ROW_GAP
            y = max(least, wanted)
            places[box.key] = Place(index, x, y, width, box.height, y - least)
            bottom = y + box.height
        x += width + COLUMN_GAP
    return places


def _wanted(column: Sequence[Box], places: Mapping[str, Place]) -> list[int]:
    """Upper edges such that boxes of the same sources lie around the middle of these."""
    tops: list[int] = []
    start = 0
    while start < len(column):
        end = start
        while end < len(column) and column[end].sources == column[start].sources:
            end += 1
        group = column[start:end]
        total = sum(box.height for box in group) + ROW_GAP * (len(group) - 1)
        middles = [places[source].middle for source in group[0].sources if source in places]
        top = round(sum(middles) / len(middles) - total / 2) if middles else MARGIN
        for box in group:
            tops.append(top)
            top += box.height + ROW_GAP
        start = end
    return tops


def draw_lines(links: Iterable[Link], places: Mapping[str, Place]) -> tuple[Curve, ...]:
    """The lines, each from the right edge of its source to the left edge of its target."""
    known = [link for link in links if places[link.source].column < places[link.target].column]
    styles = sorted({link.line for link in known})
    trunks = _assign_trunks(known, places)
    curves = []
    for link in known:
        shift = round((styles.index(link.line) - (len(styles) - 1) / 2) * _BESIDE)
        curves.append(Curve(link.line % 4 + 1, _path(link, places, trunks[link], shift)))
    return tuple(curves)


def _assign_trunks(links: Sequence[Link], places: Mapping[str, Place]) -> dict[Link, int]:
    """Where each line turns: bundles that lead into the same column turn beside each other."""
    bundles: dict[tuple[int, int, tuple[str, ...]], list[Link]] = {}
    for link in links:
        sources = tuple(sorted(other.source for other in links if _is_beside(other, link)))
        bundles.setdefault((places[link.target].column, link.line, sources), []).append(link)
    trunks: dict[Link, int] = {}
    used: dict[int, int] = {}
    for (column, _, _), members in sorted(bundles.items(), key=lambda item: item[0]):
        distance = _TRUNKS[used.get(column, 0) % len(_TRUNKS)]
        used[column] = used.get(column, 0) + 1
        for link in members:
            trunks[link] = places[link.target].x - distance
    return trunks


def _is_beside(other: Link, link: Link) -> bool:
    return other.target == link.target and other.line == link.line


def _path(link: Link, places: Mapping[str, Place], trunk: int, shift: int) -> str:
    source, target = places[link.source], places[link.target]
    start, end = source.middle + shift, target.middle + shift
    left = source.x + source.width
    if target.column == source.column + 1:
        turn = f"H{trunk} V{end} " if start != end else ""
        return f"M{left} {start} {turn}H{target.x}"
    between = [place for place in places.values() if source.column < place.column < target.column]
    lane = _find_lane(start, between)
    gap = left + COLUMN_GAP // 2 + shift
    return f"M{left} {start} H{gap} V{lane} H{trunk} V{end} H{target.x}"


def _find_lane(wanted: int, between: Sequence[Place]) -> int:
    """The height nearest to the one wanted that is clear of all cards between."""
    blocked = [(place.y - _CLEAR, place.y + place.height + _CLEAR) for place in between]
    options = [wanted, *(edge for span in blocked for edge in span)]
    free = [y for y in options if y > 0 and not any(top < y < bottom for top, bottom in blocked)]
    return min(free, key=lambda y: (abs(y - wanted), y))
