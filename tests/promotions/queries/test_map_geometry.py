"""Boxes keep their distances, lines end at the right boxes and cross no card."""

import re
from itertools import pairwise

import pytest

from promotions.queries.map_geometry import Box, Link, Place, draw_lines, place_boxes

FAN = [
    [Box("w1", 112), Box("w2", 134)],
    [Box("dev", 134, ("w1", "w2"))],
    [Box(f"prod-{n}", 162, ("dev",)) for n in range(4)],
]
FAN_LINKS = [Link("w1", "dev", 0), Link("w2", "dev", 1)] + [
    Link("dev", f"prod-{n}", line) for n in range(4) for line in (0, 1)
]
SKIP = [[Box("w", 112)], [Box("a", 134, ("w",))], [Box("b", 134, ("a",))], [Box("c", 134, ("b", "w"))]]
SKIP_LINKS = [Link("w", "a", 0), Link("a", "b", 0), Link("b", "c", 0), Link("w", "c", 0), Link("a", "c", 0)]
MAPS = [pytest.param(FAN, FAN_LINKS, id="fan"), pytest.param(SKIP, SKIP_LINKS, id="over-columns")]


def segments(path: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Straight pieces of a path made of M, H and V."""
    x, y = (int(number) for number in re.match(r"M(-?\d+) (-?\d+)", path).groups())
    corners = [(x, y)]
    for letter, number in re.findall(r"([HV])(-?\d+)", path):
        x, y = (int(number), y) if letter == "H" else (x, int(number))
        corners.append((x, y))
    return list(pairwise(corners))


def crosses(start: tuple[int, int], end: tuple[int, int], place: Place) -> bool:
    """Does the piece run through the inside of the box?"""
    (left, right), (top, bottom) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    inside_x = left < place.x + place.width and right > place.x
    return inside_x and top < place.y + place.height and bottom > place.y


@pytest.mark.parametrize(("columns", "links"), MAPS)
def test_no_line_crosses_a_card(columns: list[list[Box]], links: list[Link]) -> None:
    places = place_boxes(columns, 184)

    hit = [
        (curve.d, key)
        for curve in draw_lines(links, places)
        for start, end in segments(curve.d)
        for key, place in places.items()
        if crosses(start, end, place)
    ]

    assert hit == []


@pytest.mark.parametrize(("columns", "links"), MAPS)
def test_every_line_leads_from_edge_to_edge(columns: list[list[Box]], links: list[Link]) -> None:
    places = place_boxes(columns, 184)

    for link, curve in zip(links, draw_lines(links, places), strict=True):
        pieces = segments(curve.d)
        source, target = places[link.source], places[link.target]
        assert pieces[0][0][0] == source.x + source.width
        assert abs(pieces[0][0][1] - source.middle) <= 6
        assert pieces[-1][1][0] == target.x
        assert abs(pieces[-1][1][1] - target.middle) <= 6


@pytest.mark.parametrize(("columns", "links"), MAPS)
def test_boxes_of_a_column_keep_their_distance(columns: list[list[Box]], links: list[Link]) -> None:
    places = place_boxes(columns, 184)

    for column in columns:
        for above, below in pairwise(column):
            gap = places[below.key].y - places[above.key].y - places[above.key].height
            assert gap == 24 + places[below.key].space
    assert links


def test_one_stage_stands_beside_the_middle_of_its_sources() -> None:
    places = place_boxes(FAN, 184)

    middles = (places["w1"].middle + places["w2"].middle) / 2
    assert abs(places["dev"].middle - middles) <= 1


def test_stages_of_the_same_source_share_a_trunk_and_origins_do_not() -> None:
    places = place_boxes(FAN, 184)

    trunks: dict[int, set[int]] = {}
    for link, curve in zip(FAN_LINKS[2:], draw_lines(FAN_LINKS, places)[2:], strict=True):
        trunks.setdefault(link.line, set()).update(start[0] for start, end in segments(curve.d) if start[0] == end[0])

    assert {len(found) for found in trunks.values()} == {1}
    assert trunks[0] != trunks[1]


def test_a_line_backwards_is_not_drawn() -> None:
    places = place_boxes([[Box("w", 112)], [Box("a", 134)], [Box("b", 134)]], 184)

    assert draw_lines([Link("b", "a", 0)], places) == ()
