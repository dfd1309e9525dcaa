"""News from webhooks: promotions that wait for a pull request go on at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from freight.models import Delivery
from projects.models import Project
from promotions.models import Promotion, StepRun
from promotions.news import take_up_news
from promotions.phases import Phase, StepStatus
from tests.factories import make_freight, make_project, make_promotion, make_stage, make_warehouse
from tests.freight.receivers import samples
from tests.freight.receivers.samples import GIT, GIT_SSH, Sample
from tests.freight.receivers.setup import make_receiver

LATER = timedelta(minutes=5)


@pytest.fixture
def project(db: None) -> Project:
    project = make_project("shop")
    make_warehouse(project)
    return project


def make_waiting(
    project: Project, kind: str = "git-wait-for-pr", *, stage: str = "test", phase: Phase = Phase.RUNNING, **run: Any
) -> Promotion:
    """A promotion whose second step waits for a pull request and is to look again in five minutes."""
    warehouse = project.warehouses.get()
    row = make_stage(project, stage, warehouse=warehouse)
    promotion = make_promotion(
        row, make_freight(warehouse), phase=phase, current_step=1, due_at=timezone.now() + LATER
    )
    shown = {"shown_config": {"repoURL": GIT, "prNumber": 42}, "shown_output": None, **run}
    StepRun.objects.create(promotion=promotion, index=0, alias="open", kind="git-open-pr", status="Succeeded")
    StepRun.objects.create(promotion=promotion, index=1, alias="wait", kind=kind, status=StepStatus.RUNNING, **shown)
    return promotion


def send(project: Project | None, sample: Sample, **config: Any) -> Any:
    path = make_receiver(project, sample.sender, **config)
    return Client().post(path, sample.body, content_type="application/json", headers=sample.signed())


def is_woken(promotion: Promotion) -> bool:
    promotion.refresh_from_db()
    return promotion.due_at is not None and promotion.due_at <= timezone.now()


CLOSED = {
    "github": samples.github_pull_request(),
    "gitlab merge": samples.gitlab_merge_request("merge"),
    "gitlab close": samples.gitlab_merge_request("close"),
    "gitea": samples.gitea_pull_request(),
    "bitbucket cloud": samples.bitbucket_cloud_pull_request("pullrequest:fulfilled"),
    "bitbucket data center": samples.bitbucket_server_pull_request("pr:declined"),
    "azure merged": samples.azure_devops("git.pullrequest.merged", pullRequestId=42),
    "azure abandoned": samples.azure_devops("git.pullrequest.updated", pullRequestId=42, status="abandoned"),
}


@pytest.mark.parametrize("sample", CLOSED.values(), ids=CLOSED)
def test_a_closed_pull_request_wakes_the_promotion_that_waits_for_it(project: Project, sample: Sample) -> None:
    promotion = make_waiting(project)

    answer = send(project, sample)

    assert (answer.status_code, answer.json()) == (200, {"msg": "refreshed 1 promotion(s)"})
    assert is_woken(promotion)
    delivery = Delivery.objects.get()
    assert (delivery.has_news, delivery.answer) == (False, {"msg": "refreshed 1 promotion(s)"})
    assert delivery.result == f"Woke promotion #{promotion.number} (test)."


WAITS = {
    "another number": {"shown_config": {"repoURL": GIT, "prNumber": 43}},
    "another repository": {"shown_config": {"repoURL": f"{GIT}x", "prNumber": 42}},
    "step not evaluated": {"shown_config": None},
    "another kind of step": {"kind": "http"},
    "queued": {"phase": Phase.PENDING},
}


@pytest.mark.parametrize("differs", WAITS.values(), ids=WAITS)
def test_other_promotions_sleep_on(project: Project, differs: dict[str, Any]) -> None:
    promotion = make_waiting(project, **differs)

    answer = send(project, samples.github_pull_request())

    assert answer.json() == {"msg": "refreshed 0 promotion(s)"}
    assert not is_woken(promotion)
    assert Delivery.objects.get().result == "No promotion waits for this pull request."


def test_a_step_that_is_over_waits_for_nothing(project: Project) -> None:
    promotion = make_waiting(project)
    Promotion.objects.filter(pk=promotion.pk).update(current_step=2)

    send(project, samples.github_pull_request())

    assert not is_woken(promotion)


KNOWN_BY = {
    "web address": {
        "shown_config": {},
        "shown_output": {"pr": {"url": "https://git.example.com/acme/config/pull/42", "open": True}},
    },
    "ssh address": {"shown_config": {"repoURL": GIT_SSH, "prNumber": 42}},
    "number as text": {"shown_config": {"repoURL": GIT.upper(), "prNumber": "42"}},
    "git-merge-pr": {"kind": "git-merge-pr"},
}


@pytest.mark.parametrize("known", KNOWN_BY.values(), ids=KNOWN_BY)
def test_a_pull_request_is_known_by_address_or_by_repository_and_number(
    project: Project, known: dict[str, Any]
) -> None:
    promotion = make_waiting(project, **known)

    send(project, samples.github_pull_request())

    assert is_woken(promotion)


def test_a_project_does_not_wake_promotions_of_another_but_the_site_does(project: Project) -> None:
    other = make_project("other")
    make_warehouse(other)
    promotion = make_waiting(other)

    assert send(project, samples.github_pull_request()).json() == {"msg": "refreshed 0 promotion(s)"}
    assert not is_woken(promotion)
    assert send(None, samples.github_pull_request()).json() == {"msg": "refreshed 1 promotion(s)"}
    assert is_woken(promotion)


def test_the_tick_takes_up_what_the_request_could_not(project: Project) -> None:
    promotion = make_waiting(project)
    send(project, samples.github_pull_request())
    Promotion.objects.filter(pk=promotion.pk).update(due_at=timezone.now() + LATER)
    Delivery.objects.update(has_news=True)

    take_up_news(now=timezone.now())

    assert is_woken(promotion)
    assert not Delivery.objects.filter(has_news=True).exists()


def test_a_pass_that_runs_meanwhile_looks_again_afterwards(project: Project) -> None:
    promotion = make_waiting(project, shown_output={"pr": {"id": 42}})
    Promotion.objects.filter(pk=promotion.pk).update(
        due_at=None, lease_owner="worker", lease_until=timezone.now() + LATER
    )

    send(project, samples.github_pull_request())

    assert is_woken(promotion)


def test_a_generic_receiver_wakes_a_promotion_by_its_name(project: Project) -> None:
    promotion = make_waiting(project)
    criteria = [{"kind": "Promotion", "name": "${{ request.body.name }}"}, {"kind": "Warehouse", "name": "main"}]
    action = {"action": "Refresh", "targetSelectionCriteria": criteria}

    answer = send(project, Sample("generic", {}, {"name": promotion.name}), actions=[action])

    assert is_woken(promotion)
    result = answer.json()["results"][0]
    assert {target["name"] for target in result["selectedTargets"]} == {"main", promotion.name}
    assert (result["result"], result["summary"]) == ("Success", "Refreshed 2 of 2 selected resources")
    assert f"#{promotion.number}" in Delivery.objects.get().result


@pytest.mark.parametrize(
    "criterion",
    [
        {"kind": "Promotion", "name": "no-such-promotion"},
        {"kind": "Promotion", "labelSelector": {"matchLabels": {"a": "b"}}},
    ],
)
def test_a_generic_receiver_may_choose_no_promotion(project: Project, criterion: dict[str, Any]) -> None:
    promotion = make_waiting(project)
    action = {"action": "Refresh", "targetSelectionCriteria": [criterion]}

    answer = send(project, Sample("generic", {}, {}), actions=[action])

    assert not is_woken(promotion)
    assert answer.json()["results"][0]["summary"] == "Refreshed 0 of 0 selected resources"
