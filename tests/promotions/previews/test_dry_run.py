"""What a preview runs, what it only names, where it stops, and what it says of failures."""

import pytest

from projects.models import Credential
from promotions.models import Preview, PreviewPhase, Promotion, StepRun
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.promotions.driving import look, promote
from tests.promotions.previews.previewing import preview, step_of, steps_of
from tests.promotions.webserver import TellingServer

pytestmark = pytest.mark.django_db(transaction=True)


def ok(alias, value="yes", **fields):
    return {"uses": "compose-output", "as": alias, "config": {"value": value}, **fields}


def bad(alias, **fields):
    return {"uses": "fail", "as": alias, "config": {"message": "no"}, **fields}


def post(alias, *, outputs=True, **fields):
    """An effect outside; what it would answer is known to nobody."""
    named = [{"name": "id", "fromExpression": "response.status"}] if outputs else []
    config = {"url": "http://ticket.example.com/secret-path", "method": "POST", "outputs": named}
    return {"uses": "http", "as": alias, "config": config, **fields}


def dry_run(steps, **options):
    project = make_project()
    warehouse = make_warehouse(project)
    stage = make_stage(project, warehouse=warehouse, steps=steps, **options)
    return preview(stage, make_freight(warehouse))


def dry_run_all(cases):
    """Each list of steps in a stage of its own: {name: preview}."""
    project = make_project()
    warehouse = make_warehouse(project)
    freight = make_freight(warehouse)
    stages = {
        name: make_stage(project, f"s{number}", warehouse=warehouse, steps=steps)
        for number, (name, steps) in enumerate(cases.items())
    }
    return {name: preview(stage, freight) for name, stage in stages.items()}


def test_steps_go_as_in_a_promotion():
    cases = {
        "all go well": ([ok("a"), ok("b")], "Succeeded Succeeded", "Ready"),
        "a failure skips what follows": ([bad("a"), ok("b")], "Failed Skipped", "Failed"),
        "if failure runs, the phase stays": (
            [bad("a"), ok("b", **{"if": "${{ failure() }}"})],
            "Failed Succeeded",
            "Failed",
        ),
        "continueOnError counts for nothing": (
            [bad("a", continueOnError=True), ok("b")],
            "Failed Succeeded",
            "Ready",
        ),
        "a condition that is false": ([ok("a", **{"if": "${{ false }}"}), ok("b")], "Skipped Succeeded", "Ready"),
        "a config nobody can evaluate": ([ok("a", "${{ nobody.knows }}"), ok("b")], "Errored Skipped", "Failed"),
        "an unknown kind": (
            [ok("a", uses="no-such-step"), ok("b", **{"if": "${{ always() }}"})],
            "Errored Succeeded",
            "Failed",
        ),
        "what needs no output of a cut-off step goes on": ([post("a"), ok("b")], "Would Succeeded", "Ready"),
        "its status is that of a success": (
            [post("a"), ok("b", **{"if": "${{ status('a') == 'Succeeded' }}"})],
            "Would Succeeded",
            "Ready",
        ),
    }

    rows = dry_run_all({name: steps for name, (steps, _, _) in cases.items()})

    seen = {name: (" ".join(steps_of(row).values()), row.phase) for name, row in rows.items()}
    assert seen == {name: (statuses, phase) for name, (_, statuses, phase) in cases.items()}
    assert all(row.result["stop"] is None for row in rows.values())


def test_stops_at_the_step_that_needs_what_nobody_knows():
    needy = {
        "member": ok("c", "${{ outputs.a.id }}"),
        "whole": ok("c", "${{ outputs['a'] }}"),
        "with a default": ok("c", "${{ outputs.a?.id ?? 'none' }}"),
        "compared": ok("c", "${{ outputs.a == nil }}"),
        "among all": ok("c", "${{ toJSON(outputs) }}"),
        "in a condition": ok("c", **{"if": "${{ outputs.a.id == 200 }}"}),
        "in a variable": ok("c", "${{ vars.id }}", vars=[{"name": "id", "value": "${{ outputs.a.id }}"}]),
    }
    before = [post("a"), ok("b", "${{ len(keys(outputs)) }}")]

    rows = dry_run_all({name: [*before, step, ok("d")] for name, step in needy.items()})

    for name, row in rows.items():
        assert (name, row.phase) == (name, PreviewPhase.READY)
        assert (name, row.result["stop"]["alias"]) == (name, "c")
        assert "needs outputs of step a, which exist only after it really ran" in row.result["stop"]["reason"]
        assert (name, steps_of(row)) == (name, {"a": "Would", "b": "Succeeded", "c": "", "d": ""})


def test_a_request_without_outputs_hides_nothing_from_later_steps():
    row = dry_run([post("a", outputs=False), ok("b", "${{ outputs.a.id == nil }}")])

    assert step_of(row, "a")["message"] == "would send POST to ticket.example.com"
    assert step_of(row, "b")["output"] == {"value": True}


def test_metadata_is_named_and_not_written():
    update = {"kind": "Stage", "name": "test", "values": {"token": "hush-hush", "at": 1}}

    row = dry_run([{"uses": "set-metadata", "as": "note", "config": {"updates": [update]}}])

    assert step_of(row, "note")["message"] == 'would set at, token of Stage "test"'
    assert Preview.objects.get().stage.metadata == {}
    assert "hush-hush" not in str(row.result)


def test_reading_over_http_is_real_and_writing_is_not():
    with TellingServer(lambda path, number: (200, b'{"n": 5}')) as server:
        read = server.step("read")
        read["config"]["outputs"] = [{"name": "n", "fromExpression": "response.body.n"}]
        write = server.step("write")
        write["config"]["method"] = "DELETE"

        row = dry_run([read, write, ok("b", "${{ outputs.read.n }}")])

        assert server.seen == ["/read"]
    assert step_of(row, "b")["output"] == {"value": 5}


def test_a_step_that_would_wait_ends_the_preview_with_its_reason():
    with TellingServer(lambda path, number: (404, b"")) as server:
        row = dry_run([server.step("later"), ok("b")])

    assert row.phase == PreviewPhase.READY
    assert row.result["stop"]["alias"] == "later"
    assert "would wait here: HTTP (404)" in row.result["stop"]["reason"]


def test_trouble_that_may_pass_fails_the_preview_and_says_what_it_is():
    clone = {"repoURL": "http://127.0.0.1:9/x.git", "checkout": [{"path": "./x"}]}

    row = dry_run([{"uses": "git-clone", "as": "clone", "config": clone}, ok("b")])

    assert row.phase == PreviewPhase.FAILED
    assert "127.0.0.1:9" in row.message
    assert "retried" not in row.message


def test_nothing_of_a_promotion_is_stored():
    dry_run([ok("a")])

    assert not Promotion.objects.exists()
    assert not StepRun.objects.exists()
    assert not Credential.objects.exists()


def test_two_previews_of_the_same_have_one_digest_and_another_freight_another():
    project = make_project()
    warehouse = make_warehouse(project)
    steps = [ok("a", "${{ ctx.promotion }} ${{ imageFrom('ghcr.io/example/app').Tag }}")]
    stage = make_stage(project, warehouse=warehouse, steps=steps)
    freight, other = make_freight(warehouse), make_freight(warehouse)

    first, second, third = preview(stage, freight), preview(stage, freight), preview(stage, other)

    assert first.digest == second.digest != third.digest
    assert first.pk != second.pk


def test_the_name_of_the_promotion_has_the_form_of_a_real_one():
    row = dry_run([ok("a", "${{ ctx.promotion }}")])
    stage, freight = row.stage, row.freight

    real = look(promote(stage, freight))

    name = step_of(row, "a")["output"]["value"]
    assert [len(part) for part in name.split(".")] == [len(part) for part in real.promotion.name.split(".")]
    assert name.split(".")[0::2] == real.promotion.name.split(".")[0::2]
