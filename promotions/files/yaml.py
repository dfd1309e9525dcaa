"""Edit and read YAML documents; an edit leaves every byte alone that it does not mean.

Source: Kargo docs `promotion-steps/yaml-update.md`, code `pkg/yaml`.
Differs: Kargo drops the rest of the line after the new value and rewrites line ends; here both stay.
"""

import re
from collections.abc import Sequence
from typing import Any

from promotions.files import yaml_nodes as nodes
from promotions.files.documents import decode
from promotions.files.edits import Change, Edited
from promotions.files.errors import DocumentError
from promotions.files.keys import KeyPart, parse_key
from promotions.files.yaml_scalars import is_printable, read_old_plain, read_plain, write_scalar
from promotions.files.yaml_values import build_value

# Anchor and tag before a scalar, with the blanks and comments between them.
_PROPERTIES = re.compile(r"(?:(?:&[^\s,\[\]{}]+|!<[^>]*>|![^\s,\[\]{}]*)(?:\s+|\#[^\n]*)*)*")
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*")

Replacement = tuple[int, int, str]


def edit_yaml(data: bytes, updates: Sequence[tuple[str, Any]]) -> Edited:
    """Set scalars of the first document; of two updates of one key the last wins.

    Raises DocumentError when the data is not YAML, a key does not lead to a scalar, or a value is no scalar;
    then nothing is changed.
    """
    text = decode(data)
    root = nodes.read_first_document(text)
    replacements: dict[int, list[Replacement]] = {}
    changes = []
    for key, value in updates:
        scalar = _find_scalar(root, key)
        try:
            replacements[scalar.start] = _replace(text, scalar, value)
            changes.append(Change(key, text[scalar.start : scalar.end].strip(), write_scalar(value)))
        except DocumentError as error:
            raise DocumentError(f'key "{key}": {error}') from error
    edited = apply(text, [edit for edits in replacements.values() for edit in edits])
    _check(edited, updates)
    return Edited(edited.encode(), tuple(changes))


def update_yaml(data: bytes, updates: Sequence[tuple[str, Any]]) -> bytes:
    """The data after `edit_yaml`."""
    return edit_yaml(data, updates).data


def read_yaml(data: bytes, *, numbers_as_text: bool = False) -> Any:
    """The first document as JSON values; dates stay text, numbers on request. Raises DocumentError."""
    return build_value(nodes.read_first_document(decode(data)), numbers_as_text=numbers_as_text)


def read_old_yaml(data: bytes) -> Any:
    """The first document as JSON values by the rules of YAML 1.1; keys are texts. Raises DocumentError."""
    if not data.strip():
        raise DocumentError("it is empty")
    return build_value(nodes.read_first_document(decode(data)), read_scalar=read_old_plain)


def apply(text: str, replacements: Sequence[Replacement]) -> str:
    """Put new text for (start, end) spans that do not overlap."""
    for start, end, new in sorted(replacements, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _find_scalar(root: nodes.Node | None, key: str) -> nodes.Scalar:
    node, path = root, parse_key(key)
    for part in path:
        node = _step_down(node, part, key)
    if not isinstance(node, nodes.Scalar):
        what = {nodes.Mapping: "a map", nodes.Sequence: "a list"}.get(type(node), "an alias")
        raise DocumentError(f'key "{key}" does not address a scalar but {what}')
    return node


def _step_down(node: nodes.Node | None, part: KeyPart, key: str) -> nodes.Node:
    if isinstance(node, nodes.Mapping):
        for name, value in node.items:
            if isinstance(name, nodes.Scalar) and name.value == part.text:
                return value
    elif isinstance(node, nodes.Sequence):
        index = part.index()
        if index is None:
            raise DocumentError(f'key "{key}": "{part.text}" is no index of a list')
        if index >= len(node.items):
            raise DocumentError(f'key "{key}": index {index} is out of range, the list has {len(node.items)} items')
        return node.items[index]
    elif isinstance(node, nodes.Alias):
        raise DocumentError(f'key "{key}" leads through the alias *{node.name}; aliases are not followed')
    raise DocumentError(f'key "{key}" does not exist: nothing named "{part.text}" is there')


def _replace(text: str, scalar: nodes.Scalar, value: Any) -> list[Replacement]:
    start = scalar.start + _length_of_properties(text, scalar)
    if scalar.style in ("|", ">"):
        return _replace_block(text, scalar, start, value)
    quote = scalar.style if isinstance(value, str) else ""
    new = write_scalar(value, quote=quote, in_flow=scalar.is_in_flow)
    if start < scalar.end:
        return [(start, scalar.end, new)]
    if start == scalar.start and text[max(start - 1, 0) : start] not in (":", "-"):
        raise DocumentError("it has no value that could be replaced; write one into the file first")
    # An empty value stands right behind its colon, dash, anchor or tag.
    blank = "" if text[start - 1].isspace() else " "
    return [(start, start, blank + new)]


def _length_of_properties(text: str, scalar: nodes.Scalar) -> int:
    if not scalar.anchor and text[scalar.start : scalar.start + 1] != "!":
        return 0
    match = _PROPERTIES.match(text, scalar.start, scalar.end)
    return len(match.group()) if match else 0


def _replace_block(text: str, scalar: nodes.Scalar, start: int, value: Any) -> list[Replacement]:
    """A block scalar is a mark, the rest of its line, and a body: mark and body change, the rest stays."""
    header = _BLOCK_HEADER.match(text, start)
    if header is None:
        raise DocumentError("its block scalar cannot be read")
    newline = text.find("\n", start)
    body_start = scalar.end if newline < 0 or newline >= scalar.end else newline + 1
    body = text[body_start : scalar.end]
    # Blank lines after the body belong to it only when its mark keeps them.
    kept = body if "+" in header.group() else body.rstrip() + _line_end(body.rstrip(), body)
    body_end = body_start + len(kept)
    indent = _indent_of(body)
    if isinstance(value, str) and indent and _fits_literal(value):
        eol = "\r\n" if text[max(newline - 1, 0) : newline] == "\r" else "\n"
        lines = value.removesuffix("\n").split("\n")
        new_body = eol.join(indent + line if line else "" for line in lines) + eol
        chomp = "" if value.endswith("\n") else "-"
        return [(start, header.end(), "|" + chomp), (body_start, body_end, new_body)]
    return [(start, header.end(), write_scalar(value)), (body_start, body_end, "")]


def _fits_literal(value: str) -> bool:
    """Several lines that a literal block gives back unchanged without further marks."""
    lines = value.removesuffix("\n").split("\n")
    ends_are_words = bool(lines[0].strip()) and bool(lines[-1].strip()) and lines[0][0] not in " \t"
    return "\n" in value and ends_are_words and all(is_printable(line) for line in lines)


def _indent_of(body: str) -> str:
    first = next((line for line in body.splitlines() if line.strip()), "")
    return first[: len(first) - len(first.lstrip(" "))]


def _line_end(stripped: str, body: str) -> str:
    rest = body[len(stripped) :]
    return rest[: rest.find("\n") + 1] if "\n" in rest else rest


def _check(edited: str, updates: Sequence[tuple[str, Any]]) -> None:
    """Read the result back: an edit that a reader would misunderstand must never reach a file."""
    root = nodes.read_first_document(edited)
    for key, value in dict(updates).items():
        scalar = _find_scalar(root, key)
        found = scalar.value if isinstance(value, str) else read_plain(scalar.value)
        is_string = bool(scalar.style) or isinstance(read_plain(scalar.value), str)
        same = found == value or (isinstance(value, float) and value != value)
        if not same or (isinstance(value, str) and not is_string):
            raise DocumentError(f'key "{key}" cannot be set in place; rewrite this part of the file by hand')
