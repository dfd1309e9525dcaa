"""What a trial of one step gets of people, message channels and the audit log: all of it out of its context.

{"people": {"approve": [{"user", "action", "message"?, "values"?, "matched"?, "at"?}]}}: answers by alias of the step;
{"channels": [{"kind", "name", "spec", "secret"?}]}; events are added to the context's own list "recordedEvents".
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from promotions.steps.channels import Channel, ChannelKind
from promotions.steps.people import Asked, Question, Response


class GivenPeople:
    """People who have answered before they were asked."""

    def __init__(self, context: dict[str, Any]) -> None:
        self._answers: dict[str, Any] = context.get("people") or {}

    def ask(self, alias: str, question: Question) -> Asked:
        """The answers given for this step."""
        return Asked(question, tuple(_read(answer) for answer in self._answers.get(alias) or ()))


def _read(answer: dict[str, Any]) -> Response:
    at = answer.get("at")
    return Response(
        user=answer["user"],
        action=answer["action"],
        at=datetime.fromisoformat(at) if at else datetime.now(UTC),
        message=answer.get("message") or "",
        values=answer.get("values"),
        matched=tuple(answer.get("matched") or ()),
    )


class GivenChannels:
    """Channels of the context."""

    def __init__(self, context: dict[str, Any]) -> None:
        self._channels = context.get("channels") or ()

    def find(self, kind: ChannelKind, name: str) -> Channel | None:
        """The channel, or None."""
        for given in self._channels:
            if (given.get("kind", "MessageChannel"), given["name"]) == (kind, name):
                return Channel(kind, name, given["spec"], given.get("secret") or {})
        return None


class GivenEvents:
    """The list `recordedEvents` of the context."""

    def __init__(self, context: dict[str, Any]) -> None:
        self._events: list[dict[str, Any]] = context.setdefault("recordedEvents", [])

    def record(self, alias: str, message: str, *, action: str, actor: str, data: Mapping[str, str]) -> bool:
        """Record once for the step of this alias."""
        if any(event["step"] == alias for event in self._events):
            return False
        event = {"step": alias, "message": message, "type": action, "actor": actor, "data": dict(data)}
        self._events.append(event)
        return True
