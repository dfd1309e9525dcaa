"""Linting needs no database: none of these tests may touch it."""

import subprocess
import sys

import pytest

from projects.documents import SourceText
from promotions.changesets import lint_texts

HEAD = """\
apiVersion: kargo.akuity.io/v1alpha1
kind: {kind}
metadata: {{name: {name}, namespace: shop}}
"""
PROJECT = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Project\nmetadata: {name: shop}\n---\n"
WAREHOUSE = (
    HEAD.format(kind="Warehouse", name="main") + "spec: {subscriptions: [{image: {repoURL: ghcr.io/x/y}}]}\n---\n"
)
SOURCE = "spec:\n  requestedFreight:\n  - origin: {kind: Warehouse, name: main}\n    sources: {direct: true}\n"


def stage(name="dev", spec=SOURCE):
    return HEAD.format(kind="Stage", name=name) + spec


def lint(*parts):
    return lint_texts([SourceText("f.yaml", PROJECT + WAREHOUSE + "---\n".join(parts))])


def line_of(problem, *parts):
    return (PROJECT + WAREHOUSE + "---\n".join(parts)).splitlines()[problem.line - 1]


def test_a_whole_pipeline_has_no_errors(bakery):
    report = lint_texts([bakery])

    assert report.errors == ()
    assert report.objects == 12


def test_old_tag_filters_are_warned_of_with_their_place(bakery):
    (warning,) = [w for w in lint_texts([bakery]).warnings if "allowTags" in w.message]

    assert (warning.line, warning.column) == (20, 7)
    assert "allowTagsRegexes" in warning.hint


def test_an_unknown_field_is_refused_with_a_guess():
    text = stage(spec=SOURCE.replace("direct:", "dirrect:"))

    (error,) = lint(text).errors

    assert error.message == 'Unknown field "dirrect" in spec.requestedFreight[0].sources.'
    assert error.hint.startswith('Did you mean "direct"?')
    assert line_of(error, text)[error.column - 1 :].startswith("dirrect")


def test_all_problems_are_collected_from_all_documents():
    report = lint(
        stage(spec="spec: {requestedFreight: [], vars: [{name: 1x}, {nam: y}]}\n"),
        HEAD.format(kind="Stagee", name="x"),
        stage("UPPER"),
    )

    messages = [error.message for error in report.errors]
    assert len(messages) == 6
    assert "spec.requestedFreight must not be empty." in messages
    assert '"1x" is not a valid variable name.' in messages
    assert 'Field "name" is missing in spec.vars[1].' in messages
    assert 'Unknown field "nam" in spec.vars[1].' in messages
    assert 'Kind "Stagee" (kargo.akuity.io/v1alpha1) is not one of ours, so it cannot be applied.' in messages
    assert '"UPPER" is not a valid name (lower-case letters, digits, dots and dashes).' in messages


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        ("3", "spec.vars[0].value must be text, not the number 3.", 'Put it in quotes: "3".'),
        ("true", "spec.vars[0].value must be text, not true.", 'Put it in quotes: "true".'),
        ("[a]", "spec.vars[0].value must be text, not a list.", "Write text."),
    ],
)
def test_values_are_not_converted_silently(value, message, hint):
    (error,) = lint(stage(spec=SOURCE + f"  vars: [{{name: x, value: {value}}}]\n")).errors

    assert (error.message, error.hint) == (message, hint)


def test_null_means_left_out():
    report = lint(stage(spec=SOURCE + "  vars:\n  promotionTemplate:\n  verification: ~\n"))

    assert report.errors == ()


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("{as: x}", 'Exactly one of "uses", "task" must be set.'),
        ("{uses: fail, task: {name: t}}", 'Exactly one of "uses", "task" must be set.'),
        ("{task: {name: t}, if: x}", 'A step that references a task cannot set "if".'),
        ("{task: {name: t}, config: {}}", 'A step that references a task cannot set "config".'),
        ("{task: {name: t}, continueOnError: true}", 'A step that references a task cannot set "continueOnError".'),
        ("{task: {name: t}, retry: {timeout: 1m}}", 'A step that references a task cannot set "retry".'),
        ("{uses: fail, as: step-1}", 'The alias "step-1" is reserved for steps without an alias.'),
        ("{uses: fail, as: task-12}", 'The alias "task-12" is reserved for steps without an alias.'),
        ("{uses: fail, as: 'a::b'}", 'The alias "a::b" must not contain "::".'),
        ("{uses: fail, retry: {timeout: soon}}", '"soon" is not a duration.'),
    ],
)
def test_steps_of_templates_follow_kargos_rules(step, message):
    report = lint(stage(spec=SOURCE + f"  promotionTemplate: {{spec: {{steps: [{step}]}}}}\n"))

    assert message in [error.message for error in report.errors]


def test_aliases_are_unique_after_trimming():
    steps = "[{uses: fail, as: x, config: {message: m}}, {uses: fail, as: ' x ', config: {message: m}}]"

    (error,) = lint(stage(spec=SOURCE + f"  promotionTemplate: {{spec: {{steps: {steps}}}}}\n")).errors

    assert error.message == 'The alias "x" duplicates that of steps[0].'


def test_a_task_cannot_reference_a_task():
    task = HEAD.format(kind="PromotionTask", name="t") + "spec: {steps: [{task: {name: other}}]}\n"

    (error,) = lint(task).errors

    assert "cannot reference a task" in error.message


def test_a_cycle_is_an_error_that_names_its_stages():
    def fed_by(name, upstream):
        return stage(name, SOURCE.replace("direct: true", f"stages: [{upstream}]"))

    texts = [fed_by("a", "c"), fed_by("b", "a"), fed_by("c", "b")]
    (error,) = lint(*texts).errors

    assert error.message == "These stages feed each other in a circle: a -> b -> c -> a."
    assert line_of(error, *texts)[error.column - 1 :].startswith("c]")


def test_missing_upstream_and_warehouse_are_warnings_as_kargo_accepts_them():
    report = lint(
        stage(spec=SOURCE.replace("name: main", "name: mian").replace("direct: true", "stages: [text]")),
        stage("test"),
    )

    assert report.errors == ()
    messages = [warning.message for warning in report.warnings]
    assert 'Stage "dev" requests freight of Warehouse "mian", which does not exist.' in messages
    assert 'Upstream stage "text" does not exist.' in messages
    hints = " ".join(warning.hint for warning in report.warnings)
    assert 'Did you mean "main"?' in hints
    assert 'Did you mean "test"?' in hints


def test_a_stage_without_sources_is_warned_of():
    (warning,) = lint(stage(spec=SOURCE.replace("direct: true", ""))).warnings

    assert "names no source" in warning.message


def test_soaking_in_a_control_flow_stage_is_warned_of():
    soaking = SOURCE.replace("direct: true", "stages: [gate], requiredSoakTime: 1h")

    (warning,) = lint(stage("gate"), stage("prod", soaking)).warnings

    assert "never soaks there" in warning.message


def test_a_missing_task_is_a_warning_that_says_which_step_and_what_there_is():
    task = HEAD.format(kind="PromotionTask", name="publish") + "spec: {steps: [{uses: fail, config: {message: m}}]}\n"
    steps = (
        "  promotionTemplate: {spec: {steps: [{uses: fail, config: {message: m}}, {as: go, task: {name: publsh}}]}}\n"
    )

    report = lint(task, stage(spec=SOURCE + steps))

    (warning,) = report.warnings
    assert report.errors == ()
    assert warning.message == 'Stage "dev", steps[1] ("go"): PromotionTask "publsh" does not exist in project "shop".'
    assert warning.hint.startswith('Did you mean "publish"? Tasks there are: publish.')


def test_a_task_of_the_other_kind_is_pointed_at():
    task = "apiVersion: kargo.akuity.io/v1alpha1\nkind: ClusterPromotionTask\nmetadata: {name: publish}\n"
    task += "spec: {steps: [{uses: fail, config: {message: m}}]}\n"
    steps = "  promotionTemplate: {spec: {steps: [{task: {name: publish}}]}}\n"

    (error,) = lint(task, stage(spec=SOURCE + steps)).errors

    assert "task.kind: ClusterPromotionTask" in error.hint


@pytest.mark.parametrize("place", ["stage", "template", "step", "nowhere"])
def test_variables_of_a_task_may_come_from_stage_template_or_step(place):
    task = HEAD.format(kind="PromotionTask", name="t")
    task += "spec: {vars: [{name: repo}, {name: branch, value: main}], steps: [{uses: fail, config: {message: m}}]}\n"
    given = {name: "[{name: repo, value: x}]" if name == place else "[]" for name in ("stage", "template", "step")}
    spec = SOURCE + f"  vars: {given['stage']}\n  promotionTemplate: {{spec: {{vars: {given['template']}, steps: "
    spec += f"[{{task: {{name: t}}, vars: {given['step']}}}]}}}}\n"

    messages = [error.message for error in lint(task, stage(spec=spec)).errors]

    missing = 'Stage "dev", steps[0]: missing value for variable "repo" of PromotionTask "t".'
    assert messages == ([missing] if place == "nowhere" else [])


def test_unknown_step_kinds_and_config_keys_are_warnings():
    steps = "[{uses: git-clon}, {uses: fail, config: {mesage: hi}}]"
    report = lint(stage(spec=SOURCE + f"  promotionTemplate: {{spec: {{steps: {steps}}}}}\n"))

    assert report.errors == ()
    messages = [warning.message for warning in report.warnings]
    assert 'There is no step kind "git-clon".' in messages
    assert 'Unknown field "mesage" in spec.promotionTemplate.spec.steps[0].config.' not in messages
    assert 'Unknown field "mesage" in spec.promotionTemplate.spec.steps[1].config.' in messages
    assert any('Did you mean "git-clone"?' in warning.hint for warning in report.warnings)


def test_config_values_that_are_expressions_are_not_doubted():
    steps = "[{uses: git-clone, config: {repoURL: '${{ vars.r }}', checkout: '${{ vars.c }}'}}]"

    variables = "  vars: [{name: r, value: a}, {name: c, value: b}]\n"

    report = lint(stage(spec=SOURCE + variables + f"  promotionTemplate: {{spec: {{steps: {steps}}}}}\n"))

    assert report.warnings == ()


@pytest.mark.parametrize(
    ("extra", "column_text"),
    [
        ("  vars: [{name: x, value: '${{ 1 + }}'}]\n", "}}'"),
        ("  promotionTemplate: {spec: {vars: [{name: x, value: '${{ ( }}'}]}}\n", "}}'"),
        ("  promotionTemplate: {spec: {steps: [{uses: fail, config: {message: '${{ a b }}'}}]}}\n", "b }}'"),
        ("  promotionTemplate: {spec: {steps: [{uses: fail, if: '${{ x', config: {message: m}}]}}\n", "${{ x'"),
        ("  verification: {args: [{name: x, value: '${{ ] }}'}]}\n", "] }}'"),
    ],
)
def test_expressions_that_do_not_parse_are_errors_at_their_place(extra, column_text):
    text = stage(spec=SOURCE + extra)

    (error,) = lint(text).errors

    assert error.message.startswith("This expression cannot be read: ")
    assert line_of(error, text)[error.column - 1 :].startswith(column_text)


def test_bare_expressions_of_warehouses_are_parsed_too():
    text = HEAD.format(kind="Warehouse", name="w")
    text += "spec:\n  freightCreationCriteria: {expression: 'imageFrom('}\n  subscriptions:\n"
    text += "  - git: {repoURL: 'https://git.example.com/x', expressionFilter: 'subject ='}\n"

    assert len(lint(text).errors) == 2


def test_an_origin_is_requested_once():
    (error,) = lint(stage(spec=SOURCE + SOURCE.split("\n", 2)[2])).errors

    assert error.message == 'Freight of Warehouse "main" is already requested at requestedFreight[0].'


def test_match_upstream_needs_exactly_one_stage():
    sources = "stages: [a, b], autoPromotionOptions: {selectionPolicy: MatchUpstream}"

    (error,) = lint(stage(spec=SOURCE.replace("direct: true", sources))).errors

    assert "MatchUpstream requires exactly one upstream stage" in error.message


def test_other_kinds_are_refused_naming_what_is_supported():
    (error,) = lint("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n").errors

    assert error.message == 'Kind "Deployment" (apps/v1) is not one of ours, so it cannot be applied.'
    assert "Warehouse" in error.hint


def test_what_is_wrong_with_a_secret_is_said_without_showing_it():
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, labels: {kargo.akuity.io/cred-type: git}}\n"

    (error,) = lint(secret + "stringData: {password: hunter2}\n").errors

    assert "needs the URL of the repository" in error.message
    assert "hunter2" not in error.message + error.hint


def test_an_object_described_twice_is_an_error():
    (error,) = lint(stage(), stage()).errors

    assert error.message.startswith('Stage "dev" is described twice; the first is at f.yaml:')


def test_what_a_cluster_wrote_is_read_over():
    text = (
        "apiVersion: kargo.akuity.io/v1alpha1\nkind: Stage\nmetadata:\n  name: dev\n  namespace: shop\n  uid: abc\n"
        "  resourceVersion: '1'\n  generation: 3\n  managedFields: [{manager: x}]\n"
        "  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}'}\n"
        + SOURCE
        + "status: {health: {}}\n"
    )

    assert lint(text).errors == ()


def test_linting_imports_neither_django_nor_a_database():
    program = "import sys, promotions.changesets as c; c.lint_texts([]); sys.exit('django' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_what_is_described_wrongly_is_not_called_missing_as_well(bakery):
    broken = bakery.text.replace("  subscriptions:", "  subscription:").replace(
        "  - uses: git-clear", "  - use: git-clear"
    )
    broken = broken.replace("  name: bakery\n  annotations:", "  name: bakery\n  annotation:")

    report = lint_texts([SourceText("b.yaml", broken)])

    assert {error.message.split('"')[1] for error in report.errors} == {
        "subscription",
        "subscriptions",
        "use",
        "uses",
        "annotation",
    }
    assert report.warnings == ()
