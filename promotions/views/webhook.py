"""Where webhooks come in: what senders tell us, for warehouses to look and promotions to go on.

Source: Kargo code `pkg/webhook/external/router.go`.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from freight.receivers.addresses import find_receiver
from freight.receivers.base import Inbound
from freight.receivers.receiving import WINDOW, receive
from promotions.news import take_up


@login_not_required
@csrf_exempt
@never_cache
def webhook(request: HttpRequest, sender: str, digest: str) -> JsonResponse:
    """One delivery; the method does not matter, as in Kargo. The secret path says whose it is."""
    found = find_receiver(sender, digest)
    if found is None:
        return JsonResponse({}, status=404)
    body = _read_body(request, settings.WEBHOOK_MAX_BYTES)
    if body is None:
        message = f"content exceeds limit of {settings.WEBHOOK_MAX_BYTES} bytes"
        return JsonResponse({"error": message}, status=413)
    inbound = Inbound(body, headers=_list_headers(request), query=_list_parameters(request))
    now = timezone.now()
    reply = receive(*found, inbound, limit_per_minute=settings.WEBHOOKS_PER_MINUTE, now=now)
    answer: dict[str, Any] = reply.body
    if reply.delivery is not None and reply.delivery.has_news:
        answer = take_up(reply.delivery, now=now).answer
    response = JsonResponse(answer, status=reply.status)
    if reply.status == 429:
        response["Retry-After"] = str(int(WINDOW.total_seconds()))
    return response


def _read_body(request: HttpRequest, limit: int) -> bytes | None:
    """The raw body, or None when it is too long, or longer than it said."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > limit:
        return None
    try:
        body = request.body
    except (RequestDataTooBig, UnreadablePostError):
        return None
    return body if len(body) <= limit else None


def _list_headers(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    """Each header as often as it came; without a scope (WSGI) repeated ones are joined already."""
    scope = getattr(request, "scope", None)
    if scope is not None:
        raw = [(name.decode("latin-1"), value) for name, value in scope["headers"]]
    else:
        raw = [(name, value.encode("latin-1", "replace")) for name, value in request.headers.items()]
    return tuple((name.lower(), value.decode("utf-8", "surrogateescape")) for name, value in raw)


def _list_parameters(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, values in request.GET.lists() for value in values)
