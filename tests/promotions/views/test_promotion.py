from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from projects.heartbeats import beat
from promotions.models import LogBatch, Promotion, StepRun
from promotions.phases import Phase, StepStatus
from tests.factories import (
    make_freight,
    make_member,
    make_project,
    make_promotion,
    make_stage,
    make_user,
    make_warehouse,
)

pytestmark = pytest.mark.django_db

STEPS: list[dict[str, Any]] = [
    {"uses": "git-clone", "as": "clone", "config": {"repoURL": "https://git.example.com/x.git"}},
    {"uses": "http", "as": "notify", "if": "${{ ctx.stage == 'dev' }}"},
    {"uses": "kustomize-build", "as": "render::build", "task": "render"},
    {"uses": "git-push", "as": "push"},
    {"uses": "argocd-update", "as": "sync"},
]
PAGE = "/p/shop/promotions/1/"


@pytest.fixture
def world() -> Any:
    project = make_project("shop")
    alice, rita = make_user("alice"), make_user("rita")
    make_member(project, alice, "owner")
    make_member(project, rita, "viewer")
    warehouse = make_warehouse(project)
    stage = make_stage(project, "prod", warehouse=warehouse, steps=STEPS)
    return {"project": project, "stage": stage, "warehouse": warehouse, "alice": alice, "rita": rita}


def start(world: Any, phase: Phase = Phase.RUNNING, **fields: Any) -> Promotion:
    promotion = make_promotion(
        world["stage"], make_freight(world["warehouse"], alias=fields.pop("alias", "")), phase=phase, **fields
    )
    for index, step in enumerate(STEPS):
        StepRun.objects.create(promotion=promotion, index=index, alias=step["as"], kind=step["uses"])
    return promotion


def end_steps(promotion: Promotion, *ends: tuple[str, str]) -> None:
    """(status, message) of the first steps."""
    now = timezone.now()
    for index, (status, message) in enumerate(ends):
        touched = status != StepStatus.SKIPPED
        StepRun.objects.filter(promotion=promotion, index=index).update(
            status=status,
            message=message,
            started_at=now if touched else None,
            finished_at=now if touched and status != StepStatus.RUNNING else None,
        )


def get(user: Any, path: str = PAGE, **headers: Any) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(path, headers=headers)


def test_says_which_step_runs_and_how_long_it_usually_takes(world: Any) -> None:
    now = timezone.now()
    for minutes in (1, 2, 9):
        start(world, Phase.SUCCEEDED, started_at=now - timedelta(minutes=minutes), finished_at=now)
    promotion = start(world, alias="amber-otter", started_at=now - timedelta(seconds=42))
    end_steps(promotion, ("Succeeded", ""), ("Skipped", "Skipped: x is false"), ("Running", "12 of 30"))

    html = get(world["rita"], "/p/shop/promotions/4/").content.decode()

    assert "amber-otter → prod" in html
    assert "Running step 3 of 5, render::build." in html
    assert "usually 2 m" in html
    assert 'sse-connect="/p/shop/events?log=4&amp;after=0"' in html


def test_a_failure_is_in_the_head_and_what_follows_was_not_run(world: Any) -> None:
    promotion = start(world, Phase.FAILED, message="403 from git.example.com")
    skipped = "Skipped: ${{ ctx.stage == 'dev' }} is false"
    end_steps(
        promotion,
        ("Succeeded", ""),
        ("Skipped", skipped),
        ("Succeeded", ""),
        ("Failed", "403 from git.example.com"),
        ("Skipped", 'Not run: step "push" failed'),
    )

    html = get(world["rita"]).content.decode()

    assert "Failed at step 4, push." in html
    assert html.count("403 from git.example.com") == 2
    assert "ctx.stage == &#x27;dev&#x27; }} is false" in html
    assert "· Not run<" in html
    assert 'sse-connect="/p/shop/events"' in html


def test_a_failure_that_is_ignored_says_so(world: Any) -> None:
    promotion = start(world, Phase.SUCCEEDED)
    end_steps(promotion, ("Failed", "no such host"))
    promotion.step_runs.filter(index=0).update(continue_on_error=True)

    html = get(world["rita"]).content.decode()

    assert "Failed, ignored" in html
    assert "1 failed and ignored" in html


def test_a_queued_one_names_what_goes_before_it(world: Any) -> None:
    start(world, Phase.RUNNING)
    start(world, Phase.PENDING)
    start(world, Phase.PENDING)
    beat("worker", now=timezone.now())

    html = get(world["rita"], "/p/shop/promotions/3/").content.decode()

    assert "Queued behind #2, number 2 in the queue of prod." in html
    assert "sign of life" not in html


def test_says_since_when_no_worker_was_seen(world: Any) -> None:
    start(world, Phase.PENDING)
    beat("worker", now=timezone.now() - timedelta(hours=2))

    html = get(world["rita"]).content.decode()

    assert "waits for a worker" in html
    assert "No worker has shown a sign of life since" in html
    assert "Nothing is lost" in html


def test_masked_secrets_are_visibly_masked_and_outputs_can_be_copied(world: Any) -> None:
    promotion = start(world)
    end_steps(promotion, ("Succeeded", ""))
    promotion.step_runs.filter(index=0).update(
        shown_config={"token": "••••••"}, shown_output={"commits": {"./src": "abc"}, "ok": True}
    )

    html = get(world["rita"]).content.decode()

    assert '<span class="masked"' in html
    assert "${{ outputs.clone.commits[&#x27;./src&#x27;] }}" in html


def test_compares_with_what_the_stage_held_before(world: Any) -> None:
    old = {
        "name": "a",
        "origin": {"kind": "Warehouse", "name": "main"},
        "images": [{"repoURL": "ghcr.io/example/app", "tag": "1.0"}],
    }
    start(world, Phase.SUCCEEDED, collection={"Warehouse/main": old}, alias="calm-heron")
    freight = make_freight(world["warehouse"], images=[{"tag": "2.0"}])
    make_promotion(world["stage"], freight, phase=Phase.RUNNING)

    html = get(world["rita"], "/p/shop/promotions/2/").content.decode()

    assert 'class="old" title="1.0">1.0<' in html
    assert 'class="new" title="2.0">2.0<' in html
    assert "from calm-heron" in html


def test_a_promotion_whose_stage_and_freight_are_gone_still_has_its_page(world: Any) -> None:
    start(world, Phase.SUCCEEDED, alias="amber-otter")
    Promotion.objects.update(stage=None, freight=None)

    response = get(world["alice"])

    assert response.status_code == 200
    assert "amber-otter → prod" in response.content.decode()
    assert "Run again" not in response.content.decode()


def test_only_those_who_may_abort_are_offered_it(world: Any) -> None:
    start(world)

    assert "Abort…" in get(world["alice"]).content.decode()
    assert "Abort…" not in get(world["rita"]).content.decode()


def test_without_javascript_the_abort_question_opens_by_its_address(world: Any) -> None:
    start(world)

    assert (
        '<dialog id="abort-dialog" aria-labelledby="abort-title" open>'
        in get(world["alice"], f"{PAGE}?ask=abort").content.decode()
    )


@pytest.mark.parametrize("part", ["head", "steps"])
def test_a_part_is_sent_again_only_when_it_changed(world: Any, part: str) -> None:
    promotion = start(world)
    first = get(world["rita"], f"{PAGE}{part}/")

    unchanged = get(world["rita"], f"{PAGE}{part}/", **{"If-None-Match": first["ETag"]})
    Promotion.objects.filter(pk=promotion.pk).update(version=2)
    changed = get(world["rita"], f"{PAGE}{part}/", **{"If-None-Match": first["ETag"]})

    assert (unchanged.status_code, changed.status_code) == (304, 200)
    assert f'id="promotion-{part}"'.encode() in changed.content


def write_log(promotion: Promotion) -> None:
    lines = [["out", f"line {n}"] for n in range(1, 10)] + [["err", "<script>" + "x" * 5000]]
    LogBatch.objects.create(
        promotion=promotion, step_index=0, first_line=1, last_line=10, lines=lines, at=timezone.now()
    )
    Promotion.objects.filter(pk=promotion.pk).update(log_line_count=10)


def test_a_range_of_the_log_is_page_and_part(world: Any) -> None:
    write_log(start(world))

    part = get(world["rita"], f"{PAGE}log/?from=3&to=4", **{"HX-Request": "true"}).content.decode()
    page = get(world["rita"], f"{PAGE}log/?from=3&to=4").content.decode()

    assert part.count('class="log-line"') == 2
    assert 'id="L3"' in part
    assert "<html" not in part
    assert part.strip() in page


def test_a_long_line_is_cut_and_shown_whole_on_demand(world: Any) -> None:
    write_log(start(world))

    cut = get(world["rita"]).content.decode()
    whole = get(world["rita"], f"{PAGE}log/?from=10&to=10&whole=1", **{"HX-Request": "true"}).content.decode()

    assert "show all (912 more characters)" in cut
    assert "x" * 5000 in whole
    assert "<script>xxx" not in cut + whole


def test_the_log_can_be_downloaded(world: Any) -> None:
    write_log(start(world))

    response = get(world["rita"], f"{PAGE}log/text/")

    assert response["Content-Disposition"] == 'attachment; filename="shop-1.txt"'
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert len(response.content.decode().splitlines()) == 10


@pytest.mark.parametrize("suffix", ["", "head/", "steps/", "log/", "log/text/", "log/stream"])
def test_strangers_find_nothing_and_nobody_posts(world: Any, suffix: str) -> None:
    start(world)
    client = Client()

    assert client.get(PAGE + suffix).status_code == 302
    client.force_login(make_user("charlie"))
    assert client.get(PAGE + suffix).status_code == 404
    client.force_login(world["alice"])
    assert client.post(PAGE + suffix).status_code == 405
    assert client.get(f"/p/shop/promotions/99/{suffix}").status_code == 404
