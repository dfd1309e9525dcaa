"""Lines of a promotion's log: a range as page and part, and the whole as a text file."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from projects.http import render_page
from promotions.queries.log import iterate_text, read_range
from promotions.views.promotion import get_promotion

# The longest range at once, in lines.
_MOST_LINES = 2000


@require_GET
def promotion_log(request: HttpRequest, project_name: str, number: int) -> HttpResponse:
    """`?from=&to=`: these lines, both ends included; `whole=1` does not cut long lines."""
    promotion, _ = get_promotion(request, project_name, number)
    first = max(1, _read_number(request, "from", 1))
    last = min(_read_number(request, "to", promotion.log_line_count), first + _MOST_LINES - 1)
    context = {
        "project": promotion.project,
        "active_tab": "promotions",
        "promotion": promotion,
        "part": read_range(promotion, first, last, whole_lines=request.GET.get("whole") == "1"),
        "first": first,
        "last": last,
    }
    return render_page(
        request, "promotions/promotion_log.html", partial="promotions/_log_lines.html", context=context
    )


@require_GET
def promotion_log_text(request: HttpRequest, project_name: str, number: int) -> HttpResponse:
    """The whole log as a text file, with times and without colours."""
    promotion, _ = get_promotion(request, project_name, number)
    response = HttpResponse(iterate_text(promotion), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{project_name}-{number}.txt"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _read_number(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default
