"""Who may have which stream: the same session and the same right as for a page, asked before the first byte.

Runs in a thread, for it reads the database.
"""

from dataclasses import dataclass
from http import HTTPStatus
from importlib import import_module
from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest

from kargoweb.live.routes import Route
from projects.access import Action, get_project_or_404
from projects.errors import DomainError
from promotions.models import Promotion

_LARGEST_NUMBER = 2**31 - 1


class StreamRefused(Exception):
    """The stream may not be had; carries the HTTP status and a text for people."""

    def __init__(self, status: int, message: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


@dataclass(frozen=True, slots=True)
class Admitted:
    """What to send: changes of the project (or not), and the log of a promotion (or None) after a line."""

    project: str
    wants_changes: bool
    promotion_id: int | None
    promotion_number: int
    after: int
    # Seconds since the page was drawn; changes from then on are sent first.
    missed_seconds: float


def admit(scope: dict[str, Any], route: Route) -> Admitted:
    """Check the request. Raises StreamRefused."""
    if scope["method"] != "GET":
        raise StreamRefused(HTTPStatus.METHOD_NOT_ALLOWED, "Only GET.", ((b"allow", b"GET"),))
    request = ASGIRequest(scope, BytesIO())
    try:
        request.get_host()
    except DisallowedHost:
        raise StreamRefused(HTTPStatus.BAD_REQUEST, "This site does not answer to that host name.") from None
    engine = import_module(settings.SESSION_ENGINE)
    request.session = engine.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = get_user(request)
    if not user.is_authenticated:
        raise StreamRefused(HTTPStatus.UNAUTHORIZED, "Sign in first.")
    try:
        project = get_project_or_404(user, route.project, Action.VIEW)
    except DomainError as error:
        raise StreamRefused(error.status, error.message) from None
    number = route.promotion if route.promotion is not None else _read_number(request, "log")
    promotion_id = None
    if number:
        rows = Promotion.objects.filter(project=project, number=number)
        promotion_id = rows.values_list("pk", flat=True).first()
        if promotion_id is None:
            raise StreamRefused(HTTPStatus.NOT_FOUND, f"There is no promotion #{number}.")
    return Admitted(
        project=project.name,
        wants_changes=route.promotion is None,
        promotion_id=promotion_id,
        promotion_number=number,
        after=max(_read_number(request, "after"), _as_number(request.headers.get("Last-Event-ID", ""))),
        missed_seconds=_read_number(request, "age") / 1000,
    )


def _read_number(request: ASGIRequest, name: str) -> int:
    return _as_number(request.GET.get(name, ""))


def _as_number(text: str) -> int:
    """A number a client sent; anything else counts as 0: the start."""
    return min(int(text), _LARGEST_NUMBER) if text.isascii() and text.isdigit() and len(text) < 12 else 0
