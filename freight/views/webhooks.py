"""Webhooks of a project: where do senders knock, and what did they bring?"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from freight.queries.webhooks import list_deliveries, list_receivers
from projects.access import Action, Rights, get_project_or_404
from projects.http import render_page


@require_GET
def webhooks(request: HttpRequest, project_name: str) -> HttpResponse:
    """Receivers and deliveries for every member; addresses and payloads for those who may configure."""
    project = get_project_or_404(request.user, project_name, Action.VIEW)
    rights = Rights(request.user, project)
    can_edit = rights.allows(Action.EDIT)
    base_url = settings.BASE_URL or request.build_absolute_uri("/").rstrip("/")
    receiver = request.GET.get("receiver", "")
    context = {
        "project": project,
        "receivers": list_receivers(project, base_url=base_url, with_urls=can_edit),
        "deliveries": list_deliveries(project, receiver=receiver),
        "receiver": receiver,
        "can_edit": can_edit,
        "why_not": rights.refusal(Action.EDIT),
        "active_tab": "members",
        "active_section": "webhooks",
    }
    return render_page(request, "freight/webhooks.html", context=context)
