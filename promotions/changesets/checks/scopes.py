"""What an expression may see at the place where it stands, as far as that is known without running anything. Pure.

Source: Kargo docs, Expressions (where they are allowed, and with which functions).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from expressions import list_functions
from promotions.planning.artifacts import RequestedOrigin

# Fewest and most arguments; None: any number.
Arity = tuple[int, int | None]

# Kargo's functions. `promotions.planning.functions` has them too, but it needs Django; a test compares the two.
ARTIFACT_FUNCTIONS: dict[str, Arity] = {
    "warehouse": (1, 1),
    "commitFrom": (1, 2),
    "imageFrom": (1, 2),
    "chartFrom": (1, 3),
    "artifactFrom": (1, 2),
}
DATA_FUNCTIONS: dict[str, Arity] = {
    "secret": (1, 1),
    "sharedSecret": (1, 1),
    "configMap": (1, 1),
    "sharedConfigMap": (1, 1),
    "freightMetadata": (1, 1),
    "freightStatus": (1, 1),
    "stageMetadata": (1, 1),
}
STATUS_FUNCTIONS: dict[str, Arity] = {"always": (0, 0), "failure": (0, 0), "success": (0, 0), "status": (1, 1)}

_TARGET = {"name": None, "alias": None, "origin": {"name": None}}
FULL_CONTEXT: dict[str, Any] = {
    "uiBaseUrl": None,
    "project": None,
    "promotion": None,
    "stage": None,
    "targetFreight": _TARGET,
    "meta": {"promotion": {"actor": None, "rollback": None}, "step": {"alias": None}},
}
VERIFICATION_CONTEXT: dict[str, Any] = {"project": None, "stage": None}


@dataclass(frozen=True, slots=True)
class StepRef:
    """A step whose output can be asked for."""

    kind: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Aliases:
    """Steps in reach by alias, those that run later, and aliases nothing is known of: this step, tasks elsewhere."""

    before: Mapping[str, StepRef] = field(default_factory=dict)
    later: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()

    def may_have(self, alias: str) -> bool:
        """True when the alias, or the task it names a step of, is one nothing is known of."""
        return alias.partition("::")[0] in self.unknown


@dataclass(frozen=True, slots=True)
class ExpressionScope:
    """None stands for "cannot be known": no check asks further then.

    `vars`: name -> its text, or None when somebody else gives it. `outputs`, `task_outputs`, `statuses`: whose output
    and status can be asked for; `names` are the variables on the top level.
    """

    functions: Mapping[str, Arity]
    names: frozenset[str] | None
    context: Mapping[str, Any] = field(default_factory=lambda: FULL_CONTEXT)
    vars: Mapping[str, str | None] = field(default_factory=dict)
    is_in_task: bool = False
    outputs: Aliases | None = None
    task_outputs: Aliases | None = None
    statuses: Aliases | None = None
    origins: tuple[RequestedOrigin, ...] | None = None


@cache
def builtin_functions(*, in_template: bool) -> Mapping[str, Arity]:
    """The functions of the language; those of templates inside delimiters only."""
    entries = list_functions()
    return {e.name: (e.min_args, e.max_args) for e in entries if in_template or not e.is_for_templates}


@cache
def promotion_functions(*, with_status: bool) -> Mapping[str, Arity]:
    """What variables (without status), conditions and configs (with it) may call."""
    status = STATUS_FUNCTIONS if with_status else {}
    return {**builtin_functions(in_template=True), **ARTIFACT_FUNCTIONS, **DATA_FUNCTIONS, **status}


@cache
def discovery_functions() -> Mapping[str, Arity]:
    """What freightCreationCriteria may call."""
    own: dict[str, Arity] = {"commitFrom": (1, 1), "imageFrom": (1, 1), "chartFrom": (1, 2), "artifactFrom": (1, 1)}
    return {**builtin_functions(in_template=False), **own}
