"""The one exception of the expression language, with the place of the fault in the source.

ExpressionError
    OutputUnknown   it needs what nobody can know yet
"""

from __future__ import annotations

_SHOWN_WIDTH = 100


class ExpressionError(Exception):
    """What is wrong with an expression, where, and (if we can guess) the way out.

    `position` counts characters of `source` from 0. `path` is the config field, such as `config.updates[0].value`.
    Host functions raise it with a message only; the evaluator adds position and source.
    """

    def __init__(
        self,
        message: str,
        position: int | None = None,
        source: str | None = None,
        *,
        hint: str = "",
        path: str = "",
    ) -> None:
        super().__init__(message, position, source)
        self.message = message
        self.position = position
        self.source = source
        self.hint = hint
        self.path = path

    def at(self, position: int, source: str) -> ExpressionError:
        """Return this error with a place, unless it already has one."""
        if self.position is not None:
            return self
        return type(self)(self.message, position, source, hint=self.hint, path=self.path)

    def under(self, path: str) -> ExpressionError:
        """Return this error with the path of the config field it came from."""
        return type(self)(self.message, self.position, self.source, hint=self.hint, path=path)

    @property
    def summary(self) -> str:
        """The message on one line: path, what is wrong, hint; without the source."""
        text = f"{self.path}: {self.message}" if self.path else self.message
        return f"{text}; {self.hint}" if self.hint else text

    @property
    def excerpt(self) -> str:
        """The line of the source the fault is on, and a caret below it; empty without a position."""
        if self.source is None or self.position is None:
            return ""
        start = self.source.rfind("\n", 0, self.position) + 1
        end = self.source.find("\n", start)
        line = self.source[start : end if end >= 0 else len(self.source)]
        column = self.position - start
        first = max(0, column - _SHOWN_WIDTH // 2)
        shown = line[first : first + _SHOWN_WIDTH].replace("\t", " ").rstrip("\r")
        return f"  {shown}\n  {' ' * (column - first)}^"

    def __str__(self) -> str:
        excerpt = self.excerpt
        return f"{self.summary}\n{excerpt}" if excerpt else self.summary


class OutputUnknown(ExpressionError):
    """An expression reaches into an output that will exist only later; nothing is wrong with the expression."""
