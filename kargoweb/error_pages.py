"""Answers to what no view handled: unknown addresses, refused forms, and our own faults."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

_FORM_EXPIRED = "The form was too old or came from another site. Go back, reload the page and send it again."


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403 that no rule of ours raised."""
    return render(request, "errors/403.html", status=403)


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of the protection against forged forms (CSRF_FAILURE_VIEW)."""
    return render(request, "errors/403.html", {"message": _FORM_EXPIRED}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 of an address that no view has."""
    return render(request, "errors/404.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """500; drawn without the request, for reading the session may be what failed."""
    request_id = getattr(request, "id", "")
    return HttpResponse(render_to_string("errors/500.html", {"request": {"id": request_id}}), status=500)
