"""Turns pydantic's errors into problems with a place in the file, plain words and a suggestion.

Works for every model made of `projects.manifests.ManifestPart` and for the configs of promotion steps.
"""

import types
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from projects.documents import Document, Path, Problem
from projects.manifests import Location

_WANTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_LIMITS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def list_problems(
    error: ValidationError,
    model: type[BaseModel],
    document: Document,
    *,
    at: Path = (),
    only: Callable[[Any], bool] = lambda _: True,
) -> list[Problem]:
    """One problem per finding of pydantic that `only` lets through.

    `at` is where in the document the value that `model` read stands.
    """
    problems: list[Problem] = []
    for finding in filter(only, error.errors(include_url=False)):
        problems.extend(_explain(finding, model, document, at))
    return list(dict.fromkeys(problems))


def suggest(word: str, known: Iterable[str], *, what: str = "Known fields") -> str:
    """`Did you mean "x"?` with the known words after it."""
    words = sorted(known)
    by_lower = {candidate.lower(): candidate for candidate in words}
    close = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.75)
    guess = f'Did you mean "{by_lower[close[0]]}"? ' if close else ""
    listed = ", ".join(words[:30])
    return f"{guess}{what}: {listed}." if words else guess.strip()


def show_path(path: Path) -> str:
    """`spec.vars[0].name`; the whole document is `the document`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.lstrip(".") or "the document"


def _explain(finding: Any, model: type[BaseModel], document: Document, at: Path) -> Iterator[Problem]:
    kind, context = finding["type"], finding.get("ctx") or {}
    path = (*at, *_real_path(document, at, finding["loc"]))
    if kind == "refused":
        for message, hint, inner in context["findings"]:
            yield document.problem(message, *path, *inner, hint=hint)
        return
    name = str(finding["loc"][-1]) if finding["loc"] else ""
    if kind == "extra_forbidden":
        known = _known_fields(model, finding["loc"][:-1])
        message = f'Unknown field "{name}" in {show_path(path[:-1])}.'
        yield document.problem(message, *path, hint=suggest(name, known), at_key=True)
        return
    if kind == "missing":
        message = f'Field "{name}" is missing in {show_path(path)}.'
        yield document.problem(message, *path, hint=f"Add {name}.")
        return
    message, hint = _explain_value(kind, context, finding, show_path(path))
    yield document.problem(message, *path, hint=hint)


def _explain_value(kind: str, context: dict[str, Any], finding: Any, where: str) -> tuple[str, str]:
    """Message and hint for a value that is there but wrong."""
    value = finding["input"]
    if wanted := _WANTED.get(kind):
        quote = kind == "string_type" and isinstance(value, bool | int | float)
        hint = f'Put it in quotes: "{_show(value)}".' if quote else f"Write {wanted}."
        return f"{where} must be {wanted}, not {_describe(value)}.", hint
    if kind == "literal_error":
        words = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
        words = [word for word in words if word]
        return f"{where} cannot be {_describe(value)}.", suggest(str(value), words, what="Allowed")
    if kind in {"too_short", "string_too_short"}:
        return f"{where} must not be empty.", "Add an entry." if kind == "too_short" else "Give it a value."
    if kind in _LIMITS:
        words_, key = _LIMITS[kind]
        return f"{where} must be {words_} {context[key]}, not {_describe(value)}.", "Change the number."
    return f"{where}: {finding['msg']}.", ""


def _describe(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return f"{_show(value)}"
        case str():
            return f'the text "{value[:60]}"'
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _show(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _real_path(document: Document, at: Path, location: Location) -> Path:
    """The parts of pydantic's location that exist in the document; names of union members fall out."""
    path: Path = ()
    for part in location:
        if (*at, *path, part) in document.value_places:
            path = (*path, part)
    return path


def _known_fields(model: Any, location: Location) -> list[str]:
    """Names (aliases) of the fields of the model that `location` leads to."""
    current: list[Any] = [model]
    for part in location:
        following: list[Any] = []
        for candidate in current:
            following.extend(_step_into(candidate, part))
        current = following or current
    names: list[str] = []
    for candidate in current:
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            names += [field.alias or name for name, field in candidate.model_fields.items()]
    return names


def _step_into(annotation: Any, part: str | int) -> list[Any]:
    """The possible types one step further down."""
    origin = get_origin(annotation)
    if origin in {Annotated}:
        return _step_into(get_args(annotation)[0], part)
    if origin in {Union, types.UnionType}:
        return [found for member in get_args(annotation) for found in _step_into(member, part)]
    if origin in {list, tuple, dict}:
        return _flatten(get_args(annotation)[-1])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            if part == (field.alias or name):
                return _flatten(field.annotation)
    return []


def _flatten(annotation: Any) -> list[Any]:
    """The members of a union without None; anything else is itself."""
    if get_origin(annotation) is Annotated:
        return _flatten(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        return [found for member in get_args(annotation) for found in _flatten(member)]
    return [] if annotation is type(None) else [annotation]
