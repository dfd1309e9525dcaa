"""The values of the language that are not JSON, and how host values become values of the language.

A value is None, bool, int, float, str, bytes, list, dict, Time, Zone, Duration, Version or Record. No attribute of
any other Python object is ever read.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from expressions.durations import Duration
from expressions.errors import ExpressionError, OutputUnknown
from expressions.times import NamedNumber, Time, Zone

Value: TypeAlias = Any


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """An object with a fixed set of fields, such as what `imageFrom(...)` returns; an unknown field is an error.

    `json_names` gives the keys used when the record is inserted whole; without it they are the field names.
    Empty fields are left out then.
    """

    kind: str
    fields: Mapping[str, Value]
    json_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A host function. `types` are the Python types of its arguments in order; None takes anything.

    `call` gets values of the language and may return JSON values, datetimes, timedeltas or Records. It raises
    ExpressionError with a message only; any other exception passes through the evaluator untouched.
    """

    name: str
    call: Callable[..., Value]
    min_args: int = 0
    max_args: int | None = None
    types: tuple[type | None, ...] = ()


class StringMap(dict[str, str]):
    """A map of texts, as secrets have: a missing key is the empty text, not nil."""


class FreeMap(dict[Any, Any]):
    """A map whose keys need not be texts, as `groupBy` and `fromPairs` make."""


class OpaqueValue:
    """Base of values that have methods and a text form but no fields, such as versions."""

    __slots__ = ()


class EmptyOutput:
    """The output of a step that ran without output: equal to nil, and every member of it is nil."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "EMPTY_OUTPUT"


EMPTY_OUTPUT = EmptyOutput()


@dataclass(frozen=True, slots=True, eq=False)
class UnknownOutput:
    """The output of a step that did not really run: whoever looks at it, in whatever way, gets OutputUnknown."""

    alias: str

    def refusal(self) -> OutputUnknown:
        """The error that says which step would have to run first."""
        return OutputUnknown(f"needs outputs of step {self.alias}, which exist only after it really ran")


# Classes that need no adoption; a set look-up by exact class keeps subclasses of str and int out.
NATIVE: frozenset[type] = frozenset(
    {
        type(None),
        bool,
        int,
        float,
        str,
        bytes,
        list,
        dict,
        StringMap,
        FreeMap,
        Record,
        Time,
        Zone,
        Duration,
        NamedNumber,
    }
)


def adopt(value: object) -> Value:
    """Turn what the host handed in into a value of the language; functions and empty outputs read as nil.

    Raises ExpressionError for an object the language has no notion of.
    """
    if value.__class__ in NATIVE:
        return value
    if value is EMPTY_OUTPUT or isinstance(value, Function):
        return None
    if isinstance(value, datetime.datetime):
        return Time.from_datetime(value)
    if isinstance(value, datetime.timedelta):
        return Duration.from_timedelta(value)
    if isinstance(value, OpaqueValue):
        return value
    if isinstance(value, UnknownOutput):
        raise value.refusal()
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool | int | float):
        return int(value) if isinstance(value, int) else float(value)
    if isinstance(value, dict | Mapping):
        return dict(value)
    if isinstance(value, list | tuple):
        return list(value)
    raise ExpressionError(f"a Python {type(value).__name__} cannot be used in an expression")


def kind_of(value: Value) -> str:
    """Name the type as `type()` and error messages do."""
    name = _KINDS.get(value.__class__)
    if name is not None:
        return name
    adopted = adopt(value)
    return _KINDS.get(adopted.__class__, "unknown")


_KINDS: dict[type, str] = {
    type(None): "nil",
    bool: "bool",
    int: "int",
    NamedNumber: "int",
    float: "float",
    str: "string",
    bytes: "array",
    list: "array",
    dict: "map",
    StringMap: "map",
    FreeMap: "map",
    Time: "time.Time",
    Zone: "time.Location",
    Duration: "time.Duration",
}
