"""The demo's button: make a new release."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from projects.access import Action, get_project_or_404
from projects.wakeup import send


@require_POST
def new_release(request: HttpRequest) -> HttpResponse:
    """Ask a worker for a release; whoever may refresh warehouses may."""
    get_project_or_404(request.user, "guestbook", Action.REFRESH)
    if send("demo.release"):
        text = "A new release is on its way: a commit and an image. Freight follows in a few seconds."
        messages.success(request, text)
    else:
        messages.error(request, "No release was made, for the broker does not answer. Try again in a few seconds.")
    return redirect("pipeline", "guestbook")
