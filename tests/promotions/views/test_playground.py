"""The playground: what people see of their own templates, and what they never see."""

import pytest
from django.utils import timezone

from expressions import list_functions
from freight.models import Freight
from projects.encryption import seal
from projects.models import Credential, CredentialKind
from promotions.changesets.checks.scopes import ARTIFACT_FUNCTIONS, DATA_FUNCTIONS, STATUS_FUNCTIONS
from promotions.forms.playground import MAX_BYTES
from promotions.models import PromotionTask, Stage, StepRun
from promotions.phases import Phase, StepStatus
from tests.cast import Cast, browser_of
from tests.factories import IMAGE, make_freight, make_promotion, make_stage, make_warehouse

PAGE = "/p/shop/playground/"
RESULT = f"{PAGE}result/"
SECRET = "correct-horse-battery"
STEPS = [
    {
        "uses": "git-commit",
        "as": "commit",
        "vars": [{"name": "who", "value": "bot"}],
        "config": {"path": "./out", "message": "Tag ${{ imageFrom(vars.image).Tag }} by ${{ vars.who }}"},
    },
    {"uses": "git-push", "as": "push", "if": "${{ status('commit') == 'Succeeded' }}", "config": {"path": "./out"}},
]


@pytest.fixture
def stage(cast: Cast) -> Stage:
    warehouse = make_warehouse(cast.project)
    stage = make_stage(cast.project, "dev", warehouse=warehouse, steps=STEPS)
    stage.spec["vars"] = [{"name": "image", "value": IMAGE}, {"name": "token", "value": "${{ secret('git').token }}"}]
    stage.save()
    make_freight(warehouse, images=[{"repo_url": IMAGE, "tag": "1.10"}])
    return stage


def add_secret(cast: Cast, settings) -> None:
    Credential.objects.create(
        project=cast.project,
        name="git",
        kind=CredentialKind.GENERIC,
        sealed=seal({"token": SECRET}, key=settings.SECRET_KEY),
    )


def evaluate(cast: Cast, text: str, **fields: str):
    return browser_of(cast.rita).post(RESULT, {"text": text, **fields}, headers={"HX-Request": "true"})


def outcome_of(cast: Cast, text: str, **fields: str):
    return evaluate(cast, text, **fields).context["outcome"]


def test_a_viewer_sees_the_page_with_a_first_result(cast: Cast, stage: Stage) -> None:
    answer = browser_of(cast.rita).get(PAGE)

    page = answer.content.decode()
    assert answer.context["outcome"].value == '"v1.10"'
    assert "imageFrom(repoURL[, warehouse])" in page
    assert "trim(text[, characters])" in page


def test_who_may_use_it(cast: Cast, stage: Stage) -> None:
    for person, status in ((cast.alice, 200), (cast.bob, 200), (cast.rita, 200), (cast.charlie, 404)):
        assert browser_of(person).get(PAGE).status_code == status
        assert browser_of(person).post(RESULT, {"text": "1"}).status_code == status
    assert browser_of(cast.alice).get(RESULT).status_code == 405
    assert browser_of(cast.alice).post(PAGE).status_code == 405


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("imageFrom(vars.image).Tag", "1.1", "number"),
        ("quote(imageFrom(vars.image).Tag)", '"1.10"', "text"),
        ("v${{ imageFrom(vars.image).Tag }}", '"v1.10"', "text"),
        ("{'a': {'b': 1}}", '{\n  "a": {\n    "b": 1\n  }\n}', "map"),
        ("ctx.stage", '"dev"', "text"),
        ("vars.who", '"bot"', "text"),
        ("nil", "null", "nil"),
        ("1 == 1", "true", "true or false"),
        ("filter(1..3, # > 1)", "[\n  2,\n  3\n]", "list"),
    ],
)
def test_expressions_and_templates_give_what_a_step_would_get(
    cast: Cast, stage: Stage, text: str, value: str, kind: str
) -> None:
    outcome = outcome_of(cast, text)

    assert (outcome.value, outcome.type, outcome.faults) == (value, kind, ())


def test_a_text_that_became_a_number_is_pointed_out(cast: Cast, stage: Stage) -> None:
    assert "quote(...) keeps it text" in outcome_of(cast, "imageFrom(vars.image).Tag").note
    assert outcome_of(cast, "1 + 1").note == ""


def test_a_fault_shows_its_line_with_a_caret_and_the_way_out(cast: Cast, stage: Stage) -> None:
    answer = evaluate(cast, "imageFrom(vars.image).tag")

    (fault,) = answer.context["outcome"].faults
    line, caret = fault.excerpt.split("\n")
    assert line[caret.index("^") :].startswith("tag")
    assert "Tag" in fault.hint
    assert fault.excerpt.split("\n")[1] in answer.content.decode()


def test_a_step_is_evaluated_with_its_condition_and_checked(cast: Cast, stage: Stage) -> None:
    text = "- uses: git-commit\n  if: ${{ ctx.stage == 'prod' }}\n"
    text += "  config:\n    path: ./${{ ctx.stage }}\n    mesage: x\n"

    outcome = outcome_of(cast, text, kind="step")

    assert outcome.condition == "false"
    assert '"path": "./dev"' in outcome.value
    assert "mesage" in outcome.faults[0].message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("uses: [", "This is not valid YAML"),
        ("uses: fail\nvars: [x]\n", "must be a mapping"),
        ("uses: nope\n", 'There is no step kind "nope".'),
        ("path: ${{ 1 + }}\n", "nexpected end"),
        ("uses: fail\nif: 'true'\nconfig: {message: m}\n", "must give true or false"),
        ("- a\n- b\n", "must be a mapping"),
        ("just words", "must be a mapping"),
    ],
)
def test_what_is_wrong_with_a_step_is_said(cast: Cast, stage: Stage, text: str, message: str) -> None:
    assert message in outcome_of(cast, text, kind="step").faults[0].message


def test_a_chosen_step_brings_its_yaml_and_its_scope(cast: Cast, stage: Stage) -> None:
    task = {"vars": [{"name": "who", "value": "task"}], "steps": [{"uses": "fail", "as": "stop"}]}
    PromotionTask.objects.create(project=cast.project, name="push", spec=task)
    make_stage(cast.project, "uat", warehouse=make_warehouse(cast.project, "w2"), steps=[{"task": {"name": "push"}}])

    page = browser_of(cast.rita).get(f"{PAGE}?stage=dev&step=push&kind=step")
    inside = outcome_of(cast, "[ctx.meta.step.alias, vars.who]", stage="uat", step="task-1::stop")

    assert page.context["form"].data["text"].startswith("uses: git-push\n")
    assert inside.value == '[\n  "task-1::stop",\n  "task"\n]'


def test_outputs_and_statuses_are_those_of_the_last_promotion(cast: Cast, stage: Stage) -> None:
    now = timezone.now()
    freight = Freight.objects.get()
    promotion = make_promotion(stage, freight, phase=Phase.SUCCEEDED, started_at=now)
    run, _ = StepRun.objects.get_or_create(promotion=promotion, index=0, defaults={"alias": "commit", "kind": "x"})
    StepRun.objects.filter(pk=run.pk).update(
        alias="commit", status=StepStatus.SUCCEEDED, started_at=now, shown_output={"commit": "abc"}
    )

    assert outcome_of(cast, "outputs.commit.commit + status('commit')").value == '"abcSucceeded"'


@pytest.mark.parametrize(
    "text",
    [
        "secret('git').token",
        "vars.token",
        "secret('git')",
        "toBase64(secret('git').token)",
        "reverse(split(secret('git').token, ''))",
        "$env",
        "secret('git').token[0:1]",
        "len(secret('git').token)",
    ],
)
def test_secrets_never_reach_the_page(cast: Cast, stage: Stage, settings, text: str) -> None:
    add_secret(cast, settings)
    forms = {SECRET, SECRET[::-1], "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"}

    answer = evaluate(cast, text)

    assert not [form for form in forms if form in answer.content.decode()]
    assert answer.context["outcome"].value not in {'"c"', str(len(SECRET))}


def test_the_mask_of_a_secret_does_not_tell_whether_a_guess_is_right(cast: Cast, stage: Stage, settings) -> None:
    add_secret(cast, settings)

    assert outcome_of(cast, f"secret('git').token == '{SECRET}'").value == "false"
    assert SECRET in evaluate(cast, f"'{SECRET}'").context["outcome"].value


@pytest.mark.parametrize(
    "text",
    [
        "let l = 1..9000; count(l, any(l, # < 0))",
        "".join("${{ count(1..30000, # > 0) }}" for _ in range(2000)),
    ],
    ids=["one long expression", "many short ones"],
)
def test_what_takes_too_long_is_cut_off(cast: Cast, stage: Stage, text: str) -> None:
    started = timezone.now()

    (fault,) = outcome_of(cast, text).faults

    assert "time limit exceeded" in fault.message.lower()
    assert (timezone.now() - started).total_seconds() < 6


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "${{",
        "a\x00b",
        "${{ '\ud800' }}".encode("utf-8", "replace").decode(),
        "repeat('x', 1000000)",
        "((1))" * 900,
    ],
    ids=["nested", "unclosed", "nul", "surrogate", "large result", "no operators"],
)
def test_hostile_input_gives_an_answer(cast: Cast, stage: Stage, text: str) -> None:
    answer = evaluate(cast, text)

    assert answer.status_code in {200, 422}
    assert len(answer.content) < 200_000


def test_markup_in_a_template_stays_text(cast: Cast, stage: Stage) -> None:
    page = evaluate(cast, "'<script>alert(1)</script>'").content.decode()

    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_what_is_too_large_is_refused(cast: Cast, stage: Stage) -> None:
    answer = evaluate(cast, "x" * (MAX_BYTES + 1))

    assert answer.status_code == 422
    assert "larger than 64 KiB" in answer.content.decode()


def test_without_htmx_the_whole_page_comes_back_with_the_text(cast: Cast, stage: Stage) -> None:
    answer = browser_of(cast.rita).post(RESULT, {"text": "1 + 1", "stage": "dev"})

    page = answer.content.decode()
    assert "<title>" in page
    assert "1 + 1</textarea>" in page
    assert answer.context["outcome"].value == "2"


def test_another_stage_brings_its_own_freight_and_steps_along(cast: Cast, stage: Stage) -> None:
    make_stage(cast.project, "uat", upstream=stage)

    choice = evaluate(cast, "1").context["bench"].choice

    other = evaluate(cast, "1", stage="uat", listed=choice).content.decode()
    same = evaluate(cast, "1", listed=choice).content.decode()

    assert 'hx-swap-oob="true"' in other
    assert "hx-swap-oob" not in same


def test_names_that_do_not_exist_give_the_nearest(cast: Cast, stage: Stage) -> None:
    answer = browser_of(cast.rita).get(f"{PAGE}?stage=nope&freight=nope&step=nope")

    assert (answer.context["bench"].stage, answer.context["bench"].step_alias) == ("dev", "commit")


def test_a_project_without_stages_says_what_to_do(cast: Cast) -> None:
    assert "There are no stages yet" in browser_of(cast.rita).get(PAGE).content.decode()


def test_the_list_of_functions_names_every_function_once(cast: Cast, stage: Stage) -> None:
    groups = browser_of(cast.rita).get(PAGE).context["groups"]

    names = [function.name for group in groups for function in group.functions]
    own = {*ARTIFACT_FUNCTIONS, *DATA_FUNCTIONS, *STATUS_FUNCTIONS}
    assert sorted(names) == sorted(own | {entry.name for entry in list_functions()})


def test_a_large_result_is_cut(cast: Cast, stage: Stage) -> None:
    outcome = outcome_of(cast, "repeat('x', 100000)")

    assert outcome.is_cut
    assert len(outcome.value) == 64 * 1024


def test_what_can_be_seen_is_written_as_the_expression_that_reads_it(cast: Cast, stage: Stage) -> None:
    branches = {branch.name: branch.rows for branch in evaluate(cast, "1").context["branches"]}

    seen = {row.expression: row.value for rows in branches.values() for row in rows}
    assert seen[f'imageFrom("{IMAGE}").Tag'] == '"1.10"'
    assert seen["ctx.targetFreight.origin.name"] == '"main"'
    assert seen["vars.who"] == '"bot"'
