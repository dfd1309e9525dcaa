"""The table of builtin functions, and of the methods of times, durations and versions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from expressions.builtins import arrays, dates, maps, numbers, predicates, strings, versions
from expressions.builtins.predicates import PredicateBuiltin
from expressions.durations import Duration
from expressions.times import Time, Zone
from expressions.values import Value


@dataclass(frozen=True, slots=True)
class Builtin:
    """`call` gets the budget and the arguments; `max_args` None means any number."""

    call: Callable[..., Value]
    min_args: int
    max_args: int | None


BUILTINS: dict[str, Builtin] = {
    "len": Builtin(maps.length, 1, 1),
    "type": Builtin(maps.type_name, 1, 1),
    "abs": Builtin(numbers.absolute, 1, 1),
    "ceil": Builtin(numbers.ceiling, 1, 1),
    "floor": Builtin(numbers.floor, 1, 1),
    "round": Builtin(numbers.round_half_away, 1, 1),
    "int": Builtin(strings.to_int, 1, 1),
    "float": Builtin(strings.to_float, 1, 1),
    "string": Builtin(strings.to_string, 1, 1),
    "trim": Builtin(strings.trim, 1, 2),
    "trimPrefix": Builtin(strings.trim_prefix, 1, 2),
    "trimSuffix": Builtin(strings.trim_suffix, 1, 2),
    "upper": Builtin(strings.upper, 1, 1),
    "lower": Builtin(strings.lower, 1, 1),
    "split": Builtin(strings.split, 2, 3),
    "splitAfter": Builtin(strings.split_after, 2, 3),
    "replace": Builtin(strings.replace, 3, 4),
    "repeat": Builtin(strings.repeat, 2, 2),
    "join": Builtin(strings.join, 1, 2),
    "indexOf": Builtin(strings.index_of, 2, 2),
    "lastIndexOf": Builtin(strings.last_index_of, 2, 2),
    "hasPrefix": Builtin(strings.has_prefix, 2, 2),
    "hasSuffix": Builtin(strings.has_suffix, 2, 2),
    "max": Builtin(numbers.maximum, 1, None),
    "min": Builtin(numbers.minimum, 1, None),
    "mean": Builtin(numbers.mean, 1, None),
    "median": Builtin(numbers.median, 1, None),
    "toJSON": Builtin(strings.to_json_text, 1, 1),
    "fromJSON": Builtin(strings.from_json, 1, 1),
    "toBase64": Builtin(strings.to_base64, 1, 1),
    "fromBase64": Builtin(strings.from_base64, 1, 1),
    "first": Builtin(arrays.first, 1, 1),
    "last": Builtin(arrays.last, 1, 1),
    "take": Builtin(arrays.take, 2, 2),
    "reverse": Builtin(arrays.reverse, 1, 1),
    "uniq": Builtin(arrays.unique, 1, 1),
    "flatten": Builtin(arrays.flatten, 1, 1),
    "concat": Builtin(arrays.concat, 1, None),
    "sort": Builtin(arrays.sort, 1, 2),
    "get": Builtin(maps.get, 2, 2),
    "keys": Builtin(maps.keys, 1, 1),
    "values": Builtin(maps.values, 1, 1),
    "toPairs": Builtin(maps.to_pairs, 1, 1),
    "fromPairs": Builtin(maps.from_pairs, 1, 1),
    "bitand": Builtin(numbers.bits("bitand", lambda left, right: left & right), 2, 2),
    "bitor": Builtin(numbers.bits("bitor", lambda left, right: left | right), 2, 2),
    "bitxor": Builtin(numbers.bits("bitxor", lambda left, right: left ^ right), 2, 2),
    "bitnand": Builtin(numbers.bits("bitnand", lambda left, right: left & ~right), 2, 2),
    "bitnot": Builtin(numbers.bit_not, 1, 1),
    "bitshl": Builtin(numbers.shift("bitshl", lambda value, places: value << places), 2, 2),
    "bitshr": Builtin(numbers.shift("bitshr", lambda value, places: value >> places), 2, 2),
    "bitushr": Builtin(numbers.shift("bitushr", lambda value, places: value % 2**64 >> places), 2, 2),
    "now": Builtin(dates.now, 0, 0),
    "date": Builtin(dates.date, 1, 3),
    "duration": Builtin(dates.duration, 1, 1),
    "timezone": Builtin(dates.timezone, 1, 1),
    "semverParse": Builtin(versions.semver_parse, 1, 1),
    "semverDiff": Builtin(versions.semver_diff, 2, 2),
}

# How each is written is in expressions.syntax.PREDICATE_CALLS.
PREDICATE_BUILTINS: dict[str, PredicateBuiltin] = {
    "all": predicates.all_hold,
    "any": predicates.any_holds,
    "none": predicates.none_holds,
    "one": predicates.one_holds,
    "filter": predicates.keep,
    "map": predicates.transform,
    "find": predicates.find,
    "findLast": predicates.find_last,
    "findIndex": predicates.find_index,
    "findLastIndex": predicates.find_last_index,
    "count": predicates.count,
    "sum": predicates.total,
    "groupBy": predicates.group,
    "sortBy": predicates.sort_by,
    "reduce": predicates.fold,
}

METHODS: dict[type, dict[str, Callable[..., Value]]] = {
    Time: dates.TIME_METHODS,
    Duration: dates.DURATION_METHODS,
    Zone: dates.ZONE_METHODS,
    versions.Version: versions.VERSION_METHODS,
}
