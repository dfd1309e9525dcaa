"""The pages of a preview: who may ask, who may look, what is drawn, and when the page stops asking."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from promotions.models import Preview, PreviewPhase, Promotion
from promotions.phases import Phase
from tests.cast import Cast, browser_of
from tests.factories import (
    make_freight,
    make_member,
    make_project,
    make_promotion,
    make_stage,
    make_user,
    make_warehouse,
)

PAGE = "/p/shop/previews/"
PUSH: dict[str, Any] = {
    "aliases": ["push"],
    "repo_url": "https://git.example.com/app.git",
    "branch": "env/prod",
    "tag": "",
    "force": True,
    "base_sha": "a" * 40,
    "head_sha": "b" * 40,
    "head_tree": "c" * 40,
    "commits": [{"sha": "b" * 40, "subject": "<i>Promote</i>"}],
    "diff": (
        "diff --git a/<b>.txt b/<b>.txt\n--- a/<b>.txt\n+++ b/<b>.txt\n@@ -1 +1 @@\n-<script>old</script>\n+new\n"
    ),
    "is_cut": False,
    "file_count": 1,
    "files": [{"path": "<b>.txt", "old_path": "", "added": 1, "removed": 1}],
    "added": 1,
    "removed": 1,
}
STEPS = [
    {"alias": "commit", "kind": "git-commit", "status": "Succeeded", "message": "", "output": {"commit": "b" * 40}},
    {"alias": "push", "kind": "git-push", "status": "Would", "message": "would push", "output": None},
    {"alias": "ticket", "kind": "http", "status": "Would", "message": "would send POST to x", "output": None},
    {"alias": "wait", "kind": "http", "status": "", "message": "", "output": None},
]


@pytest.fixture
def row(cast: Cast) -> Preview:
    """A finished preview of freight in prod."""
    warehouse = make_warehouse(cast.project)
    stage, freight = make_stage(cast.project, "prod", warehouse=warehouse), make_freight(warehouse)
    now = timezone.now()
    return Preview.objects.create(
        project=cast.project,
        stage=stage,
        stage_name="prod",
        stage_generation=stage.generation,
        freight=freight,
        freight_name=freight.name,
        freight_alias=freight.alias,
        name="prod.0.x",
        requested_by="bob",
        phase=PreviewPhase.READY,
        result={"steps": STEPS, "pushes": [PUSH], "stop": {"index": 3, "alias": "wait", "reason": "needs it"}},
        digest="d" * 64,
        slots={freight.origin: freight.name},
        bases=[{"repo_url": PUSH["repo_url"], "branch": "env/prod", "sha": "a" * 40, "skip_tls_verify": False}],
        created_at=now,
        finished_at=now,
        checked_at=now,
    )


def form(row: Preview, **fields: str) -> dict[str, str]:
    return {"stage": row.stage_name, "freight": row.freight_name, **fields}


def read(cast: Cast, row: Preview, **headers: str) -> str:
    answer = browser_of(cast.rita).get(f"{PAGE}{row.pk}/", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_bob_asks_and_comes_to_the_page_of_the_preview(cast: Cast, row: Preview) -> None:
    answer = browser_of(cast.bob).post(PAGE, form(row))

    asked = Preview.objects.exclude(pk=row.pk).get()
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}{asked.pk}/")
    assert (asked.phase, asked.requested_by, asked.due_at is not None) == (PreviewPhase.PENDING, "bob", True)


def test_the_review_sheet_gets_the_live_part_in_place(cast: Cast, row: Preview) -> None:
    answer = browser_of(cast.bob).post(PAGE, form(row), headers={"HX-Request": "true"})

    part = answer.content.decode()
    assert "<html" not in part
    assert 'id="preview-prod" data-live' in part
    assert 'hx-trigger="every 1s"' in part


def test_who_may_vote_may_ask_too(cast: Cast, row: Preview) -> None:
    nora = make_user("nora")
    make_member(cast.project, nora, "approver")

    assert browser_of(nora).post(PAGE, form(row)).status_code == 302


def test_rita_may_look_but_not_ask(cast: Cast, row: Preview) -> None:
    answer = browser_of(cast.rita).post(PAGE, form(row))

    assert answer.status_code == 403
    assert "It needs the role Promoter" in answer.content.decode()
    assert 'form="preview-form-prod"' not in read(cast, row)


def test_a_promoter_of_other_stages_may_not_ask(cast: Cast, row: Preview) -> None:
    dora = make_user("dora")
    make_member(cast.project, dora, "promoter", stages=["dev"])

    assert browser_of(dora).post(PAGE, form(row)).status_code == 403


def test_charlie_learns_nothing(cast: Cast, row: Preview) -> None:
    charlie = browser_of(cast.charlie)

    assert [charlie.get(f"{PAGE}{row.pk}/{end}").status_code for end in ("", "diff/")] == [404, 404]
    assert charlie.post(PAGE, form(row)).status_code == 404


def test_a_preview_of_another_project_is_not_found(cast: Cast, row: Preview) -> None:
    make_member(make_project("other"), cast.rita)

    assert browser_of(cast.rita).get(f"/p/other/previews/{row.pk}/").status_code == 404


def test_methods_that_are_not_allowed(cast: Cast, row: Preview) -> None:
    bob = browser_of(cast.bob)

    assert bob.get(PAGE).status_code == 405
    assert bob.post(f"{PAGE}{row.pk}/").status_code == 405


@pytest.mark.parametrize("wrong", [{"stage": "nowhere"}, {"freight": "no-such"}])
def test_what_does_not_exist_is_not_found(cast: Cast, row: Preview, wrong: dict[str, str]) -> None:
    assert browser_of(cast.bob).post(PAGE, form(row, **wrong)).status_code == 404


def test_freight_of_a_warehouse_that_the_stage_does_not_take_is_refused(cast: Cast, row: Preview) -> None:
    other = make_freight(make_warehouse(cast.project, "other"))

    answer = browser_of(cast.bob).post(PAGE, form(row, freight=other.name))

    assert answer.status_code == 409
    assert "does not take freight of warehouse" in answer.content.decode()


def test_the_page_shows_the_difference_the_effects_and_the_stop(cast: Cast, row: Preview) -> None:
    page = read(cast, row)

    assert "&lt;script&gt;old&lt;/script&gt;" in page
    assert "<script>old" not in page
    assert "<b>.txt" not in page
    assert "&lt;i&gt;Promote&lt;/i&gt;" in page
    assert "force-push" in page
    assert "would send POST to x" in page
    assert "Stops before step wait: needs it" in page
    assert "d" * 12 in page
    assert "1 file would change" in page


def test_a_finished_preview_does_not_ask_again(cast: Cast, row: Preview) -> None:
    assert "hx-trigger" not in read(cast, row)
    assert Preview.objects.get(pk=row.pk).due_at is None


def test_opening_the_page_after_a_while_has_the_bases_checked_and_the_page_wait_for_it(
    cast: Cast, row: Preview
) -> None:
    Preview.objects.filter(pk=row.pk).update(checked_at=timezone.now() - timedelta(seconds=16))

    assert "checking again" in read(cast, row)
    assert Preview.objects.get(pk=row.pk).due_at is not None

    Preview.objects.filter(pk=row.pk).update(due_at=timezone.now() - timedelta(minutes=1))
    assert "hx-trigger" not in read(cast, row), "workers are away: the page does not ask for ever"


def test_a_preview_out_of_date_says_why(cast: Cast, row: Preview) -> None:
    Preview.objects.filter(pk=row.pk).update(moved='Branch "env/prod" moved since.')

    assert "Branch &quot;env/prod&quot; moved since." in read(cast, row)
    assert "out of date" in read(cast, row)


def test_a_failed_preview_says_where(cast: Cast, row: Preview) -> None:
    failed = [{**STEPS[0], "status": "Failed", "message": "no"}]
    Preview.objects.filter(pk=row.pk).update(
        phase=PreviewPhase.FAILED, message="no", result={"steps": failed, "pushes": [], "stop": None}
    )

    assert "The promotion would fail at step commit: no" in read(cast, row)


def test_the_diff_can_be_had_as_text(cast: Cast, row: Preview) -> None:
    answer = browser_of(cast.rita).get(f"{PAGE}{row.pk}/diff/")

    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.content.decode().endswith(PUSH["diff"])


def test_the_review_sheet_offers_a_preview_and_then_shows_it(cast: Cast, row: Preview) -> None:
    query = f"/p/shop/promote/?freight={row.freight_alias}&stage=prod"
    shown = browser_of(cast.bob).get(query).content.decode()
    Preview.objects.all().delete()
    empty = browser_of(cast.bob).get(query).content.decode()

    assert "&lt;script&gt;old&lt;/script&gt;" in shown
    assert "Nothing is pushed, opened or sent" in empty
    for page in (shown, empty):
        assert re.search(r'<form id="preview-form-prod"', page)
        assert page.index("</form>") < page.index('<form id="preview-form-prod"'), "forms do not nest"


def test_the_promotion_leads_to_the_preview_that_was_shown_before_it(cast: Cast, row: Preview) -> None:
    assert row.stage is not None
    assert row.freight is not None
    promotion = make_promotion(row.stage, row.freight, phase=Phase.SUCCEEDED)
    Promotion.objects.filter(pk=promotion.pk).update(preview=row)

    page = browser_of(cast.rita).get(f"/p/shop/promotions/{promotion.number}/").content.decode()

    assert f'href="{PAGE}{row.pk}/"' in page


def test_a_preview_of_a_stage_and_freight_that_are_gone_is_still_shown(cast: Cast, row: Preview) -> None:
    assert row.stage is not None
    row.stage.delete()

    page = read(cast, row)

    assert "was deleted since" in page
    assert "Review and promote" not in page
