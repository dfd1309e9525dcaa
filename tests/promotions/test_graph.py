"""The map: columns, rows, depths, edges and cycles."""

import pytest

from promotions.graph import Edge, Node, NodeKind, Place, StageInputs, find_cycle, layout


def direct(*warehouses: str) -> StageInputs:
    return StageInputs(warehouses=warehouses, stages=())


def after(*stages: str) -> StageInputs:
    return StageInputs(warehouses=(), stages=stages)


def rows_of_column(result, column: int) -> list[str]:
    names = [name for name, place in result.stages.items() if place.column == column]
    return sorted(names, key=lambda name: result.stages[name].row)


def test_a_chain_gets_one_column_a_stage_and_ends_deepest():
    result = layout(["main"], {"test": direct("main"), "uat": after("test"), "prod": after("uat")})

    assert result.warehouses == {"main": 0}
    assert result.stages == {
        "test": Place(column=1, row=0, depth=1),
        "uat": Place(column=2, row=0, depth=3),
        "prod": Place(column=3, row=0, depth=6),
    }


def test_the_column_is_the_longest_path():
    stages = {"a": direct("w"), "b": after("a"), "c": StageInputs(("w",), ("a", "b"))}

    result = layout(["w"], stages)

    assert result.stages["c"].column == 3


def test_stages_in_the_only_column_are_deepest():
    result = layout(["w"], {"a": direct("w"), "b": direct("w")})

    assert [place.depth for place in result.stages.values()] == [6, 6]


def test_eleven_columns_use_all_six_depths_in_order():
    stages = {"s00": direct("w")} | {f"s{n:02}": after(f"s{n - 1:02}") for n in range(1, 11)}

    depths = [place.depth for place in layout(["w"], stages).stages.values()]

    assert depths == sorted(depths)
    assert set(depths) == {1, 2, 3, 4, 5, 6}


def test_stages_stand_beside_their_upstream():
    stages = {"a": direct("w"), "b": direct("w"), "m": after("b"), "n": after("a")}

    result = layout(["w"], stages)

    assert rows_of_column(result, 1) == ["a", "b"]
    assert rows_of_column(result, 2) == ["n", "m"]


def test_warehouses_move_beside_what_they_feed_when_that_saves_crossings():
    stages = {"x": direct("one"), "y": direct("one", "two"), "z": direct("two")}
    swapped = {"x": direct("two"), "y": direct("one", "two"), "z": direct("one")}

    assert layout(["one", "two"], stages).warehouses == {"one": 0, "two": 1}
    result = layout(["one", "two"], swapped)

    order = sorted(result.warehouses, key=result.warehouses.__getitem__)
    column = rows_of_column(result, 1)
    assert (order, column) in [(["two", "one"], ["x", "y", "z"]), (["one", "two"], ["z", "y", "x"])]


def test_equal_neighbours_are_ordered_by_name_whatever_the_input_order():
    names = ["prod-c", "prod-a", "prod-b"]
    stages = {name: after("uat") for name in names} | {"uat": direct("w")}

    forward = layout(["w"], stages)
    backward = layout(["w"], dict(reversed(stages.items())))

    assert rows_of_column(forward, 2) == ["prod-a", "prod-b", "prod-c"]
    assert forward == backward


def test_edges_join_known_names_once():
    stages = {"a": direct("w", "gone"), "b": after("a", "a", "missing")}

    edges = layout(["w"], stages).edges

    warehouse, a, b = Node(NodeKind.WAREHOUSE, "w"), Node(NodeKind.STAGE, "a"), Node(NodeKind.STAGE, "b")
    assert edges == (Edge(a, b), Edge(warehouse, a))


def test_a_stage_without_known_inputs_stands_in_the_first_column():
    result = layout([], {"lost": after("missing")})

    assert result.stages["lost"] == Place(column=1, row=0, depth=6)


def test_an_empty_project_has_an_empty_map():
    result = layout([], {})

    assert (dict(result.warehouses), dict(result.stages), result.edges) == ({}, {}, ())


def test_a_cycle_is_still_placed():
    result = layout(["w"], {"a": StageInputs(("w",), ("b",)), "b": after("a"), "c": after("b")})

    assert {name: place.column for name, place in result.stages.items()} == {"a": 1, "b": 2, "c": 3}


def test_two_hundred_stages_share_no_place():
    stages = {f"s{n:03}": after(f"s{n // 2:03}", f"s{n // 3:03}") for n in range(3, 200)}
    stages |= {f"s{n:03}": direct("w") for n in range(3)}

    places = [(place.column, place.row) for place in layout(["w"], stages).stages.values()]

    assert len(set(places)) == 200


@pytest.mark.parametrize(
    ("stages", "cycle"),
    [
        pytest.param({"a": direct("w"), "b": after("a"), "c": after("a", "b")}, None, id="diamond"),
        pytest.param({"a": after("a")}, ("a", "a"), id="itself"),
        pytest.param({"a": after("b"), "b": after("a")}, ("a", "b", "a"), id="two"),
        pytest.param(
            {"entry": after("z"), "x": after("z"), "y": after("x"), "z": after("y")},
            ("z", "x", "y", "z"),
            id="behind-an-entry",
        ),
        pytest.param({"a": after("missing")}, None, id="unknown-upstream"),
    ],
)
def test_find_cycle(stages, cycle):
    assert find_cycle(stages) == cycle
