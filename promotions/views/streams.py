"""The addresses of the event streams, for servers that cannot stream: the ASGI application answers them itself."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from projects.access import Action, get_project_or_404
from promotions.views.promotion import get_promotion

_TEXT = "Event streams need an ASGI server: uvicorn kargoweb.asgi:application\n"


@require_GET
def events(request: HttpRequest, project_name: str) -> HttpResponse:
    """Reached only without the ASGI application; pages then refresh by polling."""
    get_project_or_404(request.user, project_name, Action.VIEW)
    return _refuse()


@require_GET
def log_stream(request: HttpRequest, project_name: str, number: int) -> HttpResponse:
    """As `events`."""
    get_promotion(request, project_name, number)
    return _refuse()


def _refuse() -> HttpResponse:
    return HttpResponse(_TEXT, status=HTTPStatus.NOT_IMPLEMENTED, content_type="text/plain; charset=utf-8")
