"""Syntax tree -> closures.

Each node becomes a function of the scope. A chain of binary operators becomes one loop: its length costs no stack.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from expressions import nodes
from expressions.builtins import BUILTINS, PREDICATE_BUILTINS, Builtin
from expressions.builtins.arguments import need_list
from expressions.builtins.predicates import MISSING
from expressions.builtins.quoting import TEMPLATE_FUNCTIONS
from expressions.calls import call_builtin, call_function, unknown_function
from expressions.chains import compile_chain, compile_slice
from expressions.errors import ExpressionError
from expressions.operators import BINARY_OPERATORS, UNARY_OPERATORS, compare
from expressions.patterns import compile_pattern
from expressions.scope import Code, Program, Scope
from expressions.values import NATIVE, Function, Value, adopt, kind_of

Apply: TypeAlias = Callable[[Scope, Value], Value]


def compile_node(node: nodes.Node, source: str, *, in_template: bool) -> Program:
    """Compile a parsed expression; `quote` and its like are known in templates only. Raises ExpressionError."""
    compiler = Compiler(source, {**BUILTINS, **TEMPLATE_FUNCTIONS} if in_template else BUILTINS)
    code = compiler.compile(node)
    return Program(code, compiler.slots, source)


class Compiler:
    """Compiles one expression; knows which variables are visible where."""

    def __init__(self, source: str, builtins: dict[str, Builtin]) -> None:
        self.source = source
        self.builtins = builtins
        self.slots = 0
        self.variables: dict[str, int] = {}
        # The first slot and the name of each surrounding predicate call, the innermost last.
        self.predicates: list[tuple[int, str]] = []

    def compile(self, node: nodes.Node) -> Code:
        """Compile a node; the closure returns values of the language only."""
        if isinstance(node, _HOST_NODES):
            return self.adopting(self.compile_raw(node), node.position)
        method = _COMPILERS[node.__class__]
        return method(self, node)

    def compile_raw(self, node: nodes.Node) -> Code:
        """Compile the base of a chain; its value may be as the host gave it, with functions and empty outputs."""
        if isinstance(node, nodes.Name):
            return self.read_variable(node)
        if isinstance(node, nodes.Pointer):
            return self.read_pointer(node)
        if isinstance(node, nodes.Call):
            return self.call(node)
        if isinstance(node, _HOST_NODES):
            return compile_chain(self, node)
        return self.compile(node)

    def adopting(self, raw: Code, position: int) -> Code:
        def run(scope: Scope) -> Value:
            value = raw(scope)
            if value.__class__ in NATIVE:
                return value
            try:
                return adopt(value)
            except ExpressionError as error:
                raise error.at(position, self.source) from None

        return run

    def error(self, message: str, position: int, hint: str = "") -> ExpressionError:
        return ExpressionError(message, position, self.source, hint=hint)

    # Names

    def read_variable(self, node: nodes.Name) -> Code:
        name = node.name
        slot = self.variables.get(name)
        if slot is not None:
            return lambda scope: scope.slots[slot]
        if name == "$env":
            return lambda scope: scope.env
        return lambda scope: scope.env.get(name)

    def read_pointer(self, node: nodes.Pointer) -> Code:
        first, call = self.predicates[-1]
        if node.name == "acc" and call != "reduce":
            raise self.error("unknown pointer `#acc`", node.position, "only reduce() has it")
        slot = first + {"": 0, "index": 1, "acc": 2}[node.name]
        return lambda scope: scope.slots[slot]

    def let(self, node: nodes.Let) -> Code:
        name, position = node.name, node.position
        if name in self.variables:
            raise self.error(f"cannot redeclare variable {name}", position)
        if name in self.builtins or name in PREDICATE_BUILTINS:
            raise self.error(f"cannot redeclare builtin {name}", position, "choose another name")
        value = self.compile_raw(node.value)
        slot = self.new_slots(1)
        self.variables[name] = slot
        body = self.compile(node.body)
        del self.variables[name]

        def run(scope: Scope) -> Value:
            if scope.env.get(name).__class__ is Function:
                raise self.error(f"cannot redeclare function {name}", position, "choose another name")
            scope.slots[slot] = value(scope)
            return body(scope)

        return run

    def new_slots(self, count: int) -> int:
        first = self.slots
        self.slots += count
        return first

    # Plain values

    def literal(self, node: nodes.Literal) -> Code:
        value = node.value
        return lambda scope: value

    def sequence(self, node: nodes.Sequence) -> Code:
        codes = [self.compile(item) for item in node.items]

        def run(scope: Scope) -> Value:
            value = None
            for code in codes:
                value = code(scope)
            return value

        return run

    def list_literal(self, node: nodes.ListLiteral) -> Code:
        codes = [self.compile(item) for item in node.items]

        def run(scope: Scope) -> Value:
            scope.budget.take_elements(len(codes))
            return [code(scope) for code in codes]

        return run

    def map_literal(self, node: nodes.MapLiteral) -> Code:
        pairs = [(self.compile(pair.key), self.compile(pair.value), pair.position) for pair in node.pairs]

        def run(scope: Scope) -> Value:
            scope.budget.take_elements(len(pairs))
            result: dict[str, Value] = {}
            for key_code, value_code, position in pairs:
                key = key_code(scope)
                if key.__class__ is not str:
                    raise self.error(f"a map key must be a string, not {kind_of(key)}", position)
                result[key] = value_code(scope)
            return result

        return run

    # Operators

    def conditional(self, node: nodes.Conditional) -> Code:
        condition, otherwise = self.compile(node.condition), self.compile(node.otherwise)
        then = self.compile(node.then) if node.then else lambda scope: True
        position = node.condition.position

        def run(scope: Scope) -> Value:
            verdict = condition(scope)
            if verdict is True:
                return then(scope)
            if verdict is False:
                return otherwise(scope)
            raise self.error(
                f"a condition must be a bool, not {kind_of(verdict)}", position, "compare it, as in `x != nil`"
            )

        return run

    def unary(self, node: nodes.Unary) -> Code:
        operand, position = self.compile(node.operand), node.position
        if node.operator == "not":

            def run_not(scope: Scope) -> Value:
                value = operand(scope)
                if value is True or value is False:
                    return not value
                raise self.error(f"`not` takes a bool, not {kind_of(value)}", position)

            return run_not
        apply = UNARY_OPERATORS[node.operator]

        def run(scope: Scope) -> Value:
            try:
                return apply(scope.budget, operand(scope))
            except ExpressionError as error:
                raise error.at(position, self.source) from None

        return run

    def binary(self, node: nodes.Binary) -> Code:
        spine: list[nodes.Binary] = []
        leftmost: nodes.Node = node
        while isinstance(leftmost, nodes.Binary):
            spine.append(leftmost)
            leftmost = leftmost.left
        first = self.compile(leftmost)
        steps = [self.step(each) for each in reversed(spine)]
        if len(steps) == 1:
            only = steps[0]
            return lambda scope: only(scope, first(scope))

        def run(scope: Scope) -> Value:
            value = first(scope)
            for step in steps:
                value = step(scope, value)
            return value

        return run

    def step(self, node: nodes.Binary) -> Apply:
        """Compile operator and right side to a function of the left value."""
        right = self.compile(node.right)
        if node.operator in {"and", "or"}:
            return self.logical_step(node, right)
        if node.operator == "??":
            return lambda scope, left: right(scope) if left is None else left
        if node.operator == "matches" and isinstance(node.right, nodes.Literal) and isinstance(node.right.value, str):
            try:
                compile_pattern(node.right.value)
            except ExpressionError as error:
                raise error.at(node.right.position, self.source) from None
        apply, position, dash_hint = BINARY_OPERATORS[node.operator], node.position, _dash_hint(node)

        def run(scope: Scope, left: Value) -> Value:
            try:
                return apply(scope.budget, left, right(scope))
            except ExpressionError as error:
                if dash_hint:
                    error.hint = dash_hint
                raise error.at(position, self.source) from None
            except OverflowError:
                raise self.error("the result is out of range", position) from None

        return run

    def logical_step(self, node: nodes.Binary, right: Code) -> Apply:
        operator, position = node.operator, node.left.position
        decisive = operator == "or"

        def run(scope: Scope, left: Value) -> Value:
            if left is decisive:
                return left
            if left is True or left is False:
                return right(scope)
            raise self.error(f"`{operator}` takes a bool, not {kind_of(left)}", position)

        return run

    def comparison(self, node: nodes.Comparison) -> Code:
        first = self.compile(node.first)
        steps = [(compare(step.operator), self.compile(step.right), step.position) for step in node.steps]

        def run(scope: Scope) -> Value:
            left = first(scope)
            for decide, right_code, position in steps:
                right = right_code(scope)
                try:
                    if not decide(left, right):
                        return False
                except ExpressionError as error:
                    raise error.at(position, self.source) from None
                left = right
            return True

        return run

    # Calls

    def call(self, node: nodes.Call) -> Code:
        from_builtins = self.builtins.get(node.name)
        arguments = [self.compile(argument) for argument in node.arguments]
        name, position, forced = node.name, node.position, node.builtin

        def run(scope: Scope) -> Value:
            host = None if forced else scope.env.get(name)
            values = [argument(scope) for argument in arguments]
            try:
                if host.__class__ is Function:
                    return call_function(cast("Function", host), values)
                if from_builtins is None:
                    raise unknown_function(name, scope.env)
                return call_builtin(from_builtins, name, scope.budget, values)
            except ExpressionError as error:
                raise error.at(position, self.source) from None

        return run

    def predicate_call(self, node: nodes.PredicateCall) -> Code:
        items_code = self.compile(node.items)
        extra_code = self.compile(node.extra) if node.extra else lambda scope: MISSING
        first = self.new_slots(3)
        body, body_size = self.predicate_body(node, first)
        apply, name, position = PREDICATE_BUILTINS[node.name], node.name, node.position

        def run(scope: Scope) -> Value:
            slots, budget = scope.slots, scope.budget

            def each(item: Value, index: int, accumulated: Value = None) -> Value:
                budget.spend(body_size)
                slots[first] = item
                slots[first + 1] = index
                slots[first + 2] = accumulated
                return body(scope)

            try:
                items = need_list(items_code(scope), name)
                return apply(budget, items, each, extra_code(scope))
            except ExpressionError as error:
                raise error.at(position, self.source) from None

        return self.adopting(run, position)

    def predicate_body(self, node: nodes.PredicateCall, first: int) -> tuple[Code, int]:
        """Compile the predicate, or the element itself where it is left out; and count its nodes."""
        self.predicates.append((first, node.name))
        body = node.body or nodes.Pointer(node.position, "")
        code = self.compile(body)
        self.predicates.pop()
        return code, sum(1 for _ in nodes.walk(body))


def _dash_hint(node: nodes.Binary) -> str:
    """Suspect `outputs.open-pr`: a subtraction where a name with a dash was meant."""
    if node.operator != "-" or not isinstance(node.left, nodes.Member):
        return ""
    right = node.right
    while isinstance(right, nodes.Member | nodes.Index | nodes.Guard):
        right = right.chain if isinstance(right, nodes.Guard) else right.base
    if not isinstance(right, nodes.Name) or right.position != node.position + 1:
        return ""
    return f"a name with a dash needs brackets: ['{node.left.name}-{right.name}']"


# Nodes whose value may come from the host as it is.
_HOST_NODES = (
    nodes.Name,
    nodes.Pointer,
    nodes.Call,
    nodes.Member,
    nodes.Index,
    nodes.MethodCall,
    nodes.Guard,
)

_COMPILERS: dict[type[nodes.Node], Callable[[Compiler, Any], Code]] = {
    nodes.Literal: Compiler.literal,
    nodes.Let: Compiler.let,
    nodes.Conditional: Compiler.conditional,
    nodes.Unary: Compiler.unary,
    nodes.Binary: Compiler.binary,
    nodes.Comparison: Compiler.comparison,
    nodes.Sequence: Compiler.sequence,
    nodes.ListLiteral: Compiler.list_literal,
    nodes.MapLiteral: Compiler.map_literal,
    nodes.Slice: compile_slice,
    nodes.PredicateCall: Compiler.predicate_call,
}
