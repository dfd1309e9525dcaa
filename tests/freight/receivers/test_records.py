"""The record of deliveries: what is kept, for how long, and without secrets."""

from datetime import timedelta

import pytest
from django.utils import timezone

from freight.models import Delivery, Receiver, SeenDelivery, Warehouse
from freight.receivers.addresses import find_receiver, list_configured
from freight.receivers.base import Inbound
from freight.receivers.receiving import receive, redeliver
from freight.receivers.records import KEPT, MAX_KEPT_BYTES, read_body, read_inbound, write_delivery
from projects.actors import OPERATOR
from projects.errors import DomainError
from projects.models import AuditEntry, Project
from tests.factories import make_project, make_warehouse
from tests.freight.receivers import samples
from tests.freight.receivers.samples import GIT, SECRET, Sample
from tests.freight.receivers.setup import configure, make_receiver


@pytest.fixture
def project(db: None) -> Project:
    project = make_project("shop")
    make_warehouse(project, subscriptions=[{"git": {"repoURL": GIT}}])
    return project


def take(project: Project, sample: Sample, **headers: str) -> Delivery:
    path = make_receiver(project, sample.sender) if not Receiver.objects.exists() else _path(project)
    found = find_receiver(*path.removeprefix("/webhooks/").split("/"))
    assert found
    sent = {**sample.signed(), **headers}
    inbound = Inbound(sample.body, tuple((name.lower(), value) for name, value in sent.items()))
    reply = receive(*found, inbound, limit_per_minute=1000, now=timezone.now())
    assert reply.delivery
    return reply.delivery


def _path(project: Project) -> str:
    return list_configured(project)[0].path


@pytest.mark.parametrize(
    "sample", [samples.github_push(), samples.gitlab_push(), samples.harbor("1"), samples.artifactory()]
)
def test_headers_that_prove_who_sends_are_not_kept(project: Project, sample: Sample) -> None:
    delivery = take(project, sample, Cookie="a=b", Accept="application/json", **{"X-Api-Key": "k3y"})

    kept = dict(delivery.headers)
    assert kept["accept"] == "application/json"
    assert {name.lower() for name in sample.headers} <= set(kept)
    assert SECRET not in str(kept)
    assert "sha256=" not in str(kept)
    assert not {"cookie", "x-api-key", "authorization", "x-jfrog-event-auth"} & set(kept)


def test_the_body_is_kept_as_it_was_sent_and_encrypted(project: Project) -> None:
    sample = Sample("github", {"X-GitHub-Event": "push"}, samples.github_push().body + b"\n ", "github")

    delivery = take(project, sample)
    delivery.refresh_from_db()

    assert read_body(delivery) == sample.body
    assert b"refs/heads" not in bytes(delivery.sealed_body)
    assert delivery.size_bytes == len(sample.body)


def test_a_body_that_stays_large_is_not_kept(project: Project) -> None:
    noise = "".join(f"{number * 7919:x}" for number in range(MAX_KEPT_BYTES // 2))
    delivery = take(project, samples.github_push(after=noise))

    assert (bytes(delivery.sealed_body), read_inbound(delivery)) == (b"", None)
    with pytest.raises(DomainError, match="too large to be kept"):
        redeliver(OPERATOR, delivery, now=timezone.now())


def test_the_newest_fifty_of_each_receiver_are_kept(project: Project) -> None:
    other = make_project("other")
    kept = take(other, samples.github("ping", {}))
    Receiver.objects.update(name="elsewhere", project=None)
    first = take_at(project, 0)
    for number in range(1, KEPT + 1):
        last = take_at(project, number)

    of_receiver = Delivery.objects.filter(receiver=last.receiver)
    assert of_receiver.count() == KEPT
    assert not of_receiver.filter(pk=first.pk).exists()
    assert of_receiver.first() == last
    assert Delivery.objects.filter(pk=kept.pk).exists()


def take_at(project: Project, number: int) -> Delivery:
    receiver, _ = Receiver.objects.get_or_create(project=project, name="hook", defaults={"sender": "github"})
    at = timezone.now() + timedelta(seconds=number)
    return write_delivery(receiver, Inbound(b"{}"), event="push", sender_id="", result="", now=at, status=200)


def test_redelivering_does_it_again_without_a_signature_and_is_on_record(project: Project) -> None:
    delivery = take(project, samples.github_push(), **{"X-GitHub-Delivery": "one"})
    Warehouse.objects.update(refresh_requested_at=None)

    again = redeliver(OPERATOR, Delivery.objects.get(), now=timezone.now())

    assert (again.redelivery_of, again.result, again.is_repeat) == (delivery, "Refreshed main.", False)
    assert Warehouse.objects.get().refresh_requested_at
    entry = AuditEntry.objects.get(action="redelivered")
    assert (entry.target_kind, entry.target_name, entry.project) == ("WebhookReceiver", "github", project)
    assert SeenDelivery.objects.count() == 1


def test_what_was_refused_is_not_delivered_again(project: Project) -> None:
    delivery = take(project, samples.github_push(), **{"X-Hub-Signature-256": "sha256=00"})

    with pytest.raises(DomainError, match="it was refused"):
        redeliver(OPERATOR, delivery, now=timezone.now())
    assert Warehouse.objects.get().refresh_requested_at is None


def test_a_receiver_that_is_gone_takes_no_redelivery(project: Project) -> None:
    delivery = take(project, samples.github_push())
    configure(project)

    with pytest.raises(DomainError, match="is not configured any more"):
        redeliver(OPERATOR, delivery, now=timezone.now())


def test_a_redelivery_keeps_the_query_of_the_first(project: Project) -> None:
    action = {
        "action": "Refresh",
        "whenExpression": 'request.params("go") == "yes"',
        "targetSelectionCriteria": [{"kind": "Warehouse", "name": "main"}],
    }
    path = make_receiver(project, "generic", actions=[action])
    found = find_receiver(*path.removeprefix("/webhooks/").split("/"))
    assert found
    inbound = Inbound(b"{}", query=(("go", "yes"),))
    reply = receive(*found, inbound, limit_per_minute=9, now=timezone.now())
    assert reply.delivery

    assert redeliver(OPERATOR, reply.delivery, now=timezone.now()).answer == reply.body
    assert reply.body["results"][0]["result"] == "Success"
