"""Stage: a place freight is promoted to."""

from typing import Any

from django.db import models

from projects.models import LeasedRow, Project


class Health(models.TextChoices):
    """Health of what a stage runs; the order is from best to worst."""

    HEALTHY = "Healthy", "Healthy"
    NOT_APPLICABLE = "NotApplicable", "Not applicable"
    PROGRESSING = "Progressing", "Progressing"
    UNKNOWN = "Unknown", "Unknown"
    UNHEALTHY = "Unhealthy", "Unhealthy"


class Stage(LeasedRow):
    """A stage; without promotion steps it is a control-flow stage that freight only passes through."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="stages")
    name = models.CharField(max_length=253)
    spec = models.JSONField(help_text="Kargo's Stage.spec, defaults filled in.")
    labels = models.JSONField(default=dict, blank=True)
    annotations = models.JSONField(default=dict, blank=True)
    source = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    generation = models.PositiveIntegerField(default=1)
    code = models.CharField(max_length=3, help_text="Three letters that stand for it on cards.")
    column = models.PositiveSmallIntegerField(default=0, help_text="Place on the map, from the left.")
    row = models.PositiveSmallIntegerField(default=0, help_text="Place on the map, from the top.")
    depth = models.PositiveSmallIntegerField(default=1, help_text="Colour 1 to 6; 6 is nearest production.")
    # Empty until the first promotion ended.
    health = models.CharField(max_length=16, choices=Health.choices, blank=True)
    health_issues = models.JSONField(default=list, blank=True)
    # When the checks of the last promotion are run next; None when it has none.
    health_due_at = models.DateTimeField(null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True, help_text="Written by the step set-metadata.")
    current_promotion = models.ForeignKey(
        "promotions.Promotion", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # The newest promotion whose end was recorded here, whatever its end.
    last_promotion = models.ForeignKey(
        "promotions.Promotion", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("column", "row", "name")
        constraints = (
            models.UniqueConstraint(fields=("project", "name"), name="stage_name_once"),
            models.UniqueConstraint(fields=("project", "code"), name="stage_code_once"),
        )
        indexes = (
            models.Index(fields=("due_at",), name="stage_due"),
            models.Index(
                fields=("health_due_at",), name="stage_health_due", condition=models.Q(health_due_at__isnull=False)
            ),
            models.Index(fields=("lease_until",), name="stage_leased", condition=models.Q(lease_until__isnull=False)),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def requested_freight(self) -> list[dict[str, Any]]:
        """`spec.requestedFreight`: [{"origin": {"kind", "name"}, "sources": {...}}]."""
        requests: list[dict[str, Any]] = self.spec["requestedFreight"]
        return requests

    @property
    def origins(self) -> list[str]:
        """Origin keys it requests, in the order of the manifest."""
        return [f"{r['origin']['kind']}/{r['origin']['name']}" for r in self.requested_freight]

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Steps of the promotion template; empty for a control-flow stage."""
        template = self.spec.get("promotionTemplate") or {}
        steps: list[dict[str, Any]] = (template.get("spec") or {}).get("steps") or []
        return steps

    @property
    def is_control_flow(self) -> bool:
        """True when freight only passes through: there are no steps to run."""
        return not self.steps
