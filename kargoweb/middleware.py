"""Turns a DomainError into what the asker can use: a toast for htmx, JSON for programs, a page for people."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from projects.errors import DomainError
from projects.http import wants_partial

Handler = Callable[[HttpRequest], HttpResponse]


class DomainErrors:
    """Middleware: answer a DomainError with its own status and message."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Called by Django for an exception of a view; None hands anything else on."""
        if not isinstance(error, DomainError):
            return None
        if request.headers.get("Accept") == "application/json":
            return JsonResponse({"error": error.message}, status=error.status)
        context = {"message": error.message, "status": error.status}
        if wants_partial(request):
            response = render(request, "components/toast.html", context, status=error.status)
            response["HX-Retarget"] = "#toasts"
            response["HX-Reswap"] = "beforeend"
            return response
        return render(request, [f"errors/{error.status}.html", "errors/error.html"], context, status=error.status)
