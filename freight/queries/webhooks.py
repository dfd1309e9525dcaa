"""What the page of a project's webhooks shows: receivers with their addresses, deliveries with what came of them."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from freight.models import Delivery
from freight.receivers.addresses import Configured, list_configured
from freight.receivers.records import KEPT, read_body
from projects.errors import ObjectNotFound
from projects.models import Project

# Characters of a payload that a page shows.
_SHOWN = 20_000


@dataclass(frozen=True, slots=True)
class ReceiverCard:
    """One receiver. `url` is empty for who may not know it, and while there is a problem with the secret."""

    name: str
    title: str
    secret_name: str
    secret_key: str
    is_open: bool
    url: str
    problem: str
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery; `phase` and `word` say how it ended."""

    pk: int
    receiver: str
    event: str
    received_at: datetime
    status: int
    phase: str
    word: str
    result: str
    is_redelivery: bool


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """One delivery in full. `cut` is how many characters of the payload are left out."""

    row: DeliveryRow
    sender_id: str
    size_bytes: int
    headers: list[tuple[str, str]]
    payload: str
    cut: int
    answer: str
    why_not_again: str


def list_receivers(project: Project, *, base_url: str, with_urls: bool) -> list[ReceiverCard]:
    """The project's receivers in their order."""
    newest = dict(
        Delivery.objects.filter(receiver__project=project)
        .order_by("received_at", "pk")
        .values_list("receiver__name", "received_at")
    )
    return [_card(item, base_url if with_urls else "", newest.get(item.name)) for item in list_configured(project)]


def list_deliveries(project: Project, *, receiver: str = "") -> list[DeliveryRow]:
    """The newest deliveries of one receiver, or of all."""
    rows = _of(project).defer("sealed_body", "headers", "query", "answer")
    if receiver:
        rows = rows.filter(receiver__name=receiver)
    return [_row(delivery) for delivery in rows[:KEPT]]


def get_delivery(project: Project, pk: int) -> Delivery:
    """A delivery of the project. Raises ObjectNotFound."""
    delivery = _of(project).filter(pk=pk).first()
    if delivery is None:
        raise ObjectNotFound(f'There is no such delivery in "{project.name}"; only the newest {KEPT} are kept.')
    return delivery


def describe_delivery(delivery: Delivery) -> DeliveryPage:
    """Everything that is known of a delivery."""
    payload = _show_payload(read_body(delivery))
    why_not = ""
    if not delivery.is_genuine:
        why_not = "It was refused, so there is nothing to do again."
    elif not delivery.sealed_body:
        why_not = "It was too large to be kept."
    return DeliveryPage(
        row=_row(delivery),
        sender_id=delivery.sender_id,
        size_bytes=delivery.size_bytes,
        headers=[(name, value) for name, value in delivery.headers],
        payload=payload[:_SHOWN],
        cut=max(0, len(payload) - _SHOWN),
        answer=json.dumps(delivery.answer, indent=2, ensure_ascii=False),
        why_not_again=why_not,
    )


def _of(project: Project) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(receiver__project=project).select_related("receiver__project")
    return rows.order_by("-received_at", "-pk")


def _card(item: Configured, base_url: str, last_at: datetime | None) -> ReceiverCard:
    return ReceiverCard(
        name=item.name,
        title=item.sender.title,
        secret_name=(item.config.get("secretRef") or {}).get("name") or "",
        secret_key=item.sender.secret_key,
        is_open=item.sender.is_open,
        url=f"{base_url}{item.path}" if base_url and item.path else "",
        problem=item.problem,
        last_at=last_at,
    )


def _row(delivery: Delivery) -> DeliveryRow:
    phase, word = _judge(delivery)
    return DeliveryRow(
        pk=delivery.pk,
        receiver=delivery.receiver.name,
        event=delivery.event or "unnamed",
        received_at=delivery.received_at,
        status=delivery.status,
        phase=phase,
        word=word,
        result=delivery.result,
        is_redelivery=delivery.redelivery_of_id is not None,
    )


def _judge(delivery: Delivery) -> tuple[str, str]:
    if delivery.is_repeat:
        return "Skipped", "Repeated"
    if delivery.status < 400:
        return "Succeeded", "Taken"
    return ("Failed", "Refused") if delivery.status < 500 else ("Errored", "Failed")


def _show_payload(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
