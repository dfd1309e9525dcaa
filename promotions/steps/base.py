"""What a step is: a frozen record of functions, what it returns, raises and may reach.

Source: Kargo docs, promotion steps; Kargo code, StepRunner and StepResult.
Differs: results are types (Done, Skipped, Waiting) and exceptions instead of a status with an optional error.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from promotions.steps.capabilities import Capabilities
from promotions.steps.paths import PathEscape, secure_join

Output = Mapping[str, Any]


class StepConfig(BaseModel):
    """Base of every step's config: Kargo's camelCase in YAML, unknown fields refused, nothing converted."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, validate_by_alias=True, alias_generator=to_camel
    )


class Effect(StrEnum):
    """What a step touches; decides what a preview may run."""

    WORKSPACE = "workspace"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A check that the stage repeats after the promotion; `uses` names its kind."""

    uses: str
    config: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """The step succeeded."""

    output: Output | None = None
    message: str = ""
    health_check: HealthCheck | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """There was nothing to do; counts as success and keeps its output."""

    output: Output | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something outside decides; run the step again after `check_again_in` (None: the engine's default)."""

    message: str = ""
    check_again_in: timedelta | None = None
    output: Output | None = None


Result = Done | Skipped | Waiting


@dataclass(frozen=True, slots=True)
class WouldPush:
    """A push that a preview did not make: HEAD of the work tree at `path` would become `branch` (or `tag`)."""

    repo_url: str
    path: str
    branch: str = ""
    tag: str = ""
    force: bool = False


@dataclass(frozen=True, slots=True)
class Would:
    """What a preview says of a step with an effect outside: "would open a pull request from a to b".

    `output` is what later steps may rely on; None: nobody can know it before the step really runs.
    """

    message: str
    output: Output | None = None
    pushes: tuple[WouldPush, ...] = ()


class StepFailed(Exception):
    """The rules say no. Final, unless `retry`: then it counts towards the error threshold."""

    def __init__(self, message: str, *, retry: bool = False, output: Output | None = None) -> None:
        super().__init__(message)
        self.retry = retry
        self.output = output


class StepErrored(Exception):
    """Something broke. Counts towards the error threshold; `permanent` ends the step at once."""

    def __init__(self, message: str, *, permanent: bool = False, output: Output | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.output = output


@dataclass(frozen=True, slots=True)
class StepContext:
    """The only door of a step to the world. `log(text, stream)` takes whole lines; stream: out, err, info."""

    workdir: Path
    project: str
    stage: str
    promotion: str
    alias: str
    log: Callable[[str, str], None]
    # Asked often by long work: an abort, a time-out or a lost lease wants the step to end.
    should_stop: Callable[[], bool]
    can: Capabilities = field(default_factory=Capabilities)
    # What this alias returned the last time it ran in this promotion.
    previous_output: Output | None = None
    # Who asked, as Kargo's create-actor says it (`email:a@b.c`); empty: automation.
    actor: str = ""
    # Address of the stage's page, for links in pull requests; empty when the site's own address is not known.
    stage_url: str = ""

    def path(self, relative: str) -> Path:
        """A path inside the work tree; `..`, a leading slash and symlinks are kept inside it."""
        return secure_join(self.workdir, relative)

    def shown(self, path: Path) -> str:
        """The path as a person may see it: relative to the work tree."""
        try:
            return str(path.relative_to(self.workdir)) or "."
        except ValueError as error:
            raise PathEscape(str(path.name)) from error


class PassBroken(BaseException):
    """The engine cannot go on: its database is away. Not the step's doing, so no handler of a step holds it up."""


ConfigType = TypeVar("ConfigType", bound=StepConfig)


@dataclass(frozen=True, slots=True)
class Step(Generic[ConfigType]):
    """One kind of step. `rerun` says what a second run does; `needs` names fields of Capabilities.

    `would` is what a preview calls instead of `run`: it touches nothing outside and may return a Result when it
    could do the real thing (reading over HTTP). A step with an effect outside and without it is only named.
    """

    kind: str
    config: type[ConfigType]
    run: Callable[[StepContext, ConfigType], Result]
    effect: Effect
    rerun: str
    outputs: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    error_threshold: int = 1
    timeout: timedelta | None = None
    would: Callable[[StepContext, ConfigType], "Result | Would"] | None = None
