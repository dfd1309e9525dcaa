"""Edit HCL documents; an edit leaves every byte alone that it does not mean.

A real parser finds where the value of an attribute stands; only these bytes change.
Source: Kargo docs `promotion-steps/hcl-update.md`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import tree_sitter_hcl
from tree_sitter import Language, Node, Parser

from promotions.files.documents import decode, refuse_binary, split_mark
from promotions.files.edits import Change, Edited
from promotions.files.errors import DocumentError
from promotions.files.keys import KeyPart, parse_key
from promotions.files.numbers import write_number

_MAX_PARTS = 100
_LANGUAGE = Language(tree_sitter_hcl.language())
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
# `${` and `%{` begin a template in HCL; doubled they are text.
_ESCAPED = re.compile('[\\\\"\x00-\x1f\x7f]|[$%](?={)')


def update_hcl(data: bytes, updates: Sequence[tuple[str, Any]]) -> Edited:
    """Set attributes, or members of their maps and lists, that exist; of two updates of one key the last wins.

    Raises DocumentError when the data is not HCL, a key does not lead to one single value, or a value is no string,
    number or boolean; then nothing is changed.
    """
    mark, text = split_mark(decode(data))
    source = text.encode()
    root = _parse(text, source)
    replacements: dict[tuple[int, int], bytes] = {}
    changes = []
    for key, value in updates:
        place = _find(root, parse_key(key), key)
        try:
            new = write_value(value)
        except DocumentError as error:
            raise DocumentError(f'key "{key}": {error}') from error
        replacements[place.start_byte, place.end_byte] = new.encode()
        changes.append(Change(key, source[place.start_byte : place.end_byte].decode(), new))
    edited = source
    for (start, end), new_bytes in sorted(replacements.items(), reverse=True):
        edited = edited[:start] + new_bytes + edited[end:]
    _parse(edited.decode(), edited)
    return Edited(mark.encode() + edited, tuple(changes))


def write_value(value: object) -> str:
    """Spell a scalar as HCL; `${` in a string stays text. Raises DocumentError."""
    if isinstance(value, str):
        return '"' + _ESCAPED.sub(_escape, value) + '"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return write_number(value)
    kind = "null" if value is None else "a map" if isinstance(value, dict) else "a list"
    raise DocumentError(f"the new value is {kind}; only strings, numbers and booleans can be set")


def _parse(text: str, source: bytes) -> Node:
    refuse_binary(text)
    root = Parser(_LANGUAGE).parse(source).root_node
    if root.has_error:
        row, column = _find_error(root).start_point
        raise DocumentError(f"it is not valid HCL in line {row + 1}, column {column + 1}")
    return root


def _find_error(node: Node) -> Node:
    """The first node that the parser could not read; it keeps going behind such a node."""
    while not (node.is_error or node.is_missing):
        inner = next((child for child in node.children if child.has_error), None)
        if inner is None:
            return node
        node = inner
    return node


def _find(root: Node, path: Sequence[KeyPart], key: str) -> Node:
    """The value a key leads to. Raises DocumentError when there is none, or more than one."""
    if len(path) > _MAX_PARTS:
        raise DocumentError(f"a key may have {_MAX_PARTS} parts")
    bodies = [child for child in root.named_children if child.type == "body"]
    found = [place for body in bodies for place in _search_body(body, path)]
    if not found:
        raise DocumentError(f'key "{key}" does not exist')
    if len(found) > 1:
        lines = ", ".join(str(place.start_point.row + 1) for place in found)
        raise DocumentError(
            f'key "{key}" means several places, in lines {lines}; put the number of the block, counted from 0, '
            "behind its type and labels"
        )
    value = _unwrap(found[0])
    if value.type in ("object", "tuple"):
        what = "a map" if value.type == "object" else "a list"
        raise DocumentError(f'key "{key}" does not address a single value but {what}')
    return found[0]


def _search_body(body: Node, path: Sequence[KeyPart]) -> Iterator[Node]:
    blocks: dict[int, list[Node]] = {}
    for child in body.named_children:
        if child.type == "attribute" and _text(child.named_children[0]) == path[0].text:
            yield from _search_value(child.named_children[-1], path[1:])
        elif child.type == "block":
            names = _names_of(child)
            if [part.text for part in path[: len(names)]] == names:
                blocks.setdefault(len(names), []).append(child)
    for length, alike in blocks.items():
        yield from _search_blocks(alike, path[length:])


def _search_blocks(alike: Sequence[Node], path: Sequence[KeyPart]) -> Iterator[Node]:
    """Blocks of one type with the same labels; an index in front of the path picks one."""
    index = path[0].index() if path else None
    if index is not None:
        alike, path = alike[index : index + 1], path[1:]
    for block in alike:
        inner = next((child for child in block.named_children if child.type == "body"), None)
        if path and inner is not None:
            yield from _search_body(inner, path)


def _search_value(expression: Node, path: Sequence[KeyPart]) -> Iterator[Node]:
    if not path:
        yield expression
        return
    value, part = _unwrap(expression), path[0]
    if value.type == "object":
        for element in value.named_children:
            if element.type == "object_elem" and _text(element.named_children[0]) == part.text:
                yield from _search_value(element.named_children[-1], path[1:])
    elif value.type == "tuple":
        items = [child for child in value.named_children if child.type == "expression"]
        index = part.index()
        if index is not None and index < len(items):
            yield from _search_value(items[index], path[1:])


def _unwrap(expression: Node) -> Node:
    value = expression
    while value.type in ("expression", "collection_value") and value.named_children:
        value = value.named_children[0]
    return value


def _names_of(block: Node) -> list[str]:
    """Type and labels of a block: `resource "aws_instance" "web"`."""
    return [_text(child) for child in block.named_children if child.type in ("identifier", "string_lit")]


def _text(node: Node) -> str:
    """A name or label without its quotes."""
    text = (node.text or b"").decode()
    return text[1:-1] if text.startswith('"') and text.endswith('"') else text


def _escape(match: re.Match[str]) -> str:
    letter = match.group()
    return letter * 2 if letter in "$%" else _ESCAPES.get(letter, f"\\u{ord(letter):04x}")
