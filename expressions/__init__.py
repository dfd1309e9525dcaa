"""The expression language of templates: expr in plain Python, bounded and without input or output.

Other packages import from here only. Source: Kargo docs, Expressions; expr docs, Language Definition.
"""

from expressions.budget import limit_time
from expressions.builtins.versions import Version
from expressions.coercion import to_bool
from expressions.durations import Duration
from expressions.errors import ExpressionError, OutputUnknown
from expressions.evaluator import evaluate
from expressions.json_values import to_json
from expressions.nodes import (
    Binary,
    Call,
    Conditional,
    Guard,
    Index,
    Let,
    Literal,
    Member,
    MethodCall,
    Name,
    Node,
    PredicateCall,
    children,
    walk,
)
from expressions.parser import parse
from expressions.reference import FunctionEntry, list_functions
from expressions.templates import (
    TemplatePart,
    check_template,
    list_template_errors,
    parse_template,
    render,
    render_structure,
    split_template,
)
from expressions.times import Time
from expressions.values import EMPTY_OUTPUT, EmptyOutput, Function, Record, StringMap, UnknownOutput, Value

__all__ = [
    "EMPTY_OUTPUT",
    "Binary",
    "Call",
    "Conditional",
    "Duration",
    "EmptyOutput",
    "ExpressionError",
    "Function",
    "FunctionEntry",
    "Guard",
    "Index",
    "Let",
    "Literal",
    "Member",
    "MethodCall",
    "Name",
    "Node",
    "OutputUnknown",
    "PredicateCall",
    "Record",
    "StringMap",
    "TemplatePart",
    "Time",
    "UnknownOutput",
    "Value",
    "Version",
    "check_template",
    "children",
    "evaluate",
    "limit_time",
    "list_functions",
    "list_template_errors",
    "parse",
    "parse_template",
    "render",
    "render_structure",
    "split_template",
    "to_bool",
    "to_json",
    "walk",
]
