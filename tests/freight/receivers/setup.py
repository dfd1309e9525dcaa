"""Receivers of a project as its ProjectConfig names them, with their secrets."""

from typing import Any

from django.utils import timezone

from freight.receivers.addresses import list_configured
from freight.receivers.registry import SENDERS
from projects.actors import OPERATOR
from projects.credentials import set_credential
from projects.models import ClusterConfig, Project, ProjectConfig
from tests.freight.receivers.samples import SECRET


def store_secret(project: Project | None, name: str, key: str, value: str = SECRET) -> None:
    """A generic secret with one value."""
    now = timezone.now()
    set_credential(OPERATOR, project=project, name=name, kind="generic", secrets={key: value}, now=now)


def configure(project: Project | None, *receivers: dict[str, Any]) -> None:
    """Make these the receivers of the project, or of the site, as applying a manifest does."""
    spec = {"webhookReceivers": list(receivers)}
    config: ProjectConfig | ClusterConfig | None
    if project is None:
        config = ClusterConfig.objects.first() or ClusterConfig(name="cluster", generation=0)
    else:
        config = ProjectConfig.objects.filter(project=project).first() or ProjectConfig(project=project, generation=0)
    config.spec, config.generation = spec, config.generation + 1
    config.save()


def receiver(sender: str, name: str = "", **more: Any) -> dict[str, Any]:
    """One entry of webhookReceivers; its secret is named after it."""
    name = name or sender
    return {"name": name, sender: {"secretRef": {"name": f"{name}-secret"}, **more}}


def make_receiver(project: Project | None, sender: str, **more: Any) -> str:
    """The only receiver of the project, with its secret; returns its path."""
    store_secret(project, f"{sender}-secret", SENDERS[sender].secret_key)
    configure(project, receiver(sender, **more))
    return list_configured(project)[0].path
