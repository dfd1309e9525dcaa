r"""Keys of update steps: `image.tag`, `list.0.name`, `annotations.example\.com/x`, `ports.:80`. Pure.

Source: Kargo docs, yaml-update and json-update; the syntax is that of sjson, less its queries.
"""

from dataclasses import dataclass

from promotions.files.errors import DocumentError


@dataclass(frozen=True, slots=True)
class KeyPart:
    """One step down: the key of a map or the index of a list; `is_map_key` forbids the latter."""

    text: str
    is_map_key: bool = False

    def index(self) -> int | None:
        """The list index this part may mean."""
        is_number = self.text.isascii() and self.text.isdigit() and not self.is_map_key
        return int(self.text) if is_number else None


def parse_key(key: str) -> tuple[KeyPart, ...]:
    """Split a dotted key. Raises DocumentError."""
    parts: list[KeyPart] = []
    text, is_map_key, is_escaped = "", False, False
    for letter in key.strip():
        if is_escaped:
            if letter not in ".:":
                raise DocumentError(
                    f'key "{key}" has the unknown escape "\\{letter}"; only "\\." and "\\:" are known'
                )
            text, is_escaped = text + letter, False
        elif letter == "\\":
            is_escaped = True
        elif letter == ".":
            parts.append(_part(key, text, is_map_key))
            text, is_map_key = "", False
        elif letter == ":":
            if text or is_map_key:
                raise DocumentError(f'key "{key}" has a colon inside a part; write it as "\\:"')
            is_map_key = True
        else:
            text += letter
    if is_escaped:
        raise DocumentError(f'key "{key}" ends with a backslash')
    return (*parts, _part(key, text, is_map_key))


def _part(key: str, text: str, is_map_key: bool) -> KeyPart:
    if not text:
        raise DocumentError(f'key "{key}" has an empty part; write a dot inside a name as "\\."')
    return KeyPart(text, is_map_key)
