"""Takes what a sender brings: counts it, reads it, has warehouses look, keeps a record and answers.

Only rows are written here. News for promotions waits in the delivery until the package above takes it up.
Source: Kargo docs "Webhook Receivers", code `pkg/webhook/external`.
Differs: a limit for each receiver, and a delivery that was taken before is not taken again within a day.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from freight.models import Delivery, Receiver, Warehouse
from freight.receivers import answers
from freight.receivers.addresses import Configured, find_configured
from freight.receivers.base import (
    ActionPlan,
    Actions,
    Criterion,
    Inbound,
    Nothing,
    Notice,
    PullRequestClosed,
    Push,
    Refused,
)
from freight.receivers.records import find_sender_id, is_repeat, read_inbound, remember, write_delivery
from freight.receivers.targets import choose_warehouses, select_warehouses
from freight.requests import request_refresh
from integrations.git.urls import normalize_git_url
from projects.actors import Actor, controller
from projects.audit import record
from projects.errors import DomainError
from projects.models import Project

WINDOW = timedelta(minutes=1)
REPEATED = "delivery received before, nothing done"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the sender is answered. Without a delivery nothing was kept."""

    status: int
    body: dict[str, Any]
    delivery: Delivery | None = None


@dataclass(slots=True)
class _Outcome:
    """What is to be done about a notice."""

    body: dict[str, Any] = field(default_factory=dict)
    result: str = ""
    status: int = 200
    warehouses: list[Warehouse] = field(default_factory=list)
    news: list[dict[str, Any]] = field(default_factory=list)
    is_genuine: bool = True
    is_repeat: bool = False


def receive(
    receiver: Receiver, configured: Configured, inbound: Inbound, *, limit_per_minute: int, now: datetime
) -> Reply:
    """One request of a sender, already found to be at its address."""
    if not _count(receiver, limit_per_minute, now):
        return Reply(429, {"error": "too many requests"})
    sender_id = find_sender_id(configured.sender, inbound)
    outcome = _read(configured, inbound)
    if outcome.is_genuine and is_repeat(receiver, sender_id, inbound.body, now=now):
        outcome = _Outcome({"msg": REPEATED}, "Received before, nothing done.", is_repeat=True)
    return _carry_out(receiver, configured, inbound, outcome, sender_id=sender_id, now=now)


def redeliver(actor: Actor, delivery: Delivery, *, now: datetime) -> Delivery:
    """Do again what a kept delivery asks for, by the present configuration. Raises DomainError."""
    receiver = delivery.receiver
    configured = find_configured(receiver)
    if configured is None:
        raise DomainError(f'Receiver "{receiver.name}" is not configured any more. Add it again to deliver to it.')
    inbound = read_inbound(delivery) if delivery.is_genuine else None
    if inbound is None:
        reason = "it is too large to be kept" if delivery.is_genuine else "it was refused"
        raise DomainError(f"This delivery cannot be delivered again: {reason}. Have the sender send it again.")
    outcome = _read(configured, inbound)
    with transaction.atomic():
        reply = _carry_out(
            receiver, configured, inbound, outcome, sender_id=delivery.sender_id, now=now, again=delivery
        )
        facts = {"event": delivery.event, "receivedAt": delivery.received_at.isoformat(), "result": outcome.result}
        record(
            actor,
            "redelivered",
            project=receiver.project,
            target_kind="WebhookReceiver",
            target_name=receiver.name,
            facts=facts,
            at=now,
        )
    if reply.delivery is None:
        raise RuntimeError("a redelivery is always kept")
    return reply.delivery


def _count(receiver: Receiver, limit: int, now: datetime) -> bool:
    """Count the request in the running minute; False when it has had enough."""
    rows = Receiver.objects.filter(pk=receiver.pk)
    is_over = Q(window_began_at__isnull=True) | Q(window_began_at__lte=now - WINDOW)
    if rows.filter(is_over).update(window_began_at=now, window_count=1):
        return True
    return rows.filter(window_count__lt=limit).update(window_count=F("window_count") + 1) == 1


def _read(configured: Configured, inbound: Inbound) -> _Outcome:
    try:
        notice = configured.sender.read(inbound, configured.secret, configured.config)
    except Refused as refusal:
        return _refuse(refusal)
    return _decide(configured.project, notice)


def _refuse(refusal: Refused) -> _Outcome:
    body = {"error": refusal.message} if refusal.message else {}
    text = f"Refused: {refusal.message or 'unauthorized'}."
    return _Outcome(body, text, refusal.status, is_genuine=False)


def _decide(project: Project | None, notice: Notice) -> _Outcome:
    if isinstance(notice, Nothing):
        return _Outcome({"msg": notice.message} if notice.message else {}, "Understood; nothing to do.")
    if isinstance(notice, Push):
        return _decide_push(project, notice)
    if isinstance(notice, PullRequestClosed):
        return _decide_pull_request(notice)
    return _decide_actions(project, notice)


def _decide_push(project: Project | None, push: Push) -> _Outcome:
    chosen = choose_warehouses(project, push)
    if chosen.concerned:
        text = f"Refreshed {_name(chosen.concerned)}."
    elif chosen.passed_over:
        what = ", ".join(filter(None, push.qualifiers)) or "this"
        text = f"The rules of {_name(chosen.passed_over)} leave out {what} or the files that changed."
    else:
        text = f"No warehouse watches {' or '.join(filter(None, push.repo_urls)) or 'a repository without a URL'}."
    return _Outcome(answers.say_warehouses(len(chosen.concerned)), text, warehouses=list(chosen.concerned))


def _decide_pull_request(closed: PullRequestClosed) -> _Outcome:
    news = {
        "kind": "pull-request",
        "url": closed.url,
        "repoURLs": [normalize_git_url(url) for url in closed.repo_urls if url],
        "number": closed.number,
    }
    return _Outcome(answers.say_promotions(0), "Looking for promotions that wait for this pull request.", news=[news])


def _decide_actions(project: Project | None, actions: Actions) -> _Outcome:
    outcome = _Outcome()
    said = []
    for position, plan in enumerate(actions.plans):
        warehouses = [row for item in _warehouse_criteria(plan) for row in select_warehouses(project, item)]
        outcome.warehouses += [row for row in warehouses if row not in outcome.warehouses]
        said.append(answers.say_action(plan, [(row.project.name, row.name) for row in warehouses]))
        outcome.news += [_write_criterion(position, item) for item in plan.criteria if item.kind == "Promotion"]
    outcome.body = {"results": said}
    outcome.status = 500 if answers.has_failed(said) else 200
    outcome.result = " ".join(_describe(plan, action) for plan, action in zip(actions.plans, said, strict=True))
    return outcome


def _warehouse_criteria(plan: ActionPlan) -> list[Criterion]:
    return [item for item in plan.criteria if item.kind == "Warehouse"]


def _write_criterion(position: int, item: Criterion) -> dict[str, Any]:
    return {
        "kind": "promotion",
        "action": position,
        "name": item.name,
        "labels": [list(pair) for pair in item.labels],
        "labelExpressions": [[key, operator, list(values)] for key, operator, values in item.label_expressions],
        "indices": [list(index) for index in item.indices],
    }


def _describe(plan: ActionPlan, said: dict[str, Any]) -> str:
    reason = f": {plan.reason}" if plan.reason else ""
    return f"{said['summary']}{reason}."


def _carry_out(
    receiver: Receiver,
    configured: Configured,
    inbound: Inbound,
    outcome: _Outcome,
    *,
    sender_id: str,
    now: datetime,
    again: Delivery | None = None,
) -> Reply:
    with transaction.atomic():
        for warehouse in outcome.warehouses:
            request_refresh(controller("webhook"), warehouse, now=now)
        if outcome.status < 300 and not outcome.is_repeat and again is None:
            remember(receiver, sender_id, inbound.body, now=now)
        delivery = write_delivery(
            receiver,
            inbound,
            event=configured.sender.describe(inbound),
            sender_id=sender_id,
            now=now,
            status=outcome.status,
            answer=outcome.body,
            result=outcome.result,
            is_genuine=outcome.is_genuine,
            is_repeat=outcome.is_repeat,
            redelivery_of=again,
            news=outcome.news,
            has_news=bool(outcome.news),
        )
    return Reply(outcome.status, outcome.body, delivery)


def _name(warehouses: tuple[Warehouse, ...]) -> str:
    return ", ".join(row.name for row in warehouses)
