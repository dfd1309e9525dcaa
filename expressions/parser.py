"""Tokens -> syntax tree, by precedence climbing.

Source: expr docs, Language Definition; Kargo docs, Expressions.
"""

from __future__ import annotations

from expressions.cursor import Cursor
from expressions.errors import ExpressionError
from expressions.nodes import (
    Binary,
    Call,
    Comparison,
    Conditional,
    Guard,
    Index,
    Let,
    ListLiteral,
    Literal,
    MapLiteral,
    Member,
    MethodCall,
    Name,
    Node,
    Pair,
    Pointer,
    PredicateCall,
    Sequence,
    Slice,
    Step,
    Unary,
    walk,
)
from expressions.syntax import BINARY, COALESCE, COMPARISONS, NEGATABLE, PIPE, PREDICATE_CALLS, UNARY
from expressions.tokens import WORD_OPERATORS, Kind, Token

MAX_NODES = 10_000
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "nil": None}


def parse(source: str) -> Node:
    """Parse one bare expression (no `${{ }}`). Raises ExpressionError for bad syntax."""
    try:
        node = _Parser(source).parse_program()
    except RecursionError:
        raise ExpressionError("the expression is nested too deeply", 0, source) from None
    for count, _ in enumerate(walk(node), start=1):
        if count > MAX_NODES:
            raise ExpressionError(f"the expression has more than {MAX_NODES:,} parts", 0, source)
    return node


class _Parser(Cursor):
    # How many predicates surround the current token; `#` means something only inside one.
    predicates = 0

    # Sequences, let, if

    def parse_program(self) -> Node:
        if self.at_end():
            raise ExpressionError("the expression is empty", 0, self.source)
        node = self.parse_sequence()
        if not self.at_end():
            raise self.unexpected("expected an operator or the end")
        return node

    def parse_sequence(self) -> Node:
        position = self.token.position
        items = [self.parse_expression()]
        while self.accept(";"):
            if self.at_end():
                break
            items.append(self.parse_expression())
        return items[0] if len(items) == 1 else Sequence(position, tuple(items))

    def parse_expression(self) -> Node:
        self.enter()
        if self.sees("let"):
            node = self.parse_let()
        elif self.sees("if"):
            node = self.parse_if()
        else:
            node = self.parse_conditional(self.parse_binary(0))
        self.leave()
        return node

    def parse_let(self) -> Node:
        self.advance()
        name = self.advance_over_name("a variable name")
        self.expect("=")
        value = self.parse_expression()
        self.expect(";")
        return Let(name.position, name.text, value, self.parse_sequence())

    def parse_if(self) -> Node:
        position = self.advance().position
        condition = self.parse_expression()
        then = self.parse_block()
        if not self.accept("else"):
            raise self.unexpected("expected `else`: every `if` needs one")
        otherwise = self.parse_expression() if self.sees("if") else self.parse_block()
        return Conditional(position, condition, then, otherwise)

    def parse_block(self) -> Node:
        self.expect("{")
        node = self.parse_sequence()
        self.expect("}")
        return node

    def parse_conditional(self, node: Node) -> Node:
        while self.sees("?"):
            position = self.advance().position
            if self.accept(":"):
                node = Conditional(position, node, None, self.parse_expression())
                continue
            then = self.parse_expression()
            self.expect(":")
            node = Conditional(position, node, then, self.parse_expression())
        return node

    # Operators

    def parse_binary(self, floor: int) -> Node:
        left = self.parse_operand()
        previous = ""
        while self.token.kind is Kind.OPERATOR:
            negated = self.sees("not") and self.following().text in NEGATABLE
            operator = self.following() if negated else self.token
            rule = BINARY.get(operator.text)
            if rule is None or rule.precedence < floor:
                break
            if negated:
                self.advance()
            self.advance()
            if operator.text != PIPE and previous == COALESCE != operator.text:
                raise ExpressionError(
                    f"`{operator.text}` cannot follow `??`",
                    operator.position,
                    self.source,
                    hint="put the `??` part in parentheses",
                )
            if operator.text == PIPE:
                left = self.parse_pipe(left)
            elif operator.text in COMPARISONS:
                left = self.parse_comparison(left, operator)
            else:
                right = self.parse_binary(rule.precedence + (0 if rule.right_to_left else 1))
                left = Binary(operator.position, rule.operator, left, right)
                if negated:
                    left = Unary(operator.position, "not", left)
            previous = operator.text
        return left

    def parse_pipe(self, left: Node) -> Node:
        name = self.advance_over_name("a function after `|`")
        if not self.sees("("):
            raise self.unexpected(f"expected `(`: write `{name.text}()`")
        return self.parse_call(name, (left,), builtin=False)

    def parse_comparison(self, first: Node, operator: Token) -> Node:
        steps = [Step(operator.position, operator.text, self.parse_binary(BINARY["<"].precedence + 1))]
        while self.token.kind is Kind.OPERATOR and self.token.text in COMPARISONS:
            token = self.advance()
            steps.append(Step(token.position, token.text, self.parse_binary(BINARY["<"].precedence + 1)))
        return Comparison(operator.position, first, tuple(steps))

    def parse_operand(self) -> Node:
        token = self.token
        if token.kind is Kind.OPERATOR and token.text in UNARY:
            self.advance()
            self.enter()
            operand = self.parse_binary(UNARY[token.text])
            self.leave()
            return Unary(token.position, "not" if token.text == "!" else token.text, operand)
        return self.parse_primary()

    # Primaries

    def parse_primary(self) -> Node:
        token = self.token
        if token.kind is Kind.NUMBER:
            self.advance()
            return Literal(token.position, token.value)
        if token.kind is Kind.TEXT or token.kind is Kind.BYTES:
            self.advance()
            return self.parse_postfix(Literal(token.position, token.value))
        if token.kind is Kind.NAME:
            return self.parse_name()
        if self.accept("("):
            inner = self.parse_sequence()
            self.expect(")")
            return self.parse_postfix(inner)
        if self.sees("["):
            return self.parse_postfix(self.parse_list())
        if self.sees("{"):
            return self.parse_postfix(self.parse_map())
        if self.accept("::"):
            name = self.advance_over_name("a function name after `::`")
            return self.parse_postfix(self.parse_call(name, (), builtin=True))
        if self.predicates and (self.sees("#") or self.sees(".")):
            return self.parse_pointer()
        if self.sees("#") or self.sees("."):
            raise self.unexpected("which is allowed only in a predicate, as in `filter(list, # > 1)`")
        raise self.unexpected("expected a value")

    def parse_name(self) -> Node:
        name = self.advance()
        if name.text in _CONSTANTS:
            return Literal(name.position, _CONSTANTS[name.text])
        if self.sees("("):
            return self.parse_postfix(self.parse_call(name, (), builtin=False))
        return self.parse_postfix(Name(name.position, name.text))

    def parse_pointer(self) -> Node:
        position = self.token.position
        name = ""
        if self.accept("#") and self.token.kind is Kind.NAME:
            name = self.advance().text
            if name not in {"index", "acc"}:
                raise ExpressionError(
                    f"unknown pointer `#{name}`", position, self.source, hint="there are #, #index, #acc"
                )
        return self.parse_postfix(Pointer(position, name))

    def parse_list(self) -> Node:
        position = self.advance().position
        return ListLiteral(position, self.parse_items("]"))

    def parse_items(self, closing: str) -> tuple[Node, ...]:
        """Parse `a, b, c` and the closing bracket; one trailing comma is allowed."""
        items: list[Node] = []
        while not self.sees(closing):
            items.append(self.parse_expression())
            if not self.accept(",") and not self.sees(closing):
                raise self.unexpected(f"expected `,` or `{closing}`")
        self.expect(closing)
        return tuple(items)

    def parse_map(self) -> Node:
        position = self.advance().position
        pairs: list[Pair] = []
        while not self.sees("}"):
            token = self.token
            key = self.parse_key()
            self.expect(":")
            pairs.append(Pair(token.position, key, self.parse_expression()))
            if not self.accept(",") and not self.sees("}"):
                raise self.unexpected("expected `,` or `}`")
        self.expect("}")
        return MapLiteral(position, tuple(pairs))

    def parse_key(self) -> Node:
        token = self.token
        if token.kind is Kind.NAME or token.kind is Kind.NUMBER:
            self.advance()
            return Literal(token.position, token.text)
        if token.kind is Kind.TEXT:
            self.advance()
            return Literal(token.position, token.value)
        if self.sees("("):
            return self.parse_expression()
        raise self.unexpected("expected a map key: a name, text, number or an expression in parentheses")

    # Calls

    def parse_call(self, name: Token, given: tuple[Node, ...], *, builtin: bool) -> Node:
        """Parse the arguments of `name`; `given` holds the piped value, if any."""
        if name.text in PREDICATE_CALLS:
            return self.parse_predicate_call(name, given)
        self.expect("(")
        return Call(name.position, name.text, given + self.parse_items(")"), builtin)

    def parse_predicate_call(self, name: Token, given: tuple[Node, ...]) -> Node:
        rule = PREDICATE_CALLS[name.text]
        self.expect("(")
        wanted = "a list and a predicate" if rule.predicate_required else "a list"
        missing = ExpressionError(f"{name.text}() needs {wanted}", name.position, self.source)
        if given:
            items = given[0]
        elif self.sees(")"):
            raise missing
        else:
            items = self.parse_expression()
            if not self.accept(",") and not self.sees(")"):
                raise self.unexpected("expected `,` or `)`")
        body: Node | None = None
        extra: Node | None = None
        if not self.sees(")"):
            body = self.parse_predicate()
            if self.accept(",") and rule.takes_extra and not self.sees(")"):
                extra = self.parse_expression()
                self.accept(",")
        elif rule.predicate_required:
            raise missing
        self.expect(")")
        return PredicateCall(name.position, name.text, items, body, extra)

    def parse_predicate(self) -> Node:
        self.predicates += 1
        if self.sees("{"):
            node = self.parse_block()
        else:
            node = self.parse_expression()
            if self.sees(";"):
                raise self.unexpected("wrap the predicate in `{` and `}`")
        self.predicates -= 1
        return node

    # Postfix

    def parse_postfix(self, node: Node) -> Node:
        while True:
            token = self.token
            if self.sees("."):
                node = self.parse_member(node, optional=False)
            elif self.sees("?."):
                following = self.following()
                if following.kind is Kind.BRACKET and following.text == "[":
                    self.advance()
                    node = self.parse_brackets(node, optional=True)
                else:
                    node = self.parse_member(node, optional=True)
            elif token.kind is Kind.BRACKET and token.text == "[":
                node = self.parse_brackets(node, optional=False)
            else:
                return node

    def parse_member(self, node: Node, *, optional: bool) -> Node:
        """Parse `.name` or `.name(...)`. Inside a `?.` chain the guard moves to the new end of the chain."""
        self.advance()
        name = self.advance()
        if name.kind is not Kind.NAME and not (name.kind is Kind.OPERATOR and name.text in WORD_OPERATORS):
            raise ExpressionError(f"unexpected {name.describe()}, expected a field name", name.position, self.source)
        guarded = optional or isinstance(node, Guard)
        base = node.chain if isinstance(node, Guard) else node
        member: Node
        if self.accept("("):
            member = MethodCall(name.position, base, name.text, self.parse_items(")"), optional)
        else:
            member = Member(name.position, base, name.text, optional)
        return Guard(name.position, member) if guarded else member

    def parse_brackets(self, node: Node, *, optional: bool) -> Node:
        position = self.advance().position
        start: Node | None = None
        if not self.sees(":"):
            start = self.parse_expression()
            if self.accept("]"):
                index = Index(position, node, start, optional)
                return Guard(position, index) if optional else index
        if not self.accept(":"):
            raise self.unexpected("expected `]` or `:`")
        stop = None if self.sees("]") else self.parse_expression()
        self.expect("]")
        return Slice(position, node, start, stop)
