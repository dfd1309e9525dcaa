"""What the steps of a promotion ask of people: the live part of its page, and the answers."""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from projects.errors import InvalidRequest, ObjectNotFound
from projects.http import wants_partial
from projects.parts import render_part
from projects.request_context import actor_of
from promotions.errors import AnswerRefused
from promotions.input_fields import read_values
from promotions.models import Promotion, StepRequest
from promotions.queries.promotion_requests import Sent, read_requests
from promotions.responses import Answer, respond
from promotions.views.promotion import get_promotion, render_promotion

_PART = "promotions/_promotion_requests.html"


@require_GET
def promotion_requests(request: HttpRequest, project_name: str, number: int) -> HttpResponse:
    """The open requests alone; 304 while they would read the same."""
    found, rights = get_promotion(request, project_name, number)
    part = read_requests(found, _person(request), rights)
    context = {"project": found.project, "requests": part, "now": timezone.now()}
    return render_part(request, _PART, shown=part, context=context)


@require_POST
def promotion_respond(request: HttpRequest, project_name: str, number: int, request_id: int) -> HttpResponse:
    """Answer one request; what cannot be taken comes back in the form."""
    found, rights = get_promotion(request, project_name, number)
    asked = _find(found, request_id)
    sent, answer = _read(request, asked)
    user = _person(request)
    try:
        if sent.value_errors:
            raise AnswerRefused({}, dict(sent.value_errors))
        respond(actor_of(request), user, asked, answer, rights=rights, now=timezone.now())
    except AnswerRefused as refusal:
        again = Sent(request_id, sent.typed, sent.message, refusal.fields, refusal.values)
        part = read_requests(found, user, rights, sent=again)
        if not wants_partial(request):
            return render_promotion(request, found, rights, requests=part, status=422)
        context = {"project": found.project, "requests": part, "now": timezone.now()}
        return render(request, _PART, context, status=422)
    if not wants_partial(request):
        return redirect("promotion", project_name, number)
    context = {"project": found.project, "requests": read_requests(found, user, rights), "now": timezone.now()}
    return render(request, _PART, context)


def _find(promotion: Promotion, pk: int) -> StepRequest:
    found = StepRequest.objects.select_related("promotion__project").filter(promotion=promotion, pk=pk).first()
    if found is None:
        raise ObjectNotFound(f"Promotion #{promotion.number} asks for nothing of that kind.")
    return found


def _read(request: HttpRequest, asked: StepRequest) -> tuple[Sent, Answer]:
    """What was typed, as it is shown again and as it is taken."""
    typed = {key: str(value) for key, value in request.POST.items()}
    message = typed.get("message", "")
    match typed.get("action"):
        case "reject":
            return Sent(asked.pk, typed, message), Answer("reject", message)
        case "approve":
            values, errors = read_values(asked.schema, typed) if asked.schema else ({}, {})
            return Sent(asked.pk, typed, message, value_errors=errors), Answer("approve", message, values)
    raise InvalidRequest("An answer is either approve or reject. Use the buttons of the form.")


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User):
        raise TypeError("only a signed-in person can be asked; protect the view with login_required")
    return request.user
