"""Shared web plumbing: one URL serves a page and its htmx part; only this module decides which."""

from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

Row = TypeVar("Row", bound=Model)


class HtmxRequest(HttpRequest):
    """A request with django-htmx's details."""

    htmx: HtmxDetails


def wants_partial(request: HttpRequest) -> bool:
    """True for an htmx request that swaps a part: not boosted, not a restore of history."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def render_page(
    request: HttpRequest, page: str, *, partial: str = "", context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render `partial` for an htmx request of a part, else the whole `page`, which includes it."""
    template = partial if partial and wants_partial(request) else page
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ("HX-Request",))
    return response


def page_of(rows: "QuerySet[Row]", number: str, *, size: int = 50) -> "Page[Row]":
    """One page of rows; a number out of range gives the nearest page."""
    return Paginator(rows, size).get_page(number)
