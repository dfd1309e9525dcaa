"""Replace a whole list of maps at the top of a YAML document; the rest of the file stays byte for byte.

Comments inside the list that is replaced go with it.
"""

import json
from collections.abc import Sequence
from typing import Any

from promotions.files import yaml_nodes as nodes
from promotions.files.documents import decode
from promotions.files.errors import DocumentError
from promotions.files.yaml import apply
from promotions.files.yaml_scalars import write_scalar


def write_list(data: bytes, key: str, entries: Sequence[dict[str, Any]]) -> bytes:
    """Set the top-level `key` of the first document to a list of maps, at its old place or at the end.

    Raises DocumentError when the document is no map, or the old value has an anchor or is an alias.
    """
    text = decode(data)
    root = nodes.read_first_document(text)
    eol = "\r\n" if "\r\n" in text else "\n"
    if isinstance(root, nodes.Mapping):
        value = next((value for name, value in root.items if _is_named(name, key)), None)
        if value is not None:
            return _replace_value(text, value, entries, eol, in_flow=root.is_flow).encode()
        return _append(text, root, key, entries, eol).encode()
    if root is not None and not (isinstance(root, nodes.Scalar) and not root.value):
        raise DocumentError("it is not a map")
    return (_with_final_newline(text, eol) + f"{key}:{eol}" + _write_block(entries, "", eol)).encode()


def _is_named(name: nodes.Node, key: str) -> bool:
    return isinstance(name, nodes.Scalar) and name.value == key


def _replace_value(
    text: str, value: nodes.Node, entries: Sequence[dict[str, Any]], eol: str, *, in_flow: bool
) -> str:
    if isinstance(value, nodes.Alias) or value.anchor:
        raise DocumentError("its list has an anchor or is an alias, so it cannot be replaced in place")
    if in_flow:
        return apply(text, [(value.start, value.end, _write_flow(entries))])
    if isinstance(value, nodes.Sequence) and not value.is_flow:
        start = text.rfind("\n", 0, value.start) + 1
        return apply(
            text,
            [(start, _line_after(text, _content_end(value)), _write_block(entries, " " * value.column, eol))],
        )
    # `images: []`: the list goes below the key's line, whatever comment that line has stays.
    start = len(text[: value.start].rstrip(" \t"))
    below = _line_after(text, value.end)
    missing_eol = "" if text[:below].endswith("\n") else eol
    return apply(text, [(start, value.end, ""), (below, below, missing_eol + _write_block(entries, "", eol))])


def _append(text: str, root: nodes.Mapping, key: str, entries: Sequence[dict[str, Any]], eol: str) -> str:
    if root.is_flow:
        joint = ", " if root.items else ""
        return apply(text, [(root.end - 1, root.end - 1, f"{joint}{json.dumps(key)}: {_write_flow(entries)}")])
    before = _with_final_newline(text[: root.end], eol)
    return before + f"{key}:{eol}" + _write_block(entries, "", eol) + text[root.end :]


def _write_block(entries: Sequence[dict[str, Any]], indent: str, eol: str) -> str:
    lines = []
    for entry in entries:
        mark = "- "
        for name, value in entry.items():
            shown = json.dumps(value) if isinstance(value, dict | list) else write_scalar(value)
            lines.append(f"{indent}{mark}{write_scalar(name)}: {shown}{eol}")
            mark = "  "
    return "".join(lines)


def _write_flow(entries: Sequence[dict[str, Any]]) -> str:
    return json.dumps(list(entries), ensure_ascii=False)


def _content_end(node: nodes.Node) -> int:
    """Where a node's last character stands; a block collection's own end lies behind comments below it."""
    if isinstance(node, nodes.Sequence) and not node.is_flow and node.items:
        return _content_end(node.items[-1])
    if isinstance(node, nodes.Mapping) and not node.is_flow and node.items:
        return max(_content_end(part) for part in node.items[-1])
    return node.end


def _line_after(text: str, position: int) -> int:
    if position and text[position - 1] == "\n":
        return position
    newline = text.find("\n", position)
    return len(text) if newline < 0 else newline + 1


def _with_final_newline(text: str, eol: str) -> str:
    return text if not text or text.endswith("\n") else text + eol
