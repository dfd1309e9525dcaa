"""One delivery of a webhook: its payload and what came of it; deliver it again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from freight.queries.webhooks import describe_delivery, get_delivery
from freight.receivers.receiving import redeliver
from projects.access import Action, get_project_or_404
from projects.http import render_page
from projects.request_context import actor_of


@require_GET
def webhook_delivery(request: HttpRequest, project_name: str, pk: int) -> HttpResponse:
    """The delivery in full."""
    project = get_project_or_404(request.user, project_name, Action.EDIT)
    context = {
        "project": project,
        "delivery": describe_delivery(get_delivery(project, pk)),
        "active_tab": "members",
        "active_section": "webhooks",
    }
    return render_page(request, "freight/webhook_delivery.html", context=context)


@require_POST
def webhook_redeliver(request: HttpRequest, project_name: str, pk: int) -> HttpResponse:
    """Do again what it asks for, and show what came of it."""
    project = get_project_or_404(request.user, project_name, Action.EDIT)
    again = redeliver(actor_of(request), get_delivery(project, pk), now=timezone.now())
    messages.success(request, f"Delivered again. {again.result}")
    return redirect("webhook-delivery", project.name, again.pk)
