"""Steps of other packages: found by their entry points, loaded only when the administrator allows them.

A package offers a step as an entry point of the group `kargoweb.steps`: its name is the kind, its value a `Step` or a
module with one called STEP. What is not allowed is never imported. What cannot be used is kept with its reason,
so that doctor and the promotion can say it; it never stops the start of a process.
"""

import dataclasses
import logging
import re
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from promotions.steps.base import Effect, Step, StepConfig
from promotions.steps.capabilities import Capabilities

GROUP = "kargoweb.steps"
SETTING = "KARGOWEB_CUSTOM_STEPS"

logger = logging.getLogger(__name__)

_KIND = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class CustomStep:
    """One kind that a package offers, or that was allowed; `step` is there when it can be used, else `problem`."""

    kind: str
    package: str
    version: str
    is_allowed: bool
    step: Step[Any] | None = None
    problem: str = ""


class _Site:
    """What the administrator allowed, set once when a process starts."""

    allowed: tuple[str, ...] = ()
    # A plug-in that looks steps up while it is imported must not wait for itself.
    lock = threading.RLock()


def allow_steps(allowed: Sequence[str]) -> None:
    """Say which custom steps may be loaded: `kind` or `package:kind`. For the start of a process."""
    with _Site.lock:
        _Site.allowed = tuple(allowed)
        _load.cache_clear()


def list_custom_steps(built_in: Collection[str]) -> tuple[CustomStep, ...]:
    """All that is installed or allowed, by kind; loads what is allowed, once."""
    with _Site.lock:
        return _load(frozenset(built_in))


@cache
def _load(built_in: frozenset[str]) -> tuple[CustomStep, ...]:
    offers = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, _package(entry)))
    allowed = [entry for entry in offers if any(_matches(word, entry) for word in _Site.allowed)]
    found = [_examine(entry, built_in, allowed) for entry in offers]
    found += _list_missing(offers)
    return tuple(sorted(found, key=lambda custom: custom.kind))


def _examine(entry: EntryPoint, built_in: frozenset[str], allowed: list[EntryPoint]) -> CustomStep:
    version = entry.dist.version if entry.dist else ""
    custom = CustomStep(entry.name, _package(entry), version, is_allowed=entry in allowed)
    if not custom.is_allowed:
        return custom
    if entry.name in built_in:
        return dataclasses.replace(custom, problem="a built-in step has this kind; the package must choose another")
    if len([other for other in allowed if other.name == entry.name]) > 1:
        text = f"several packages offer this kind; name one in {SETTING}, for example {custom.package}:{entry.name}"
        return dataclasses.replace(custom, problem=text)
    step, problem = _load_step(entry)
    return dataclasses.replace(custom, step=None if problem else step, problem=problem)


def _load_step(entry: EntryPoint) -> tuple[Step[Any] | None, str]:
    """The step, or why it cannot be used."""
    try:
        loaded = entry.load()
    except (Exception, SystemExit) as error:  # whatever a foreign module does when it is imported
        logger.exception("A custom step cannot be imported", extra={"step": entry.name, "package": _package(entry)})
        return None, f"importing {entry.value} failed: {type(error).__name__}: {error}"
    step = loaded if isinstance(loaded, Step) else getattr(loaded, "STEP", None)
    return step, _check(step, entry)


def _check(step: object, entry: EntryPoint) -> str:
    if not isinstance(step, Step):
        return f"{entry.value} is neither a Step nor a module with a Step called STEP"
    if not _KIND.fullmatch(entry.name):
        return "a kind consists of small letters, digits and single hyphens"
    if step.kind != entry.name:
        return f'the step calls itself "{step.kind}", but its entry point "{entry.name}"'
    if not (isinstance(step.config, type) and issubclass(step.config, StepConfig)):
        return "its config must be a class derived from StepConfig"
    if not isinstance(step.effect, Effect):
        return "its effect must be Effect.WORKSPACE or Effect.OUTSIDE"
    known = {field.name for field in dataclasses.fields(Capabilities)}
    unknown = [name for name in step.needs if name not in known]
    if unknown:
        text = f"it needs {', '.join(unknown)}, which kargoweb does not have"
        return f"{text}; known are {', '.join(sorted(known))}"
    return ""


def _list_missing(offers: Sequence[EntryPoint]) -> Iterator[CustomStep]:
    for word in dict.fromkeys(_Site.allowed):
        if not any(_matches(word, entry) for entry in offers):
            package, _, kind = word.rpartition(":")
            problem = "no installed package offers it; install the package for web, workers and command line alike"
            yield CustomStep(kind, package, "", is_allowed=True, problem=problem)


def _matches(word: str, entry: EntryPoint) -> bool:
    package, _, kind = word.rpartition(":")
    return kind == entry.name and (not package or _normalize(package) == _normalize(_package(entry)))


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else ""


def _normalize(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()
