"""A person's own page: who they are here, their roles, the theme, the way out."""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from projects.http import render_page
from projects.queries.me import list_memberships


@require_GET
def me(request: HttpRequest) -> HttpResponse:
    """Profile of the signed-in person."""
    memberships = list_memberships(request.user) if isinstance(request.user, User) else []
    return render_page(request, "projects/me.html", context={"memberships": memberships, "active_bar": "me"})
