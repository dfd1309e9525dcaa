"""What happens to each step of a promotion: conditions, failures, outputs, and what it all adds up to."""

import pytest

from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.promotions.driving import look, promote, run_steps

pytestmark = pytest.mark.django_db(transaction=True)


def ok(alias, value="yes", **fields):
    return {"uses": "compose-output", "as": alias, "config": {"value": value}, **fields}


def bad(alias, **fields):
    return {"uses": "fail", "as": alias, "config": {"message": "no"}, **fields}


def missing(alias, **fields):
    """A step that something technical breaks."""
    return {"uses": "delete", "as": alias, "config": {"path": "./gone", "strict": True}, **fields}


@pytest.mark.parametrize(
    ("steps", "statuses", "phase"),
    [
        ([ok("a"), ok("b")], "Succeeded Succeeded", "Succeeded"),
        ([bad("a"), ok("b")], "Failed Skipped", "Failed"),
        ([missing("a"), ok("b")], "Errored Skipped", "Errored"),
        ([bad("a"), ok("b", **{"if": "${{ failure() }}"})], "Failed Succeeded", "Failed"),
        ([bad("a"), ok("b", **{"if": "${{ success() }}"})], "Failed Skipped", "Failed"),
        ([bad("a", continueOnError=True), ok("b")], "Failed Succeeded", "Succeeded"),
        ([bad("a", continueOnError=True), ok("b", **{"if": "${{ failure() }}"})], "Failed Skipped", "Succeeded"),
        (
            [bad("a", continueOnError=True), ok("b", **{"if": "${{ status('a') == 'Failed' }}"})],
            "Failed Succeeded",
            "Succeeded",
        ),
        ([ok("a", **{"if": "${{ false }}"}), ok("b", **{"if": "${{ false }}"})], "Skipped Skipped", "Succeeded"),
        (
            [ok("a"), ok("b", **{"if": "${{ nobody.knows }}"}), ok("c", **{"if": "${{ always() }}"})],
            "Succeeded Errored Succeeded",
            "Errored",
        ),
        ([ok("a", **{"if": "${{ 'yes' }}"}), ok("b")], "Errored Skipped", "Errored"),
        ([ok("a", uses="no-such-step"), ok("b", **{"if": "${{ always() }}"})], "Errored Succeeded", "Errored"),
        ([ok("a", "${{ nobody.knows }}"), ok("b")], "Errored Skipped", "Errored"),
        ([bad("a"), missing("b", **{"if": "${{ always() }}"})], "Failed Errored", "Errored"),
        ([bad("a", continueOnError=True), bad("b", continueOnError=True)], "Failed Failed", "Succeeded"),
    ],
    ids=[
        "all go well",
        "a failure skips what follows",
        "an error skips what follows",
        "if failure runs, the phase stays",
        "if success is false after a failure",
        "continueOnError counts for nothing",
        "continueOnError is no failure to failure()",
        "status() still shows it",
        "all skipped is a success",
        "a broken if is an error, always() runs",
        "an if that is no truth value is an error",
        "an unknown kind is an error",
        "a config that cannot be evaluated is an error",
        "the worst status decides",
        "nothing but allowed failures is a success",
    ],
)
def test_steps_and_phase_follow_the_table(steps, statuses, phase):
    run = run_steps(steps)

    assert " ".join(run.statuses.values()) == statuses
    assert run.phase == phase


def test_the_message_of_the_promotion_is_that_of_the_first_worst_step():
    run = run_steps([bad("a"), missing("b", **{"if": "${{ always() }}"}), missing("c", **{"if": "${{ always() }}"})])

    assert run.promotion.message == run.steps["b"].message
    assert 'running step "b": path "./gone" does not exist' in run.promotion.message


def test_a_success_has_no_message_even_after_allowed_failures():
    assert run_steps([bad("a", continueOnError=True), ok("b")]).promotion.message == ""


@pytest.mark.parametrize(
    ("step", "message", "has_started"),
    [
        (ok("a", **{"if": "${{ false }}"}), "Skipped: ${{ false }} is false", False),
        (ok("a", **{"if": "${{ x.y }}"}), 'error checking if step "a" should be skipped: ', False),
        (ok("a", uses="no-such-step"), 'step kind "no-such-step" is not registered', False),
        (ok("a", "${{ x.y }}"), "failed to build step context: ", True),
    ],
    ids=["skipped", "broken if", "unknown kind", "broken config"],
)
def test_a_step_that_never_ran_has_no_end_and_no_output(step, message, has_started):
    run = run_steps([step, ok("after", "${{ 'a' in outputs }}", **{"if": "${{ always() }}"})])

    assert message in run.steps["a"].message
    assert (run.steps["a"].started_at is not None) == has_started
    assert run.steps["a"].finished_at is None
    assert run.output("after") == {"value": False}


def test_an_invalid_config_names_the_field():
    run = run_steps([{"uses": "delete", "as": "a", "config": {"pathh": "x"}}])

    assert run.phase == "Failed"
    assert "invalid delete config" in run.steps["a"].message
    assert "pathh" in run.steps["a"].message


def test_a_step_without_output_leaves_members_that_are_nil():
    steps = [
        {"uses": "delete", "as": "a", "config": {"path": "x"}},
        ok("b", "${{ outputs.a.anything == nil && 'a' in outputs }}"),
    ]

    assert run_steps(steps).output("b") == {"value": True}


def test_outputs_reach_later_steps_with_their_type():
    steps = [ok("a", "${{ [1, true, {'x': 'y'}] }}"), ok("b", "${{ outputs.a.value[2].x + '!' }}")]

    run = run_steps(steps)

    assert run.output("a") == {"value": [1, True, {"x": "y"}]}
    assert run.output("b") == {"value": "y!"}


def test_what_a_task_composes_speaks_for_the_task():
    project = make_project()
    warehouse = make_warehouse(project)
    project.promotion_tasks.create(
        name="build",
        spec={
            "vars": [{"name": "who"}],
            "steps": [
                ok("inner", "${{ vars.who }}"),
                {"uses": "compose-output", "as": "one", "config": {"first": "${{ task.outputs.inner.value }}"}},
                {"uses": "compose-output", "as": "two", "config": {"second": 2}},
            ],
        },
    )
    steps = [
        {"task": {"name": "build"}, "as": "t", "vars": [{"name": "who", "value": "me"}]},
        ok("after", "${{ outputs.t.first + string(outputs.t.second) + outputs['t::inner'].value }}"),
    ]
    stage = make_stage(project, warehouse=warehouse, steps=steps)

    run = look(promote(stage, make_freight(warehouse)))

    assert list(run.steps) == ["t::inner", "t::one", "t::two", "after"]
    assert run.output("after") == {"value": "me2me"}


def test_a_failed_compose_output_says_nothing_for_its_task():
    project = make_project()
    warehouse = make_warehouse(project)
    inner = [{"uses": "compose-output", "as": "one", "config": {}}]
    project.promotion_tasks.create(name="build", spec={"steps": inner})
    steps = [
        {"task": {"name": "build"}, "as": "t"},
        ok("after", "${{ 't' in outputs }}", **{"if": "${{ always() }}"}),
    ]
    stage = make_stage(project, warehouse=warehouse, steps=steps)

    run = look(promote(stage, make_freight(warehouse)))

    assert run.phase == "Failed"
    assert run.output("after") == {"value": False}


def test_variables_of_stage_template_and_step_stand_in_their_order():
    project = make_project()
    warehouse = make_warehouse(project)
    template = {
        "spec": {
            "vars": [{"name": "b", "value": "${{ vars.a }}b"}],
            "steps": [ok("s", "${{ vars.b + vars.c }}", vars=[{"name": "c", "value": "${{ ctx.stage }}"}])],
        }
    }
    stage = make_stage(
        project,
        warehouse=warehouse,
        variables=[{"name": "a", "value": "1"}],
        spec={"promotionTemplate": template},
    )

    run = look(promote(stage, make_freight(warehouse)))

    assert run.output("s") == {"value": "1btest"}


def test_texts_no_database_can_store_do_not_stop_a_promotion():
    run = run_steps([ok("a", "${{ 'x' + string(fromJSON('\"\\\\u0000\\\\ud800\"')) }}")])

    assert run.phase == "Succeeded", run.promotion.message
    assert run.output("a") == {"value": "x\ufffd?"}
