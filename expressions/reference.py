"""What can be called in an expression: name, signature, one line; read off the real tables, for pages and linting."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from expressions.builtins import BUILTINS, PREDICATE_BUILTINS, Builtin
from expressions.builtins.quoting import TEMPLATE_FUNCTIONS
from expressions.syntax import PREDICATE_CALLS

_SUMMARIES = {
    "abs": "The number without its sign.",
    "all": "True if the predicate holds for every element.",
    "any": "True if the predicate holds for at least one element.",
    "asJSON": "Indented JSON text; for a field of its own.",
    "asYAML": "YAML text; for a field of its own.",
    "bitand": "Bitwise and of two whole numbers.",
    "bitnand": "Bitwise and-not of two whole numbers.",
    "bitnot": "All bits inverted.",
    "bitor": "Bitwise or of two whole numbers.",
    "bitshl": "Bits shifted to the left.",
    "bitshr": "Bits shifted to the right, keeping the sign.",
    "bitushr": "Bits shifted to the right, filled with zeros.",
    "bitxor": "Bitwise exclusive or of two whole numbers.",
    "ceil": "Rounded up, as a float.",
    "concat": "The elements of all lists in one list.",
    "count": "How many elements satisfy the predicate.",
    "date": "A time from text; optional layout and time zone.",
    "duration": "A duration such as 1h30m.",
    "filter": "The elements for which the predicate holds.",
    "find": "The first element for which the predicate holds, or nil.",
    "findIndex": "Position of the first element for which the predicate holds, or nil.",
    "findLast": "The last element for which the predicate holds, or nil.",
    "findLastIndex": "Position of the last element for which the predicate holds, or nil.",
    "first": "The first element, or nil.",
    "flatten": "Lists inside lists as one list.",
    "float": "A float from a number or text.",
    "floor": "Rounded down, as a float.",
    "fromBase64": "The text that base64 stands for.",
    "fromJSON": "The value that JSON text stands for.",
    "fromPairs": "A map from a list of [key, value].",
    "get": "An element by key or position, nil where there is none.",
    "groupBy": "A map from what the predicate gives to the elements that give it.",
    "hasPrefix": "True if the text starts so.",
    "hasSuffix": "True if the text ends so.",
    "indexOf": "Byte offset of the first occurrence, or -1.",
    "int": "A whole number from a number or decimal text.",
    "join": "One text from a list of texts.",
    "keys": "The keys of a map, sorted.",
    "last": "The last element, or nil.",
    "lastIndexOf": "Byte offset of the last occurrence, or -1.",
    "len": "Number of elements or characters.",
    "lower": "In lower case.",
    "map": "What the predicate gives for each element.",
    "max": "The largest number.",
    "mean": "The mean of the numbers.",
    "median": "The median of the numbers.",
    "min": "The smallest number.",
    "none": "True if the predicate holds for no element.",
    "now": "The current time.",
    "one": "True if the predicate holds for exactly one element.",
    "quote": "Keeps the value text: numbers and booleans are not converted.",
    "reduce": "Folds a list from the left; #acc is what there is so far.",
    "repeat": "The text several times.",
    "replace": "Occurrences of a text replaced by another.",
    "reverse": "The elements from the last to the first.",
    "round": "Rounded to the nearest whole number, as a float.",
    "semverDiff": "Major, Minor, Patch, Metadata, None or Incomparable: where two versions differ first.",
    "semverParse": "A version with Major(), Minor(), Patch(), IncPatch(), Compare(other) and more.",
    "sort": "The elements in order.",
    "sortBy": "The elements in the order of what the predicate gives.",
    "split": "A list of the texts between separators.",
    "splitAfter": "As split, each text with its separator.",
    "string": "The value as text.",
    "sum": "The sum of the numbers, or of what the predicate gives.",
    "take": "The first elements.",
    "timezone": "A time zone by its IANA name.",
    "toBase64": "The text in base64.",
    "toJSON": "The value as indented JSON text.",
    "toPairs": "A list of [key, value] from a map.",
    "trim": "Without blanks, or the given characters, at both ends.",
    "trimPrefix": "Without this text at the start.",
    "trimSuffix": "Without this text at the end.",
    "type": "The name of the value's type.",
    "uniq": "Each element once.",
    "unsafeQuote": "As quote, and the quotes stay visible.",
    "upper": "In upper case.",
    "values": "The values of a map, sorted by key.",
}


@dataclass(frozen=True, slots=True)
class FunctionEntry:
    """One function; `max_args` None means any number."""

    name: str
    signature: str
    summary: str
    min_args: int
    max_args: int | None
    # Known inside `${{ }}` only, not in bare expressions.
    is_for_templates: bool = False


def list_functions() -> tuple[FunctionEntry, ...]:
    """All builtin functions and those of templates, by name."""
    entries = [_entry(name, builtin) for name, builtin in BUILTINS.items()]
    entries += [_entry(name, builtin, is_for_templates=True) for name, builtin in TEMPLATE_FUNCTIONS.items()]
    entries += [_predicate_entry(name) for name in PREDICATE_BUILTINS]
    return tuple(sorted(entries, key=lambda entry: entry.name.lower()))


def _entry(name: str, builtin: Builtin, *, is_for_templates: bool = False) -> FunctionEntry:
    # The first parameter is the budget.
    parameters = list(inspect.signature(builtin.call).parameters.values())[1:]
    signature = f"{name}({_show(parameters)})"
    return FunctionEntry(name, signature, _SUMMARIES[name], builtin.min_args, builtin.max_args, is_for_templates)


def _show(parameters: list[inspect.Parameter]) -> str:
    """`text[, separator]`: what may be left out stands in brackets."""
    shown = ""
    for position, parameter in enumerate(parameters):
        comma = ", " if position else ""
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            shown += f"{comma}{parameter.name}..."
        elif parameter.default is inspect.Parameter.empty:
            shown += f"{comma}{parameter.name}"
        else:
            shown += f"[{comma}{parameter.name}]"
    return shown


def _predicate_entry(name: str) -> FunctionEntry:
    rule = PREDICATE_CALLS[name]
    predicate = ", predicate" if rule.predicate_required else "[, predicate]"
    third = {"reduce": "[, start]", "sortBy": "[, order]"}.get(name, "") if rule.takes_extra else ""
    least, most = (2 if rule.predicate_required else 1), (3 if rule.takes_extra else 2)
    return FunctionEntry(name, f"{name}(list{predicate}{third})", _SUMMARIES[name], least, most)
