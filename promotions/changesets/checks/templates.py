"""Everything that is evaluated: do the expressions parse, and can they find what they ask for? Pure.

Source: Kargo docs, Expressions (where they are allowed).
Differs: Kargo finds a syntax error when the step runs; here the manifest is refused.
"""

from expressions import ExpressionError, TemplatePart, check_template, parse, split_template
from promotions.changesets.checks import artifacts, conditions, exposure, names
from promotions.changesets.checks.chains import visit
from promotions.changesets.checks.doubts import Doubt, report
from promotions.changesets.checks.places import Place, list_places
from promotions.changesets.checks.world import World
from promotions.changesets.parsing import Entry, Findings


def check_templates(entries: list[Entry], world: World, findings: Findings, doubts: Findings) -> None:
    """Check all places; what does not parse goes into `findings`, what would go wrong at run time into `doubts`."""
    for entry in entries:
        for place in list_places(entry, world):
            try:
                parts = _read(place)
            except ExpressionError as error:
                _refuse(entry, place, error, findings)
            else:
                _doubt(entry, place, parts, doubts)


def _read(place: Place) -> list[TemplatePart]:
    if not place.is_template:
        return [TemplatePart(place.text, parse(place.text))]
    check_template(place.text)
    return split_template(place.text)


def _refuse(entry: Entry, place: Place, error: ExpressionError, findings: Findings) -> None:
    message = f"This expression cannot be read: {error.message}."
    doubt = Doubt(
        "expression-syntax", message, error.hint or "Correct the expression.", error.position, is_error=True
    )
    report(entry, place, error.source or place.text, doubt, findings)


def _doubt(entry: Entry, place: Place, parts: list[TemplatePart], doubts: Findings) -> None:
    nodes = [part.node for part in parts if part.node is not None]
    for doubt in (*conditions.list_doubts(place), *exposure.list_doubts(place, nodes)):
        report(entry, place, place.text, doubt, doubts)
    for part in parts:
        if part.node is None:
            continue
        visits = list(visit(part.node))
        for doubt in (*names.list_doubts(place, visits), *artifacts.list_doubts(place, visits)):
            report(entry, place, part.source, doubt, doubts)
