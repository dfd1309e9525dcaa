"""Where webhooks come in: from the request to the warehouses that look, and the answer."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from freight.models import Delivery, Receiver, SeenDelivery, Warehouse
from freight.receivers.addresses import list_configured
from freight.receivers.receiving import REPEATED
from projects.models import AuditEntry, Project
from tests.factories import make_project, make_warehouse
from tests.freight.receivers import samples
from tests.freight.receivers.samples import GIT, IMAGE, Sample
from tests.freight.receivers.setup import make_receiver, store_secret


@pytest.fixture
def project(db: None) -> Project:
    return make_project("shop")


@pytest.fixture
def warehouses(project: Project) -> dict[str, Warehouse]:
    """One for each kind of subscription, and one that watches something else."""
    made = {
        "git": [{"git": {"repoURL": GIT}}],
        "image": [{"image": {"repoURL": IMAGE}}],
        "hub": [{"image": {"repoURL": "acme/app"}}],
        "chart": [{"chart": {"repoURL": f"oci://{IMAGE}"}}],
        "other": [{"image": {"repoURL": "registry.example.com/acme/other"}}],
    }
    return {name: make_warehouse(project, name, listed, due_at=None) for name, listed in made.items()}


def send(path: str, sample: Sample, headers: dict[str, str] | None = None) -> Any:
    """Send a request as its sender does, from a client that knows no session and no CSRF token."""
    client = Client(enforce_csrf_checks=True)
    sent = sample.signed() if headers is None else headers
    return client.post(path, sample.body, content_type="application/json", headers=sent)


def list_woken() -> set[str]:
    return set(Warehouse.objects.filter(refresh_requested_at__isnull=False).values_list("name", flat=True))


PUSHES = {
    "github": (samples.github_push(), {"git"}),
    "ghcr": (samples.github_package(), {"image", "chart"}),
    "gitlab": (samples.gitlab_push(), {"git"}),
    "gitea": (samples.gitea_push(), {"git"}),
    "bitbucket cloud": (samples.bitbucket_push({"type": "branch", "name": "main"}), {"git"}),
    "bitbucket data center": (samples.bitbucket_refs_changed("refs/heads/main"), {"git"}),
    "azure devops": (samples.azure_devops("git.push", refUpdates=[{"name": "refs/heads/main"}]), {"git"}),
    "acr": (samples.acr(), {"image", "chart"}),
    "dockerhub": (samples.dockerhub(), {"hub"}),
    "quay": (samples.quay("1.2.3"), {"image", "chart"}),
    "harbor": (samples.harbor("1.2.3"), {"image", "chart"}),
    "artifactory": (samples.artifactory(), {"image", "chart"}),
}


@pytest.mark.parametrize(("sample", "expected"), PUSHES.values(), ids=PUSHES)
def test_a_push_has_the_warehouses_look_that_watch_it(
    project: Project, warehouses: dict[str, Warehouse], sample: Sample, expected: set[str]
) -> None:
    path = make_receiver(project, sample.sender)

    answer = send(path, sample)

    assert (answer.status_code, answer.json()) == (200, {"msg": f"refreshed {len(expected)} warehouse(s)"})
    assert list_woken() == expected
    assert set(Warehouse.objects.filter(due_at__isnull=False).values_list("name", flat=True)) == expected
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.is_genuine) == (200, True)
    assert delivery.result == f"Refreshed {', '.join(sorted(expected))}."
    assert not AuditEntry.objects.filter(action="refreshed").exists()


@pytest.mark.parametrize("whose", ["project", "site"])
def test_a_project_wakes_its_own_warehouses_and_the_site_those_of_all(project: Project, whose: str) -> None:
    other = make_project("other")
    for owner in (project, other):
        make_warehouse(owner, f"of-{owner.name}", [{"git": {"repoURL": GIT}}])
    path = make_receiver(project if whose == "project" else None, "github")

    send(path, samples.github_push())

    assert list_woken() == ({"of-shop"} if whose == "project" else {"of-shop", "of-other"})


REFUSED = {
    "no signature": (samples.github_push(), samples.github_push().headers, 401, {"error": "missing signature"}),
    "wrong signature": (samples.github_push(), samples.github_push().signed("x"), 401, {"error": "unauthorized"}),
    "gitlab token": (samples.gitlab_push(), samples.gitlab_push().signed("x"), 401, {}),
    "event": (samples.github("issues", {}), None, 400, {"error": "event type issues is not supported"}),
    "gitea event": (samples.gitea("issues", {}), None, 501, {"error": "event type issues is not supported"}),
    "no json": (samples.github("push", b"<xml/>"), None, 400, {"error": "invalid request body"}),
}


@pytest.mark.parametrize(("sample", "headers", "status", "body"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_wakes_nobody_and_is_on_record(
    project: Project,
    warehouses: dict[str, Warehouse],
    sample: Sample,
    headers: dict[str, str] | None,
    status: int,
    body: dict[str, str],
) -> None:
    path = make_receiver(project, sample.sender)

    answer = send(path, sample, headers)

    assert (answer.status_code, answer.json()) == (status, body)
    assert list_woken() == set()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.is_genuine) == (status, False)


def test_an_unknown_path_tells_nothing_and_keeps_nothing(project: Project) -> None:
    path = make_receiver(project, "github")

    for unknown in (f"{path}0", path.replace("github", "gitlab"), "/webhooks/no-such-sender/x"):
        answer = send(unknown, samples.github_push())
        assert (answer.status_code, answer.content) == (404, b"{}")
    assert not Delivery.objects.exists()


def test_pings_are_answered_in_kargos_words(project: Project) -> None:
    answer = send(make_receiver(project, "github"), samples.github("ping", {}))

    assert answer.json() == {"msg": "ping event received, webhook is configured correctly"}


def test_what_is_of_no_concern_is_answered_with_an_empty_object(project: Project) -> None:
    answer = send(make_receiver(project, "github"), samples.github_pull_request("opened"))

    assert (answer.status_code, answer.json()) == (200, {})


def test_says_why_no_warehouse_looked(project: Project, warehouses: dict[str, Warehouse]) -> None:
    path = make_receiver(project, "github")

    send(path, samples.github_push("refs/heads/topic"))
    Warehouse.objects.all().delete()
    send(path, samples.github_push())

    newest, before = Delivery.objects.all()
    assert before.result == "The rules of git leave out refs/heads/topic or the files that changed."
    assert newest.result.startswith(f"No warehouse watches {GIT}")


def test_a_body_may_have_two_mebibytes(project: Project) -> None:
    path = make_receiver(project, "quay")
    whole = b'{"docker_url": "x"}'

    fits = send(path, Sample("quay", {}, whole.ljust(settings.WEBHOOK_MAX_BYTES)))
    too_long = send(path, Sample("quay", {}, whole.ljust(settings.WEBHOOK_MAX_BYTES + 1)))

    assert fits.status_code == 200
    assert too_long.status_code == 413
    assert too_long.json() == {"error": "content exceeds limit of 2097152 bytes"}
    assert Delivery.objects.count() == 1


def test_the_same_delivery_is_taken_once(project: Project, warehouses: dict[str, Warehouse]) -> None:
    path = make_receiver(project, "github")
    sample = samples.github_push()
    headers = {**sample.signed(), "X-GitHub-Delivery": "72d3162e"}
    send(path, sample, headers)
    Warehouse.objects.update(refresh_requested_at=None)

    again = send(path, sample, headers)

    assert (again.status_code, again.json()) == (200, {"msg": REPEATED})
    assert list_woken() == set()
    assert [row.is_repeat for row in Delivery.objects.all()] == [True, False]


def test_another_id_another_body_or_another_day_is_another_delivery(
    project: Project, warehouses: dict[str, Warehouse]
) -> None:
    path = make_receiver(project, "github")
    sample, other = samples.github_push(), samples.github_push(after="5f")
    send(path, sample, {**sample.signed(), "X-GitHub-Delivery": "one"})
    send(path, sample, {**sample.signed(), "X-GitHub-Delivery": "two"})
    send(path, other, {**other.signed(), "X-GitHub-Delivery": "one"})
    yesterday = timezone.now() - timedelta(hours=24)
    SeenDelivery.objects.update(seen_at=yesterday)

    send(path, sample, {**sample.signed(), "X-GitHub-Delivery": "one"})

    assert not Delivery.objects.filter(is_repeat=True).exists()
    assert SeenDelivery.objects.count() == 1


def test_a_refused_delivery_may_come_again(project: Project, warehouses: dict[str, Warehouse]) -> None:
    path = make_receiver(project, "github")
    sample = samples.github_push()
    headers = {**sample.headers, "X-GitHub-Delivery": "one"}
    assert send(path, sample, headers).status_code == 401

    assert send(path, sample, {**sample.signed(), **headers}).json() == {"msg": "refreshed 1 warehouse(s)"}


def test_a_receiver_has_had_enough_after_a_while(project: Project, settings: Any) -> None:
    settings.WEBHOOKS_PER_MINUTE = 2
    path = make_receiver(project, "github")
    sample = samples.github("ping", {})

    statuses = [send(path, sample).status_code for _ in range(3)]
    refused = send(path, sample)
    Receiver.objects.update(window_began_at=timezone.now() - timedelta(minutes=1))

    assert statuses == [200, 200, 429]
    assert (refused.json(), refused["Retry-After"]) == ({"error": "too many requests"}, "60")
    assert Delivery.objects.count() == 2
    assert send(path, sample).status_code == 200


def test_the_method_does_not_matter(project: Project, warehouses: dict[str, Warehouse]) -> None:
    sample = samples.quay("1.2.3")

    answer = Client().put(make_receiver(project, "quay"), sample.body, content_type="text/plain")

    assert answer.json() == {"msg": "refreshed 2 warehouse(s)"}


def test_a_token_that_is_not_ascii_is_compared_byte_by_byte(project: Project) -> None:
    make_receiver(project, "gitlab")
    store_secret(project, "gitlab-secret", "secret-token", "schlüssel")
    path = list_configured(project)[0].path
    sample = samples.gitlab_push()
    sent = "schlüssel".encode().decode("latin-1")

    assert send(path, sample, {**sample.headers, "X-Gitlab-Token": sent}).status_code == 200
    assert send(path, sample, {**sample.headers, "X-Gitlab-Token": "schlussel"}).status_code == 401


def test_a_generic_receiver_chooses_by_its_criteria(project: Project, warehouses: dict[str, Warehouse]) -> None:
    Warehouse.objects.filter(name="other").update(labels={"team": "blue"})
    criteria = [
        {"kind": "Warehouse", "name": "${{ request.body.wh }}"},
        {"kind": "Warehouse", "labelSelector": {"matchLabels": {"team": "${{ params.team }}"}}},
        {
            "kind": "Warehouse",
            "indexSelector": {
                "matchIndices": [
                    {
                        "key": "subscribedURLs",
                        "operator": "Equals",
                        "value": "${{ normalizeGit(request.body.url) }}",
                    }
                ]
            },
        },
    ]
    action = {
        "action": "Refresh",
        "whenExpression": 'request.header("X-Event") == "push"',
        "parameters": {"team": "blue"},
        "targetSelectionCriteria": criteria,
    }
    path = make_receiver(project, "generic", actions=[action])
    body = json.dumps({"wh": "hub", "url": f"{GIT.upper()}"}).encode()

    answer = send(path, Sample("generic", {"X-Event": "push"}, body))
    passed_by = send(path, Sample("generic", {"X-Event": "ping"}, body))

    assert answer.status_code == 200
    result = answer.json()["results"][0]
    assert (result["result"], result["summary"]) == ("Success", "Refreshed 3 of 3 selected resources")
    assert [target["name"] for target in result["selectedTargets"]] == ["git", "hub", "other"]
    assert list_woken() == {"git", "hub", "other"}
    assert passed_by.json()["results"][0]["result"] == "NotApplicable"


def test_a_generic_receiver_with_a_broken_expression_fails_and_does_the_rest(
    project: Project, warehouses: dict[str, Warehouse]
) -> None:
    criteria = [{"kind": "Warehouse", "name": "git"}]
    broken = {"action": "Refresh", "whenExpression": "1", "targetSelectionCriteria": criteria}
    path = make_receiver(
        project, "generic", actions=[broken, {"action": "Refresh", "targetSelectionCriteria": criteria}]
    )

    answer = send(path, Sample("generic", {}, b""))

    assert answer.status_code == 500
    assert [item["result"] for item in answer.json()["results"]] == ["Error", "Success"]
    assert list_woken() == {"git"}
    assert "Error evaluating whenExpression: it gives neither true nor false." in Delivery.objects.get().result
