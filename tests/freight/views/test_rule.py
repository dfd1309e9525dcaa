"""Trying a rule before it is saved."""

from datetime import timedelta

import pytest
from django.utils import timezone

from freight.models import RuleTrial, TrialPhase, Warehouse
from freight.rule_trials import forget_old_trials, run_trial
from tests.cast import Cast, browser_of, make_cast
from tests.factories import IMAGE, make_member, make_warehouse

PAGE = "/p/shop/warehouses/main/rules/0/"
TEST = f"{PAGE}test/"
RULE = "image:\n  repoURL: {repo}\n  constraint: {constraint}\n"


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def warehouse(cast: Cast) -> Warehouse:
    warehouse = make_warehouse(
        cast.project, subscriptions=[{"image": {"repoURL": IMAGE, "constraint": "^2", "strictSemvers": True}}]
    )
    warehouse.subscriptions.update(
        found=[{"tag": "2.0.0", "digest": "sha256:" + "a" * 64, "annotations": {}}],
        ignored=[
            {"version": "1.3.0", "reason": 'outside constraint "^2"'},
            {"version": "nightly", "reason": "not a semantic version"},
        ],
        checked_at=timezone.now(),
    )
    return warehouse


def rule(constraint: str = "^1", repo: str = IMAGE) -> dict[str, str]:
    return {"rule": RULE.format(repo=repo, constraint=constraint)}


def test_a_rule_is_tried_on_what_was_found_last_and_nothing_is_kept(cast: Cast, warehouse: Warehouse) -> None:
    answer = browser_of(cast.alice).post(TEST, rule(), headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in answer
    assert "1 of 3 tags fits" in answer
    assert answer.index("1.3.0") < answer.index("2.0.0")
    assert "outside constraint &quot;^1&quot;" in answer
    assert not RuleTrial.objects.exists()
    warehouse.refresh_from_db()
    assert warehouse.spec["subscriptions"][0]["image"]["constraint"] == "^2"


def test_without_javascript_the_whole_page_answers(cast: Cast, warehouse: Warehouse) -> None:
    alice = browser_of(cast.alice)

    form, answer = alice.get(PAGE).content.decode(), alice.post(TEST, rule("^9")).content.decode()

    assert "constraint: ^2" in form
    assert "<html" in answer
    assert "constraint: ^9" in answer
    assert "Nearest misses" in answer


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image:\n  repoURL: x y\n", "is not an image repository"),
        ("image:\n  repoURL: a/b\n  constrain: ^1\n", "Did you mean &quot;constraint&quot;"),
        ("image: [", "not valid YAML"),
        ("", "The rule is empty"),
        ("- image:\n    repoURL: a/b\n- image:\n    repoURL: a/c\n", "not valid YAML"),
        ("git:\n  repoURL: https://a/b.git\nimage:\n  repoURL: a/b\n", ""),
        ("just words", ""),
        ("image:\n  repoURL: a/b\n  constraint: '>>1'\n", "constraint"),
    ],
)
def test_a_text_that_is_no_rule_is_refused_with_its_line(
    cast: Cast, warehouse: Warehouse, text: str, said: str
) -> None:
    answer = browser_of(cast.alice).post(TEST, {"rule": text})

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "Not a rule" in answer.content.decode()


def test_a_worker_looks_with_the_rule_and_the_warehouse_stays_as_it_is(cast: Cast, warehouse: Warehouse, oci) -> None:
    for tag in ("1.0.0", "1.1.0", "2.0.0"):
        oci.push_image("app", tag)
    alice = browser_of(cast.alice)

    answer = alice.post(TEST, {**rule(repo=f"{oci.host}/app"), "do": "look"})
    trial = RuleTrial.objects.get()
    waiting = alice.get(answer["Location"]).content.decode()
    run_trial(trial.pk)
    done = alice.get(answer["Location"], headers={"HX-Request": "true"}).content.decode()

    assert answer["Location"] == f"{PAGE}?trial={trial.pk}"
    assert 'hx-trigger="every 1s"' in waiting
    assert "2 of 3 tags fit" in done
    assert 'hx-trigger="every 1s"' not in done
    assert done.index("1.1.0") < done.index("1.0.0")
    assert warehouse.subscriptions.get().found[0]["tag"] == "2.0.0"


def test_a_repository_that_does_not_answer_is_told(cast: Cast, warehouse: Warehouse, oci) -> None:
    alice = browser_of(cast.alice)
    answer = alice.post(TEST, {**rule(repo=f"{oci.host}/nowhere"), "do": "look"})

    run_trial(RuleTrial.objects.get().pk)

    assert RuleTrial.objects.get().phase == TrialPhase.FAILED
    assert oci.host in alice.get(answer["Location"]).content.decode()


def test_few_trials_of_one_warehouse_run_at_once(cast: Cast, warehouse: Warehouse) -> None:
    alice = browser_of(cast.alice)
    answers = [alice.post(TEST, {**rule(), "do": "look"}).status_code for _ in range(4)]

    assert answers == [302, 302, 302, 409]


def test_old_trials_are_forgotten(cast: Cast, warehouse: Warehouse) -> None:
    alice = browser_of(cast.alice)
    answer = alice.post(TEST, {**rule(), "do": "look"})

    forget_old_trials(now=timezone.now())
    assert RuleTrial.objects.exists()
    forget_old_trials(now=timezone.now() + timedelta(days=2))

    assert alice.get(answer["Location"]).status_code == 404


def test_who_may_try_a_rule(cast: Cast, warehouse: Warehouse) -> None:
    make_member(cast.project, "mia", "maintainer")
    for method, address in (("get", PAGE), ("post", TEST)):
        assert getattr(browser_of(cast.bob), method)(address).status_code == 403
        assert getattr(browser_of(cast.charlie), method)(address).status_code == 404
    assert browser_of(cast.alice).get(TEST).status_code == 405
    assert browser_of(cast.alice).get(f"{PAGE}?trial=99").status_code == 404
    assert browser_of(cast.alice).get("/p/shop/warehouses/main/rules/7/").status_code == 404
    assert "Test a rule" not in browser_of(cast.bob).get("/p/shop/warehouses/main/").content.decode()
    assert "Test a rule" in browser_of(cast.alice).get("/p/shop/warehouses/main/").content.decode()
