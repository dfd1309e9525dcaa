"""Templates become flat, frozen steps."""

import pytest

from projects.errors import DomainError
from promotions.planning.plan import PlanError, plan_promotion

PUBLISH = {
    "vars": [{"name": "repo"}, {"name": "branch", "value": "main"}],
    "steps": [
        {"uses": "git-clone", "config": {"repoURL": "${{ vars.repo }}"}},
        {"uses": "yaml-update", "as": "bump", "config": {"path": "./src/values.yaml"}},
        {"uses": "git-push", "as": "push", "if": "${{ status('bump') == 'Succeeded' }}"},
    ],
}


def find_task_among(**tasks):
    return lambda kind, name: tasks.get(f"{kind}_{name}")


def no_tasks(kind, name):
    return None


def plan(steps, *, stage_vars=(), template_vars=(), find_task=no_tasks):
    return plan_promotion(
        stage_vars=list(stage_vars),
        template={"vars": list(template_vars), "steps": steps},
        find_task=find_task,
    )


def plan_task(reference, task, *, template_vars=(), stage_vars=()):
    return plan(
        [{"task": {"name": "t"}, **reference}],
        stage_vars=stage_vars,
        template_vars=template_vars,
        find_task=find_task_among(PromotionTask_t=task),
    )


def test_the_worked_example_plans_task_and_plain_steps():
    result = plan(
        [
            {
                "task": {"name": "publish"},
                "as": "pub",
                "vars": [{"name": "repo", "value": "https://git/shop"}],
            },
            {"uses": "http", "if": "${{ failure() }}"},
        ],
        template_vars=[{"name": "branch", "value": "env/${{ ctx.stage }}"}],
        find_task=find_task_among(PromotionTask_publish=PUBLISH),
    )

    repo = [{"name": "repo", "value": "https://git/shop"}]
    assert result.vars == [{"name": "branch", "value": "env/${{ ctx.stage }}"}]
    assert result.steps == [
        {
            "uses": "git-clone",
            "as": "pub::step-1",
            "config": {"repoURL": "${{ vars.repo }}"},
            "vars": repo,
            "task": "pub",
        },
        {
            "uses": "yaml-update",
            "as": "pub::bump",
            "config": {"path": "./src/values.yaml"},
            "vars": repo,
            "task": "pub",
        },
        {
            "uses": "git-push",
            "as": "pub::push",
            "if": "${{ status('bump') == 'Succeeded' }}",
            "vars": repo,
            "task": "pub",
        },
        {"uses": "http", "as": "step-2", "if": "${{ failure() }}"},
    ]


def test_stage_variables_come_before_template_variables_even_with_one_name():
    result = plan(
        [{"uses": "http"}],
        stage_vars=[{"name": "a", "value": "stage"}],
        template_vars=[{"name": "a", "value": "template"}],
    )

    assert result.vars == [{"name": "a", "value": "stage"}, {"name": "a", "value": "template"}]


def test_a_step_keeps_all_it_was_given_and_nothing_else():
    step = {
        "uses": "http",
        "as": " call ",
        "continueOnError": True,
        "retry": {"errorThreshold": 3, "timeout": "5m"},
        "vars": [{"name": "x", "value": "1"}],
        "config": {"url": "https://example.com"},
    }

    planned = plan([step, {"uses": "fail", "if": "", "continueOnError": False, "retry": None}]).steps

    assert planned == [step | {"as": "call"}, {"uses": "fail", "as": "step-2"}]


def test_the_plan_shares_nothing_with_the_template():
    step = {"uses": "http", "config": {"headers": [{"name": "a"}]}}
    planned = plan([step]).steps

    step["config"]["headers"].append({"name": "b"})

    assert planned[0]["config"] == {"headers": [{"name": "a"}]}


def test_one_task_may_be_used_twice():
    use = {"task": {"name": "t"}}
    task = {"steps": [{"uses": "http", "as": "call"}]}

    planned = plan([use, use, use | {"as": "again"}], find_task=find_task_among(PromotionTask_t=task)).steps

    assert [step["as"] for step in planned] == ["task-1::call", "task-2::call", "again::call"]


def test_default_aliases_count_the_place_in_the_template():
    task = {"steps": [{"uses": "http"}, {"uses": "http"}]}

    planned = plan(
        [{"uses": "http"}, {"task": {"name": "t"}}, {"uses": "http"}],
        find_task=find_task_among(PromotionTask_t=task),
    ).steps

    assert [s["as"] for s in planned] == ["step-1", "task-2::step-1", "task-2::step-2", "step-3"]


@pytest.mark.parametrize(
    ("promotion", "given", "expected"),
    [
        pytest.param("", "", [("x", "default")], id="task-default"),
        pytest.param("promotion", "", [], id="promotion-wins-over-default"),
        pytest.param("", "step", [("x", "default"), ("x", "step")], id="step-comes-after-default"),
        pytest.param("promotion", "step", [("x", "step")], id="step-comes-after-promotion"),
    ],
)
def test_precedence_of_a_task_variable_with_default(promotion, given, expected):
    result = plan_task(
        {"vars": [{"name": "x", "value": given}] if given else []},
        {"vars": [{"name": "x", "value": "default"}], "steps": [{"uses": "http"}]},
        template_vars=[{"name": "x", "value": promotion}],
    )

    assert [(v["name"], v["value"]) for v in result.steps[0].get("vars", [])] == expected


def test_inner_step_variables_come_last():
    result = plan_task(
        {"vars": [{"name": "x", "value": "outer"}]},
        {"steps": [{"uses": "http", "vars": [{"name": "x", "value": "inner"}]}]},
    )

    assert [v["value"] for v in result.steps[0]["vars"]] == ["outer", "inner"]


def test_a_stage_variable_satisfies_a_task():
    result = plan_task(
        {},
        {"vars": [{"name": "repo"}], "steps": [{"uses": "http"}]},
        stage_vars=[{"name": "repo", "value": "r"}],
    )

    assert result.steps == [{"uses": "http", "as": "task-1::step-1", "task": "task-1"}]


def test_a_shared_task_is_looked_up_by_its_kind():
    task = {"steps": [{"uses": "http"}]}

    planned = plan(
        [{"task": {"name": "t", "kind": "ClusterPromotionTask"}}],
        find_task=find_task_among(ClusterPromotionTask_t=task),
    ).steps

    assert planned[0]["as"] == "task-1::step-1"


TASK = {"steps": [{"uses": "http"}]}


@pytest.mark.parametrize(
    ("steps", "tasks", "words"),
    [
        pytest.param([], {}, ["no promotion steps"], id="no-steps"),
        pytest.param([{"as": "x"}], {}, ["Step 1", "exactly one of uses and task"], id="neither"),
        pytest.param([{"uses": "http", "task": {"name": "t"}}], {}, ["exactly one"], id="both"),
        pytest.param([{"uses": "a", "as": "x"}, {"uses": "b", "as": "x "}], {}, ['"x"', "step 2"], id="twice"),
        pytest.param([{"uses": "a", "as": "step-7"}], {}, ['"step-7"', "reserved"], id="reserved"),
        pytest.param([{"uses": "a", "as": "a::b"}], {}, ['"a::b"', '"::"'], id="separator"),
        pytest.param(
            [{"task": {"name": "t"}}],
            {},
            ['PromotionTask "t"', 'step "task-1"', "does not exist", "Create it in this project"],
            id="missing-task",
        ),
        pytest.param(
            [{"task": {"name": "t"}}],
            {"ClusterPromotionTask_t": TASK},
            ["does not exist", 'There is a ClusterPromotionTask "t"', "set task.kind"],
            id="task-of-the-other-kind",
        ),
        pytest.param([{"task": {"name": "t", "kind": "Tsak"}}], {}, ['"Tsak"', "ClusterPromotionTask"], id="kind"),
        pytest.param([{"task": {"kind": "PromotionTask"}}], {}, ["without a name"], id="nameless"),
        pytest.param(
            [{"task": {"name": "t"}, "if": "${{ true }}", "retry": {"timeout": "1m"}}],
            {"PromotionTask_t": TASK},
            ['"task-1"', "cannot set if, retry"],
            id="task-step-with-if",
        ),
        pytest.param([{"task": {"name": "t"}}], {"PromotionTask_t": {"steps": []}}, ["no steps"], id="empty-task"),
        pytest.param(
            [{"task": {"name": "t"}}],
            {"PromotionTask_t": {"steps": [{"task": {"name": "t"}}]}},
            ["cannot use tasks"],
            id="task-in-task",
        ),
        pytest.param(
            [{"task": {"name": "t"}, "as": "pub", "vars": [{"name": "repo", "value": ""}]}],
            {"PromotionTask_t": TASK | {"vars": [{"name": "repo"}]}},
            ['"pub"', 'PromotionTask "t"', 'missing value for variable "repo"'],
            id="missing-value",
        ),
    ],
)
def test_an_impossible_template_names_its_cause(steps, tasks, words):
    with pytest.raises(PlanError) as refusal:
        plan(steps, find_task=find_task_among(**tasks))

    assert isinstance(refusal.value, DomainError)
    assert [word for word in words if word not in refusal.value.message] == []
