"""What every request carries: an id for logs and audit, the actor behind it, and what the page shell shows."""

import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse

from projects.actors import Actor

Handler = Callable[[HttpRequest], HttpResponse]


def request_id(get_response: Handler) -> Handler:
    """Middleware: give each request an id, shown on error pages and kept in the audit log."""

    def handle(request: HttpRequest) -> HttpResponse:
        request.id = uuid.uuid4().hex[:16]  # type: ignore[attr-defined]
        response = get_response(request)
        response["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        return response

    return handle


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in person as an actor."""
    user = request.user
    if not isinstance(user, User):
        raise TypeError("only a signed-in person can act; protect the view with login_required")
    return Actor(
        label=f"email:{user.email}" if user.email else f"username:{user.username}",
        name=user.get_full_name() or user.username,
        user_id=user.pk,
        ip_address=request.META.get("REMOTE_ADDR") or None,
        request_id=getattr(request, "id", ""),
    )


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of base.html: the theme from its cookie, so that the first paint is right."""
    theme = request.COOKIES.get("theme", "system")
    return {"theme": theme if theme in {"light", "dark"} else "system", "is_demo": settings.DEMO}
