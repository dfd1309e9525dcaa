"""Does everything that an expression names exist: functions, variables, `ctx`, outputs and statuses of steps? Pure.

Source: Kargo docs, Expressions (environment of a step; functions).
Differs: Kargo finds these when the step runs; a name that only gives nil is a warning, what always fails is an error.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from expressions import Call, Let
from projects.manifest_errors import suggest
from promotions.changesets.checks.chains import Chain, Link, Visit, read_chain, text_of
from promotions.changesets.checks.doubts import Doubt
from promotions.changesets.checks.places import Place
from promotions.changesets.checks.scopes import Aliases, Arity, StepRef, builtin_functions
from promotions.steps.registry import find_step

# What looks like a value of the language, but is a name that nobody defines.
_LOOKALIKES = {"null": "nil", "None": "nil", "undefined": "nil", "True": "true", "False": "false"}


def list_doubts(place: Place, visits: list[Visit]) -> Iterator[Doubt]:
    """All doubts about names in one expression."""
    local = {seen.node.name for seen in visits if isinstance(seen.node, Let)}
    for seen in visits:
        if isinstance(seen.node, Call):
            yield from _doubt_call(place, seen.node)
            yield from _doubt_status(place, seen.node)
        elif (chain := read_chain(seen)) is not None and chain.root not in local:
            yield from _doubt_chain(place, chain, seen)


def _doubt_call(place: Place, call: Call) -> Iterator[Doubt]:
    functions: Mapping[str, Arity] = place.scope.functions
    if call.builtin:
        functions = builtin_functions(in_template=place.is_template)
    arity = functions.get(call.name)
    if arity is None:
        message = f'There is no function "{call.name}" here.'
        hint = suggest(call.name, functions, what="Functions")
        if call.name in {"status", "always", "success", "failure"}:
            hint = "Variables are evaluated without the status of steps; ask for it in if or config."
        yield Doubt("unknown-function", message, hint, call.position, is_error=True)
        return
    least, most = arity
    count = len(call.arguments)
    if count < least or (most is not None and count > most):
        wanted = f"at least {least}" if most is None else str(least) if least == most else f"{least} to {most}"
        message = f"{call.name}() takes {wanted} argument{'' if wanted == '1' else 's'}, not {count}."
        yield Doubt("argument-count", message, "Correct the arguments.", call.position, is_error=True)


def _doubt_status(place: Place, call: Call) -> Iterator[Doubt]:
    aliases = place.scope.statuses
    if call.name != "status" or aliases is None or len(call.arguments) != 1:
        return
    asked = text_of(call.arguments[0])
    if asked is None or asked in aliases.before or aliases.may_have(asked):
        return
    message, hint = _explain_alias(asked, aliases, f'status("{asked}")', "is empty text")
    if asked == "":
        message, hint = "status() needs the alias of a step, not an empty text.", "Name a step."
    elif "::" in asked or any(alias.startswith(f"{asked}::") for alias in (place.scope.outputs or aliases).before):
        message = f'status("{asked}") is empty text: steps of a task can be asked for inside that task only.'
        hint = "Ask for it in the task, or let the task export a value with compose-output."
    yield Doubt("unknown-status", message, hint, call.position, is_error=asked == "")


def _explain_alias(alias: str, aliases: Aliases, what: str, result: str) -> tuple[str, str]:
    """Message and hint for an alias that is not there: it comes later, or nobody has it."""
    if alias in aliases.later:
        return f'{what} {result}: step "{alias}" runs later.', "Ask for a step that runs before this one."
    known = [name for name in aliases.before if not name.startswith(("step-", "task-"))]
    hint = suggest(alias, known, what="Steps before this one") or "No step before this one has an alias."
    return f'{what} {result}: no step has the alias "{alias}".', hint


def _doubt_chain(place: Place, chain: Chain, seen: Visit) -> Iterator[Doubt]:
    scope = place.scope
    if chain.root == "$env":
        return
    if scope.names is not None and chain.root not in scope.names:
        yield from _doubt_root(place, chain, seen)
    elif chain.root == "vars":
        yield from _doubt_variable(place, chain, seen)
    elif chain.root == "ctx":
        yield from _doubt_context(scope.context, chain)
    elif chain.root == "outputs" and scope.outputs is not None:
        yield from _doubt_output(scope.outputs, "outputs", chain.links, seen)
    elif chain.root == "outputs" and scope.task_outputs is not None:
        yield from _doubt_short_alias(scope.task_outputs, chain)
    elif chain.root == "task":
        yield from _doubt_task(place, chain, seen)


def _doubt_root(place: Place, chain: Chain, seen: Visit) -> Iterator[Doubt]:
    """A name that nobody defines is nil; a member of it is an error."""
    always_fails = seen.is_certain and bool(chain.links) and not chain.links[0].is_optional
    if chain.root == "task":
        message = "task.outputs is known in the steps of a task only."
        hint = "Use outputs.<alias>, or outputs['<task>::<step>'] for a step of a task."
    elif chain.root in {"outputs", "stepMetas"}:
        message = f"{chain.root} is not known here: variables of stage and template are evaluated before any step."
        hint = "Move the variable to the step that needs it."
    elif chain.root in _LOOKALIKES:
        message = f'"{chain.root}" is a name that nobody defines, so it is nil.'
        hint = f"Write {_LOOKALIKES[chain.root]}."
    else:
        message = f'"{chain.root}" is not defined here, so it is nil.'
        names = sorted(place.scope.names or ())
        hint = suggest(chain.root, names, what="Names") or "Text needs quotes."
        if chain.root in place.scope.vars:
            hint = f"Write vars.{chain.root}."
        elif chain.root in place.scope.functions:
            hint = f"{chain.root} is a function: write {chain.root}(...)."
    yield Doubt("unknown-name", message, hint, chain.position, is_error=always_fails)


def _doubt_variable(place: Place, chain: Chain, seen: Visit) -> Iterator[Doubt]:
    if not chain.links or chain.links[0].is_optional or (seen.is_excused and len(chain.links) == 1):
        return
    name = chain.links[0].name
    if name in place.scope.vars:
        return
    hint = suggest(name, place.scope.vars, what="Variables") or "Define it under vars."
    if place.scope.is_in_task and place.scope.task_outputs is not None:
        hint = f"{hint} A task should declare what it needs under spec.vars."
    message = f'No variable "{name}" is defined before this place, so vars.{name} is nil.'
    yield Doubt("undefined-variable", message, hint, chain.links[0].position)


def _doubt_context(known: Mapping[str, Any], chain: Chain) -> Iterator[Doubt]:
    level: Any = known
    path = "ctx"
    for link in chain.links:
        if not isinstance(level, Mapping):
            return
        if link.name not in level:
            message = f"{path} has no {link.name} here."
            yield Doubt("unknown-context", message, suggest(link.name, level, what="There are"), link.position)
            return
        level, path = level[link.name], f"{path}.{link.name}"


def _doubt_task(place: Place, chain: Chain, seen: Visit) -> Iterator[Doubt]:
    if not chain.links:
        return
    if chain.links[0].name != "outputs":
        yield Doubt(
            "unknown-name", f"task has no {chain.links[0].name}.", "There is task.outputs only.", chain.position
        )
    elif place.scope.task_outputs is not None:
        yield from _doubt_output(place.scope.task_outputs, "task.outputs", chain.links[1:], seen)


def _doubt_short_alias(own: Aliases, chain: Chain) -> Iterator[Doubt]:
    """`outputs.x` where x is a step of the same task: a common slip."""
    if chain.links and chain.links[0].name in own.before:
        alias = chain.links[0].name
        message = f'"{alias}" is a step of this task: its output is not under outputs, but under task.outputs.'
        yield Doubt("unknown-step-output", message, f"Write task.outputs['{alias}'].", chain.links[0].position)


def _doubt_output(aliases: Aliases, what: str, links: tuple[Link, ...], seen: Visit) -> Iterator[Doubt]:
    if not links or aliases.may_have(links[0].name):
        return
    alias = links[0].name
    reference = aliases.before.get(alias)
    if reference is None:
        follows = len(links) > 1 and not links[1].is_optional
        message, hint = _explain_alias(alias, aliases, f"{what}['{alias}']", "does not exist")
        is_error = follows and seen.is_certain
        yield Doubt("unknown-step-output", message, hint, links[0].position, is_error=is_error)
    elif len(links) > 1 and (known := _known_outputs(reference)) and links[1].name not in known:
        message = f'Step "{alias}" ({reference.kind}) has no output "{links[1].name}".'
        yield Doubt("unknown-output-key", message, suggest(links[1].name, known, what="Outputs"), links[1].position)


def _known_outputs(reference: StepRef) -> frozenset[str]:
    """Names of the outputs; empty when they are not known before the step runs."""
    if reference.kind == "compose-output":
        return frozenset(reference.config)
    step = find_step(reference.kind)
    if step is None:
        return frozenset()
    declared = {name.partition(".")[0] for name in step.outputs if not name.startswith("<")}
    listed = reference.config.get("outputs")
    if isinstance(listed, list):
        names = [item.get("name") for item in listed if isinstance(item, dict)]
        if any(not isinstance(name, str) or "${" in name for name in names):
            return frozenset()
        declared |= {str(name) for name in names}
    elif listed is not None:
        return frozenset()
    return frozenset(declared) if all(name.isidentifier() for name in declared) else frozenset()
