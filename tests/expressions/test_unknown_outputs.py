"""The output of a step that did not really run: nobody gets past it."""

import pytest

from expressions import ExpressionError, OutputUnknown, UnknownOutput, evaluate, render, render_structure

ENV = {"outputs": {"open": UnknownOutput("open"), "done": {"id": 1}}}


@pytest.mark.parametrize(
    "source",
    [
        "outputs.open",
        "outputs.open.id",
        "outputs['open']['id']",
        "outputs.open?.id",
        "outputs.open ?? 'x'",
        "outputs.open == nil",
        "outputs.open.id()",
        "[outputs.open]",
        "{'a': outputs.open}",
        "outputs.open ? 1 : 2",
        "let x = outputs.open; x.id",
        "toJSON(outputs)",
        "map(values(outputs), #.id)",
        "string(outputs)",
        "len(outputs.open)",
    ],
)
def test_looking_at_it_in_any_way_says_which_step_would_have_to_run(source):
    with pytest.raises(OutputUnknown, match="needs outputs of step open, which exist only after it really ran"):
        evaluate(source, ENV)


@pytest.mark.parametrize(
    ("source", "value"), [("outputs.done.id", 1), ("len(outputs)", 2), ("keys(outputs)", ["done", "open"])]
)
def test_what_lies_beside_it_can_be_used(source, value):
    found = evaluate(source, ENV)

    assert (sorted(found) if isinstance(found, list) else found) == value


def test_it_is_an_error_like_others_with_its_place_and_path():
    with pytest.raises(OutputUnknown) as caught:
        render_structure({"a": {"b": "x ${{ outputs.open.id }}"}}, ENV)

    assert isinstance(caught.value, ExpressionError)
    assert caught.value.summary.startswith("config.a.b: needs outputs of step open")
    assert caught.value.position is not None


def test_a_template_is_stopped_too():
    with pytest.raises(OutputUnknown):
        render("${{ outputs.open }}", ENV)
