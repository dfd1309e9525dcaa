"""Small live parts of pages: answered with an ETag, and with 304 while they would read the same."""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response, patch_vary_headers


def render_part(request: HttpRequest, template: str, *, shown: object, context: dict[str, Any]) -> HttpResponse:
    """The part, or 304. `shown` is a frozen dataclass (or a tuple) of all facts that the part draws.

    A field that changes by the passing of time alone (elapsed seconds) is left out of the dataclass's repr.
    """
    tag = f'W/"{hashlib.sha256(repr(shown).encode()).hexdigest()[:32]}"'
    unchanged = get_conditional_response(request, etag=tag)
    response = unchanged if unchanged is not None else render(request, template, context)
    response["ETag"] = tag
    # The browser may keep it, but must ask about it each time.
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ("HX-Request", "Cookie"))
    return response
