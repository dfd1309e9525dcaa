"""Choose light, dark or the system's theme; kept in a cookie, so that the first paint is right."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

THEMES = frozenset({"light", "dark", "system"})
_KEPT = timedelta(days=365)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Set the cookie and go back to where the form stood; an unknown theme means the system's."""
    chosen = request.POST.get("theme", "")
    back = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    response = redirect(back if here else "projects")
    response.set_cookie(
        "theme",
        chosen if chosen in THEMES else "system",
        max_age=_KEPT,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response
