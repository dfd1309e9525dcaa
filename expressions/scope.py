"""What a compiled expression sees while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from expressions.budget import Budget
from expressions.values import Value


class Scope:
    """The environment, one slot for each variable and predicate element of the expression, and the budget."""

    __slots__ = ("budget", "env", "slots")

    def __init__(self, env: Mapping[str, object], slots: int) -> None:
        self.env = env
        self.slots: list[Value] = [None] * slots
        self.budget = Budget()


Code: TypeAlias = Callable[[Scope], Value]


@dataclass(frozen=True, slots=True)
class Program:
    """A compiled expression."""

    code: Code
    slots: int
    source: str
