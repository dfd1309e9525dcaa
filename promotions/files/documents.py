"""Read a document file whole, up to a limit, and decode it. Shared by all formats."""

import re
from pathlib import Path

from promotions.files.errors import DocumentError

MAX_BYTES = 10 * 1024 * 1024

_BOM = "\ufeff"
# Text of any format may hold tabs, line ends and form feeds, but none of these.
_BINARY = re.compile("[\x00-\x08\x0e-\x1f]")


def read_document(path: Path, *, format_name: str) -> bytes:
    """The bytes of a file. Raises DocumentError when there are more than MAX_BYTES, and what opening raises."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        limit = f"{MAX_BYTES // 1024**2} MiB, the limit for a {format_name} file"
        raise DocumentError(f"it is larger than {limit}; split it")
    return data


def decode(data: bytes) -> str:
    """UTF-8 text, a byte order mark included. Raises DocumentError."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentError(f"it is not UTF-8 text (byte {error.start}, in line {line})") from error


def split_mark(text: str) -> tuple[str, str]:
    """The byte order mark, or nothing, and the rest."""
    return (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)


def refuse_binary(text: str) -> None:
    """Raise DocumentError when control characters show that this is no text."""
    found = _BINARY.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise DocumentError(
            f"it is not a text file: line {line} holds the control character {ord(found.group()):#04x}"
        )
