"""Conditions (`if`) that cannot do what they say: no delimiters, always the same, not true or false. Pure.

Source: Kargo docs, promotion templates (`if`); expressions give true or false, anything else is an error.
"""

import re
from collections.abc import Iterator

from expressions import Call, ExpressionError, MethodCall, Name, Node, render, split_template, walk
from promotions.changesets.checks.doubts import Doubt
from promotions.changesets.checks.places import Place

_STARTS = ("${{", "${%")
# What is surely not a part of the words true and false.
_NOT_A_WORD = re.compile(r"[^\sA-Za-z]")
_FORGOTTEN_DOLLAR = re.compile(r"(?<!\$)\{\{\s*(vars|ctx|outputs|task)\.")


def list_doubts(place: Place) -> Iterator[Doubt]:
    """Doubts about one template as a whole; it parses."""
    if not place.is_template:
        return
    if match := _FORGOTTEN_DOLLAR.search(place.text):
        message = f"This is plain text, not an expression: {match.group().strip()}..."
        yield Doubt("missing-dollar", message, "Write ${{ ... }} with a dollar sign.")
    if place.field != "if":
        return
    if not any(start in place.text for start in _STARTS):
        message = "A condition without ${{ }} is plain text, so the step always ends as Errored."
        yield Doubt("condition-not-evaluated", message, f"Write ${{{{ {place.text.strip()} }}}}.", is_error=True)
        return
    parts = split_template(place.text)
    nodes = [part.node for part in parts if part.node is not None]
    if any(part.node is None and _NOT_A_WORD.search(part.source) for part in parts):
        message = "Text around ${{ }} makes this condition text, so the step always ends as Errored."
        hint = "Put the whole condition inside one pair of delimiters: ${{ a && b }}."
        yield Doubt("condition-not-boolean", message, hint, is_error=True)
    elif all(_is_constant(node) for node in nodes):
        yield from _doubt_constant(place)


def _is_constant(node: Node) -> bool:
    return not any(isinstance(each, Name | Call | MethodCall) for each in walk(node))


def _doubt_constant(place: Place) -> Iterator[Doubt]:
    try:
        value = render(place.text, {})
    except ExpressionError as error:
        yield Doubt("constant-condition", f"This condition always fails: {error.message}.", is_error=True)
        return
    if isinstance(value, bool):
        message = f"This condition is always {str(value).lower()}."
        hint = "Remove it." if value else "Remove the step, or correct the condition."
        yield Doubt("constant-condition", message, hint)
    else:
        message = "This condition gives neither true nor false, so the step always ends as Errored."
        yield Doubt("condition-not-boolean", message, "Compare it with something.", is_error=True)
