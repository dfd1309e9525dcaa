"""Writes log rows and ends promotions as the engine does, without a lease."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from projects.notices import announce
from promotions.models import LogBatch, Promotion
from promotions.phases import Phase


def write_batch(promotion: Promotion, lines: Sequence[Sequence[str]], *, step_index: int = 0) -> None:
    """Add consecutive lines [stream, text] and tell the watchers."""
    now = timezone.now()
    with transaction.atomic():
        Promotion.objects.filter(pk=promotion.pk).update(log_line_count=F("log_line_count") + len(lines))
        last = Promotion.objects.values_list("log_line_count", flat=True).get(pk=promotion.pk)
        LogBatch.objects.create(
            promotion=promotion,
            step_index=step_index,
            first_line=last - len(lines) + 1,
            last_line=last,
            lines=[list(line) for line in lines],
            at=now,
        )
        announce(promotion.project, f"log:{promotion.number}", now=now)


def end_promotion(promotion: Promotion, phase: Phase = Phase.SUCCEEDED) -> None:
    """Move it to its end and tell the watchers."""
    now = timezone.now()
    with transaction.atomic():
        Promotion.objects.filter(pk=promotion.pk).update(phase=phase, finished_at=now, version=F("version") + 1)
        announce(promotion.project, f"promotion:{promotion.number}", now=now)
