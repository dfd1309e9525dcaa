"""Regular expressions of `matches`, through RE2: linear time whatever pattern and text say."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from expressions.errors import ExpressionError


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Any:
    """Compile an RE2 pattern. Raises ExpressionError if it is none."""
    # Imported here, because most expressions need no patterns and the command line starts faster without.
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern.encode("utf-8", "replace"), options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise ExpressionError(f"bad regular expression: {text}") from None


def search(text: str, pattern: str) -> bool:
    """Tell if the pattern matches anywhere in the text."""
    return compile_pattern(pattern).search(text.encode("utf-8", "replace")) is not None
