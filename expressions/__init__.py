"""The expression language of templates: expr in plain Python, bounded and without input or output.

Other packages import from here only. Source: Kargo docs, Expressions; expr docs, Language Definition.
"""

from expressions.builtins.versions import Version
from expressions.coercion import to_bool
from expressions.durations import Duration
from expressions.errors import ExpressionError
from expressions.evaluator import evaluate
from expressions.json_values import to_json
from expressions.nodes import Node, walk
from expressions.parser import parse
from expressions.templates import (
    check_template,
    list_template_errors,
    parse_template,
    render,
    render_structure,
)
from expressions.times import Time
from expressions.values import EMPTY_OUTPUT, EmptyOutput, Function, Record, StringMap, Value

__all__ = [
    "EMPTY_OUTPUT",
    "Duration",
    "EmptyOutput",
    "ExpressionError",
    "Function",
    "Node",
    "Record",
    "StringMap",
    "Time",
    "Value",
    "Version",
    "check_template",
    "evaluate",
    "list_template_errors",
    "parse",
    "parse_template",
    "render",
    "render_structure",
    "to_bool",
    "to_json",
    "walk",
]
