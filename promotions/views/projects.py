"""The list of projects: where must I look first?"""

from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from projects.http import render_page
from promotions.queries.projects import list_people_to_ask, list_projects


@require_GET
def projects(request: HttpRequest) -> HttpResponse:
    """Every project the person may see, exceptions first; the list asks for itself again every 10 s."""
    user = request.user
    if not isinstance(user, User):
        raise TypeError("only a signed-in person has projects; keep LoginRequiredMiddleware on")
    text, show = request.GET.get("q", ""), request.GET.get("show", "")
    found = list_projects(user, text=text, show=show)
    context = {
        "found": found,
        "page": Paginator(found.rows, 50).get_page(request.GET.get("page", "1")),
        "people": [] if found.total or user.is_superuser else list_people_to_ask(),
        "text": text,
        "show": show,
        "active_bar": "projects",
    }
    return render_page(request, "promotions/projects.html", partial="promotions/_project_list.html", context=context)
