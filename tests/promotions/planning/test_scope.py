"""What expressions of a step see, and when a step is wanted."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from expressions import ExpressionError
from promotions.planning.artifacts import RequestedOrigin
from promotions.planning.facts import PromotionFacts, StepFact
from promotions.planning.scope import Scope, evaluate_config, is_wanted
from promotions.references import CommitReference, FreightReference, ImageReference

CTX = PromotionFacts(
    ui_base_url="https://kargo.example.com",
    project="shop",
    promotion="dev.01j.abc",
    stage="dev",
    freight_name="f" * 40,
    freight_alias="calm-otter",
    warehouse="main",
    actor_label="email:alice@example.com",
)
IMAGE = "ghcr.io/example/app"
MAIN = FreightReference(
    name="f" * 40,
    origin="Warehouse/main",
    images=(ImageReference(IMAGE, tag="1.10", digest="sha256:1", annotations={"a": "b"}),),
    commits=(CommitReference("https://git.example.com/app.git", id="abc123", branch="main"),),
)
OFFERS = RequestedOrigin.from_spec(
    "main",
    {
        "subscriptions": [
            {"image": {"repoURL": IMAGE}},
            {"git": {"repoURL": "https://git.example.com/app.git"}},
        ]
    },
)


class FileLookups:
    """Look-ups from plain data that count how often each was asked."""

    def __init__(self, **data):
        self.data = data
        self.asked = []

    def __getattr__(self, group):
        def find(name):
            self.asked.append((group, name))
            return self.data.get(group, {}).get(name)

        return find


def make_scope(**fields):
    defaults = {
        "facts": CTX,
        "promotion_vars": [],
        "state": {},
        "step_facts": [],
        "references": (MAIN,),
        "requested_origins": (OFFERS,),
        "lookups": FileLookups(),
    }
    return Scope(**(defaults | fields))


def variables(**values):
    return [{"name": name, "value": value} for name, value in values.items()]


def evaluate(text, *, alias="build", step_vars=(), **fields):
    """The value of one config field of a step."""
    step = {"uses": "http", "as": alias, "vars": list(step_vars), "config": {"x": text}}
    return evaluate_config(make_scope(**fields), step)["x"]


def wanted(condition=None, *, alias="build", **fields):
    step = {"uses": "http", "as": alias} | ({"if": condition} if condition is not None else {})
    return is_wanted(make_scope(**fields), step)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("ctx.uiBaseUrl", "https://kargo.example.com"),
        ("ctx.project + '/' + ctx.stage + '/' + ctx.promotion", "shop/dev/dev.01j.abc"),
        ("ctx.targetFreight.name", "f" * 40),
        ("ctx.targetFreight.alias", "calm-otter"),
        ("ctx.targetFreight.origin.name", "main"),
        ("ctx.meta.promotion.actor", "alice@example.com"),
        ("ctx.meta.promotion.rollback", False),
        ("ctx.meta.step.alias", "build"),
        ("ctx.nothing", None),
        ("target", None),
        ("task", None),
    ],
)
def test_ctx(expression, value):
    assert evaluate(f"${{{{ {expression} }}}}") == value


@pytest.mark.parametrize(
    ("label", "actor"),
    [("email:a@b.c", "a@b.c"), ("admin", "admin"), ("oidc:x:y", "x:y"), ("", "")],
)
def test_the_actor_is_the_text_after_the_first_colon(label, actor):
    assert evaluate("${{ ctx.meta.promotion.actor }}", facts=replace(CTX, actor_label=label)) == actor


def test_expressions_are_found_at_any_depth_and_the_rest_is_kept():
    step = {
        "uses": "http",
        "as": "call",
        "config": {"plain": "1", "number": 7, "list": [{"deep": "v${{ 1 + 1 }}"}], "${{ 1 }}": None},
    }

    assert evaluate_config(make_scope(), step) == {
        "plain": "1",
        "number": 7,
        "list": [{"deep": "v2"}],
        "${{ 1 }}": None,
    }


def test_a_step_without_config_gets_an_empty_one():
    assert evaluate_config(make_scope(), {"uses": "http", "as": "call"}) == {}


def test_a_config_that_is_no_map_is_an_error():
    with pytest.raises(ExpressionError, match="must be a map, not a list"):
        evaluate_config(make_scope(), {"uses": "http", "as": "call", "config": ["a"]})


def test_an_error_names_the_field():
    with pytest.raises(ExpressionError) as error:
        evaluate("${{ nothing.at.all }}")

    assert error.value.path == "config.x"


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("${{ semverDiff('1.0.0', '1.1.0') }}", "Minor"),
        ("${{ semverParse('v1.2').IncPatch() }}", "1.2.1"),
        ("${{ quote(42) }}", "42"),
        ("${{ $env.ctx.stage }}", "dev"),
        (f"${{{{ quote(imageFrom('{IMAGE}').Tag) }}}}", "1.10"),
        ("${{ secret('db').user }}:${{ configMap('site').none }}", "shop:"),
        ("${{ freightMetadata('f').pr }}", 7),
        ("${{ imageFrom('nope') == nil }}", True),
    ],
)
def test_every_group_of_functions_is_there(template, value):
    lookups = FileLookups(secret={"db": {"user": "shop"}}, freight_metadata={"f": {"pr": 7}})

    assert evaluate(template, lookups=lookups) == value


class TestVariables:
    def test_later_ones_see_and_replace_earlier_ones(self):
        promotion_vars = [
            *variables(a="1", b="${{ vars.a }}${{ vars.a }}x"),
            {"name": "a", "value": "${{ vars.b }}!"},
        ]

        assert evaluate("${{ vars.a }} ${{ vars.b }}", promotion_vars=promotion_vars) == "11x! 11x"

    def test_step_variables_win_over_promotion_variables(self):
        assert evaluate("${{ vars.a }}", promotion_vars=variables(a="p"), step_vars=variables(a="s")) == "s"

    def test_values_keep_their_type(self):
        assert evaluate("${{ vars.n + 1 }}", promotion_vars=variables(n="${{ 41 }}")) == 42

    def test_plain_text_stays_text(self):
        assert evaluate("${{ type(vars.n) }}", promotion_vars=variables(n="42")) == "string"

    def test_promotion_variables_do_not_see_outputs(self):
        value = evaluate(
            "${{ vars.a }}",
            promotion_vars=variables(a="${{ outputs == nil && task == nil && stepMetas == nil }}"),
            state={"clone": {"commit": "abc"}},
        )

        assert value is True

    def test_promotion_variables_see_the_step_they_are_evaluated_for(self):
        promotion_vars = variables(a="${{ ctx.meta.step.alias }}")

        assert evaluate("${{ vars.a }}", promotion_vars=promotion_vars, alias="pub::push") == "pub::push"

    def test_promotion_variables_may_ask_for_artifacts(self):
        promotion_vars = variables(tag=f"v${{{{ imageFrom('{IMAGE}').Tag }}}}")

        assert evaluate("${{ vars.tag }}", promotion_vars=promotion_vars) == "v1.10"

    def test_step_variables_see_outputs(self):
        step_vars = variables(a="${{ outputs.clone.commit }}")

        assert evaluate("${{ vars.a }}", step_vars=step_vars, state={"clone": {"commit": "abc"}}) == "abc"

    @pytest.mark.parametrize("place", ["promotion_vars", "step_vars"])
    def test_variables_cannot_ask_for_the_status(self, place):
        with pytest.raises(ExpressionError) as error:
            evaluate("x", **{place: variables(a="${{ always() }}")})

        assert error.value.path == "vars.a"

    def test_an_error_in_a_variable_fails_the_condition_too(self):
        with pytest.raises(ExpressionError) as error:
            wanted("${{ true }}", promotion_vars=variables(bad="${{ nil.x }}"))

        assert error.value.path == "vars.bad"


class TestOutputs:
    def test_dashes_need_brackets(self):
        assert evaluate("${{ outputs['open-pr'].pr.id }}", state={"open-pr": {"pr": {"id": 7}}}) == 7

    def test_a_step_without_output_is_nil_and_so_are_its_members(self):
        state = {"copy": None}

        assert evaluate("${{ outputs.copy == nil }}", state=state) is True
        assert evaluate("${{ outputs.copy.x == nil }}", state=state) is True
        assert evaluate("${{ outputs.copy }}", state=state) is None

    def test_a_step_that_did_not_run_is_nil_and_its_members_are_an_error(self):
        assert evaluate("${{ outputs.skipped == nil }}") is True
        with pytest.raises(ExpressionError):
            evaluate("${{ outputs.skipped.x }}")

    def test_task_outputs_are_those_of_the_same_task_by_short_alias(self):
        state = {"pub::commit": {"sha": "abc"}, "pub::copy": None, "other::commit": {"sha": "x"}, "commit": {}}

        assert evaluate("${{ task.outputs.commit.sha }}", alias="pub::push", state=state) == "abc"
        assert evaluate("${{ task.outputs.copy.x }}", alias="pub::push", state=state) is None
        assert evaluate("${{ keys(task.outputs) }}", alias="pub::push", state=state) == ["commit", "copy"]

    def test_other_steps_use_full_aliases(self):
        state = {"pub::commit": {"sha": "abc"}, "pub": {"sha": "composed"}}

        assert evaluate("${{ outputs['pub::commit'].sha }} ${{ outputs.pub.sha }}", state=state) == "abc composed"
        with pytest.raises(ExpressionError):
            evaluate("${{ task.outputs }}", state=state)

    def test_step_metas_tell_how_steps_went(self):
        started = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        fact = StepFact("clone", status="Errored", message="no", started_at=started, error_count=2)

        assert evaluate("${{ stepMetas.clone.ErrorCount }}", step_facts=[fact]) == 2
        assert evaluate("${{ stepMetas.clone.StartedAt.Year() }}", step_facts=[fact]) == 2026
        assert evaluate("${{ stepMetas.clone.Status }}: ${{ stepMetas.clone.Message }}", step_facts=[fact]) == (
            "Errored: no"
        )


class TestConditions:
    FAILED = StepFact("clone", status="Failed")
    IGNORED = StepFact("clone", status="Errored", continue_on_error=True)
    GOOD = StepFact("clone", status="Succeeded")

    @pytest.mark.parametrize(
        ("fact", "expected"), [(FAILED, False), (IGNORED, True), (GOOD, True)], ids=["failed", "ignored", "good"]
    )
    def test_without_a_condition_a_step_runs_unless_something_failed(self, fact, expected):
        assert wanted(step_facts=[fact]) is expected

    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            ("${{ always() }}", True),
            ("${{ failure() }}", True),
            ("${{ success() }}", False),
            ("${{ status('clone') == 'Failed' }}", True),
            ("${{ status('later') == '' }}", True),
        ],
    )
    def test_conditions_after_a_failure(self, condition, expected):
        assert wanted(condition, step_facts=[self.FAILED]) is expected

    def test_a_failure_that_may_happen_is_none_but_its_status_shows(self):
        assert wanted("${{ failure() }}", step_facts=[self.IGNORED]) is False
        assert wanted("${{ status('clone') == 'Errored' }}", step_facts=[self.IGNORED]) is True

    def test_status_looks_in_the_namespace_of_the_step(self):
        facts = [StepFact("pub::push", status="Skipped"), StepFact("push", status="Succeeded")]

        assert evaluate("${{ status('push') }}", alias="pub::next", step_facts=facts) == "Skipped"
        assert evaluate("${{ status('push') }}", alias="next", step_facts=facts) == "Succeeded"
        assert evaluate("${{ status('pub::push') }}", alias="next", step_facts=facts) == ""
        assert evaluate("${{ status('push') }}", alias="other::next", step_facts=facts) == ""

    @pytest.mark.parametrize("condition", ["${{ status('') }}", "${{ always(1) }}", "${{ status(1) }}"])
    def test_wrong_arguments_are_errors(self, condition):
        with pytest.raises(ExpressionError):
            wanted(condition)

    def test_a_function_without_parentheses_is_nil(self):
        with pytest.raises(ExpressionError, match="not nil"):
            wanted("${{ always }}")

    @pytest.mark.parametrize(
        ("condition", "words"),
        [
            ("true", "write"),
            ("${{ 'yes' }}", "not a text"),
            ("${{ 1 }}", "not a number"),
            ("${{ nil }}", "not nil"),
        ],
    )
    def test_a_condition_must_be_true_or_false(self, condition, words):
        with pytest.raises(ExpressionError) as error:
            wanted(condition)

        assert words in error.value.summary
        assert error.value.path == "if"

    def test_the_error_of_a_condition_does_not_tell_a_secret(self):
        lookups = FileLookups(secret={"db": {"password": "hunter2"}})

        with pytest.raises(ExpressionError) as error:
            wanted("${{ secret('db').password }}", lookups=lookups)

        assert "hunter2" not in str(error.value)
