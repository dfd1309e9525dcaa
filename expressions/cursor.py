"""A place in a list of tokens, and what may be asked about it."""

from __future__ import annotations

from expressions.errors import ExpressionError
from expressions.tokens import Kind, Token, tokenize

_MAX_NESTING = 64


class Cursor:
    """Walks over the tokens of one source. Raises ExpressionError where the source disappoints."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = tokenize(source)
        self.at = 0
        self.token = self.tokens[0]
        self.nesting = 0

    def advance(self) -> Token:
        """Step over the current token and return it."""
        passed = self.token
        if passed.kind is not Kind.END:
            self.at += 1
            self.token = self.tokens[self.at]
        return passed

    def advance_over_name(self, expectation: str) -> Token:
        name = self.token
        if name.kind is not Kind.NAME:
            raise self.unexpected(f"expected {expectation}")
        return self.advance()

    def following(self) -> Token:
        """Return the token after the current one."""
        return self.tokens[min(self.at + 1, len(self.tokens) - 1)]

    def at_end(self) -> bool:
        return self.token.kind is Kind.END

    def sees(self, text: str) -> bool:
        """Tell if the current token is this operator or bracket."""
        token = self.token
        return token.text == text and (token.kind is Kind.OPERATOR or token.kind is Kind.BRACKET)

    def accept(self, text: str) -> bool:
        """Step over this operator or bracket if it is there."""
        if self.sees(text):
            self.advance()
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.unexpected(f"expected `{text}`")

    def enter(self) -> None:
        """Go one level deeper; each level costs stack when parsed and when evaluated."""
        self.nesting += 1
        if self.nesting > _MAX_NESTING:
            message = f"the expression is nested more than {_MAX_NESTING} levels deep"
            raise ExpressionError(message, self.token.position, self.source)

    def leave(self) -> None:
        self.nesting -= 1

    def unexpected(self, expectation: str) -> ExpressionError:
        """Make the error for a current token that cannot stand here."""
        hint = "use `==` to compare" if self.sees("=") else ""
        message = f"unexpected {self.token.describe()}, {expectation}"
        return ExpressionError(message, self.token.position, self.source, hint=hint)
