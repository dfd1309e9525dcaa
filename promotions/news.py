"""News from webhooks: promotions that wait for what a delivery tells of go on at once.

Source: Kargo code `pkg/webhook/external/refresh.go` (promotions by pull request).
Differs: promotions in `git-merge-pr` are woken too; a pull request is known by its web address or by repository and
number, whichever the sender and the step have in common.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from freight.models import Delivery
from freight.receivers import answers
from freight.receivers.base import Criterion
from freight.receivers.targets import fits
from integrations.git.urls import normalize_git_url
from projects.models import Project
from projects.wakeup import wake
from promotions.models import Promotion, StepRun
from promotions.phases import LIVE, Phase

WAITING_STEPS = ("git-wait-for-pr", "git-merge-pr")
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class _Woken:
    """One piece of news and the promotions it concerns."""

    news: Mapping[str, Any]
    promotions: tuple[Promotion, ...]


def take_up_news(*, now: datetime) -> None:
    """Take up what deliveries brought since the last look."""
    for delivery in Delivery.objects.filter(has_news=True).order_by("pk")[:_AT_ONCE]:
        take_up(delivery, now=now)


def take_up(delivery: Delivery, *, now: datetime) -> Delivery:
    """Make the promotions due that a delivery concerns, and complete its answer; the second time nothing happens."""
    project = delivery.receiver.project
    woken = [_Woken(item, tuple(_find(project, item))) for item in delivery.news]
    with transaction.atomic():
        if Delivery.objects.filter(pk=delivery.pk, has_news=True).update(has_news=False) != 1:
            delivery.refresh_from_db()
            return delivery
        promotions = {row.pk: row for entry in woken for row in entry.promotions}
        for pk in promotions:
            # A pass that runs at this moment keeps this time: the promotion is looked at again after it.
            Promotion.objects.filter(pk=pk, phase__in=LIVE).update(due_at=now)
            wake("promotions.run_pass", pk)
        delivery.has_news = False
        delivery.answer = _complete(delivery.answer, woken)
        delivery.result = _describe(delivery, list(promotions.values()))
        delivery.save(update_fields=["answer", "result"])
    return delivery


def _describe(delivery: Delivery, promotions: Sequence[Promotion]) -> str:
    named = ", ".join(f"#{row.number} ({row.stage_name})" for row in promotions)
    if any(item["kind"] == "pull-request" for item in delivery.news):
        return f"Woke promotion {named}." if named else "No promotion waits for this pull request."
    return f"{delivery.result} Woke promotion {named}." if named else delivery.result


def _complete(answer: Mapping[str, Any], woken: Iterable[_Woken]) -> dict[str, Any]:
    completed = dict(answer)
    for entry in woken:
        if entry.news["kind"] == "pull-request":
            completed = dict(answers.say_promotions(len(entry.promotions)))
            continue
        position, results = entry.news["action"], list(completed["results"])
        targets = [(row.project.name, row.name) for row in entry.promotions]
        results[position] = answers.add_targets(results[position], targets)
        completed["results"] = results
    return completed


def _find(project: Project | None, news: Mapping[str, Any]) -> list[Promotion]:
    if news["kind"] == "pull-request":
        return _find_waiting(project, news)
    criterion = Criterion(
        kind="Promotion",
        name=news["name"],
        labels=tuple((key, value) for key, value in news["labels"]),
        label_expressions=tuple((key, operator, tuple(values)) for key, operator, values in news["labelExpressions"]),
        indices=tuple((key, operator, value) for key, operator, value in news["indices"]),
    )
    rows = Promotion.objects.filter(phase__in=LIVE, **_within(project)).select_related("project")
    # Promotions have no labels here, and subscribe to nothing.
    return [row for row in rows if fits(criterion, row.name, {}, ())]


def _find_waiting(project: Project | None, news: Mapping[str, Any]) -> list[Promotion]:
    runs = StepRun.objects.filter(
        kind__in=WAITING_STEPS,
        index=F("promotion__current_step"),
        promotion__phase=Phase.RUNNING,
        **{f"promotion__{key}": value for key, value in _within(project).items()},
    ).select_related("promotion__project")
    return [run.promotion for run in runs if _waits_for(run, news)]


def _waits_for(run: StepRun, news: Mapping[str, Any]) -> bool:
    output = run.shown_output if isinstance(run.shown_output, dict) else {}
    shown = output.get("pr")
    if news["url"] and isinstance(shown, dict) and shown.get("url") == news["url"]:
        return True
    config = run.shown_config if isinstance(run.shown_config, dict) else {}
    url, number = config.get("repoURL"), config.get("prNumber")
    if not news["number"] or not isinstance(url, str) or str(number) != str(news["number"]):
        return False
    return normalize_git_url(url) in news["repoURLs"]


def _within(project: Project | None) -> dict[str, Any]:
    return {} if project is None else {"project": project}
