"""Where in the file a character of an expression stands. Pure.

YAML says where a value begins; an expression may stand lines below that, in a block. It is looked for as it is
written: where folding or escapes changed it, the beginning of the value has to do.
"""

from projects.documents import Document, Path, Place

_DELIMITERS = ("${{", "${%", "")


def find_position(document: Document, path: Path, text: str, source: str, position: int) -> Place | None:
    """Line and column in the file of character `position` of `source`, an expression in the value `text`."""
    if path not in document.value_places:
        return None
    before = source[:position]
    wanted = source.split("\n")[before.count("\n")]
    column_in_wanted = position - (before.rfind("\n") + 1)
    if not wanted.strip():
        return None
    first_line, first_column = document.value_places[path]
    lines = document.source.split("\n")
    offset = _first_line_of_content(lines) - document.value_places[()][0]
    # A block has its indicator on the first line.
    for number in range(first_line, first_line + text.count("\n") + 2):
        if not 0 <= number + offset < len(lines):
            return None
        start = first_column - 1 if number == first_line else 0
        # Short expressions may be spelt elsewhere in the value too: best with what they begin with.
        for delimiter in _DELIMITERS if "\n" not in before else ("",):
            found = lines[number + offset].find(delimiter + wanted, start)
            if found >= 0:
                return number, found + len(delimiter) + column_in_wanted + 1
    return None


def _first_line_of_content(lines: list[str]) -> int:
    """Index of the line on which the document begins: comments and blank lines may stand above."""
    return next((i for i, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), 0)
