"""Fields of configs that say who may answer: roles of the project or claims of an account.

Differs: roles are the five of a kargoweb project (Kargo's three are read as those they come nearest to); claims are
what an account has here. A rule that nobody could ever match is refused instead of waiting for ever.
"""

from datetime import timedelta
from typing import Any

from pydantic import Field, model_validator

from promotions.steps.base import StepConfig, StepErrored
from promotions.steps.durations import SCHEMA_PATTERN, parse_duration
from promotions.steps.people import Response, Rule

ROLES = ("viewer", "promoter", "approver", "maintainer", "owner")
CLAIMS = ("email", "username", "sub", "preferred_username", "groups")
_ROLES_OF_KARGO = {"kargo-admin": "owner", "kargo-promoter": "promoter", "kargo-viewer": "viewer"}
_DEFAULT_INTERVAL = timedelta(seconds=30)


class Responder(StepConfig):
    claim: str = Field("", description="Claim of the account: email, username (or sub), groups.")
    value: str = Field("", description="What the claim must be, or contain.")
    role: str = Field(
        "",
        description="Role in the project: viewer, promoter, approver, maintainer, owner; a role includes lower ones.",
    )

    @model_validator(mode="after")
    def name_one(self) -> "Responder":
        if bool(self.role) == bool(self.claim or self.value):
            raise ValueError("give either role, or claim and value")
        if bool(self.claim) != bool(self.value):
            raise ValueError("claim and value belong together")
        if self.claim and self.claim not in CLAIMS:
            raise ValueError(f'claim "{self.claim}" is none that accounts have here; use one of {", ".join(CLAIMS)}')
        if self.role and self.role not in (*ROLES, *_ROLES_OF_KARGO):
            raise ValueError(f'role "{self.role}" does not exist; use one of {", ".join(ROLES)}, or claim and value')
        return self

    def as_rule(self, *, required: bool = False) -> Rule:
        """The rule in the words of this installation."""
        return Rule(_ROLES_OF_KARGO.get(self.role, self.role), self.claim, self.value, required)


def interval() -> Any:
    """The field `pollInterval`; empty when it is left out."""
    return Field(
        "",
        pattern=SCHEMA_PATTERN,
        description="How often to look besides being woken by an answer; 30s when left out.",
    )


def read_interval(text: str) -> timedelta:
    """Raises StepErrored for what the schema's pattern lets through and is no duration."""
    try:
        return parse_duration(text) if text else _DEFAULT_INTERVAL
    except ValueError as error:
        raise StepErrored(f"pollInterval: {error}") from error


def describe(response: Response) -> dict[str, Any]:
    """A response as later steps see it."""
    shown = {"user": response.user, "action": response.action, "time": response.at.isoformat(timespec="seconds")}
    return {**shown, "message": response.message} if response.message else shown


def say_rejected(response: Response) -> str:
    """Who rejected, and why."""
    why = f': "{response.message}"' if response.message else ""
    return f"rejected by {response.user}{why}"
