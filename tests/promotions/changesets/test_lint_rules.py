"""Each rule of the linter: a manifest that breaks it, and the nearest one that does not."""

import re
from pathlib import Path

import pytest

from projects.documents import SourceText
from promotions.changesets import LintReport, lint_texts

ROOT = Path(__file__).resolve().parents[3]
HEAD = "apiVersion: kargo.akuity.io/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\n"
PROJECT = "apiVersion: kargo.akuity.io/v1alpha1\nkind: Project\nmetadata: {name: shop}\n---\n"
WAREHOUSE = (
    HEAD.format(kind="Warehouse", name="main")
    + "spec: {subscriptions: [{image: {repoURL: ghcr.io/x/app}}, {git: {repoURL: 'https://git.example.com/x/y.git'}}]}\n"
    + "---\n"
)
SOURCE = "spec:\n  requestedFreight:\n  - origin: {kind: Warehouse, name: main}\n    sources: {direct: true}\n"
CLONE = (
    "{uses: git-clone, config: {repoURL: 'https://git.example.com/x/y.git', checkout: [{branch: main, path: ./out}]}}"
)
COMMIT = "{uses: git-commit, as: commit, config: {path: ./out, message: m}}"
OPEN_PR = "{uses: git-open-pr, as: open-pr}"


def lint(*documents: str) -> LintReport:
    return lint_texts([SourceText("f.yaml", PROJECT + WAREHOUSE + "---\n".join(documents))])


def stage(steps: str = "", *, variables: str = "[]", more: str = "", name: str = "dev") -> str:
    text = HEAD.format(kind="Stage", name=name) + SOURCE + f"  vars: {variables}\n" + more
    return text + (f"  promotionTemplate:\n    spec:\n      steps: [{steps}]\n" if steps else "")


def fail(message: str, more: str = "") -> str:
    """A step with this template as its message, which gives place for any expression."""
    return f"{{uses: fail, config: {{message: {message!r}}}{more}}}"


def condition(text: str) -> str:
    return fail("m", f", if: {text!r}")


def task(steps: str, variables: str = "[]") -> str:
    return HEAD.format(kind="PromotionTask", name="t") + f"spec:\n  vars: {variables}\n  steps: [{steps}]\n"


def rules(report: LintReport) -> set[str]:
    return {problem.rule for problem in (*report.errors, *report.warnings)}


def analysis(argument: str) -> str:
    text = HEAD.format(kind="AnalysisTemplate", name="check").replace("kargo.akuity.io", "argoproj.io")
    metric = "{name: m, provider: {web: {url: 'https://x'}}}"
    return text + f"spec: {{args: [{argument}], metrics: [{metric}]}}\n"


def verified(arguments: str = "[]") -> str:
    more = f"  verification: {{analysisTemplates: [{{name: check}}], args: {arguments}}}\n"
    return stage(more=more)


def use(variables: str = "[]") -> str:
    return f"{{task: {{name: t}}, as: run, vars: {variables}}}"


# rule, severity, the documents that break it, those that do not
CASES = [
    ("yaml", "error", ["a: ["], [stage()]),
    ("schema", "error", [stage(fail("a", ", as: x") + ", " + fail("b", ", as: x"))], [stage(fail("a", ", as: x"))]),
    ("unsupported-kind", "error", [HEAD.format(kind="Stagee", name="x")], [stage()]),
    ("duplicate-object", "error", [stage(), stage()], [stage(), stage(name="uat")]),
    ("unknown-warehouse", "warning", [stage().replace("name: main", "name: mian")], [stage()]),
    ("unknown-stage", "warning", [stage().replace("direct: true", "stages: [uta]")], [stage()]),
    ("no-source", "warning", [stage().replace("direct: true", "")], [stage()]),
    ("stage-cycle", "error", [stage().replace("direct: true", "stages: [dev]")], [stage()]),
    (
        "missing-analysis-argument",
        "warning",
        [verified(), analysis("{name: url}")],
        [verified("[{name: url, value: x}]"), analysis("{name: url}, {name: branch, value: main}")],
    ),
    ("unknown-analysis-template", "warning", [verified()], [verified(), analysis("")]),
    ("unknown-task", "warning", [stage(use())], [stage(use()), task(fail("m"))]),
    (
        "missing-task-variable",
        "error",
        [stage(use()), task(fail("${{ vars.a }}"), "[{name: a}]")],
        [stage(use("[{name: a, value: x}]")), task(fail("${{ vars.a }}"), "[{name: a}]")],
    ),
    (
        "unused-task-variable",
        "warning",
        [task(fail("m"), "[{name: a, value: x}]")],
        [task(fail("${{ vars['a'] }}"), "[{name: a, value: x}]")],
    ),
    (
        "unknown-task-variable",
        "warning",
        [stage(use("[{name: b, value: x}]")), task(fail("${{ vars.a }}"), "[{name: a, value: x}]")],
        [stage(use("[{name: a, value: x}]")), task(fail("${{ vars.a }}"), "[{name: a, value: x}]")],
    ),
    ("unknown-step-kind", "warning", [stage("{uses: git-clon}")], [stage(CLONE)]),
    ("unknown-config-field", "warning", [stage("{uses: fail, config: {mesage: m}}")], [stage(fail("m"))]),
    ("missing-config-field", "warning", [stage("{uses: git-clone}")], [stage(CLONE)]),
    ("invalid-config-value", "warning", [stage("{uses: fail, config: {message: 3}}")], [stage(fail("${{ 3 }}"))]),
    ("expression-syntax", "error", [stage(fail("${{ 1 + }}"))], [stage(fail("${{ 1 + 1 }}"))]),
    ("expression-syntax", "error", [stage(fail("${{ 1"))], [stage(fail("$ {{ 1"))]),
    ("expression-syntax", "error", [stage(fail('${{ "a" matches "[" }}'))], [stage(fail('${{ "a" matches "a" }}'))]),
    ("unknown-function", "error", [stage(fail("${{ lenn('a') }}"))], [stage(fail("${{ len('a') }}"))]),
    (
        "unknown-function",
        "error",
        [stage(variables='[{name: a, value: "${{ always() }}"}]')],
        [stage(condition("${{ always() }}"))],
    ),
    ("argument-count", "error", [stage(fail("${{ len('a', 'b') }}"))], [stage(fail("${{ max(1, 2, 3) }}"))]),
    ("unknown-name", "warning", [stage(fail("${{ image }}"))], [stage(fail("${{ let image = 1; image }}"))]),
    (
        "unknown-name",
        "error",
        [stage(fail("${{ task.outputs.a }}"))],
        [task(f"{COMMIT}, {fail('${{ task.outputs }}')}")],
    ),
    (
        "unknown-name",
        "error",
        [stage(variables='[{name: a, value: "${{ outputs.x.y }}"}]')],
        [stage(variables='[{name: a, value: "${{ ctx.stage }}"}]')],
    ),
    (
        "undefined-variable",
        "warning",
        [stage(fail("${{ vars.b }}"), variables="[{name: a, value: x}]")],
        [stage(fail('${{ vars.a + (vars.b ?? "") }}${{ vars.c == nil }}'), variables="[{name: a, value: x}]")],
    ),
    (
        "undefined-variable",
        "warning",
        [stage(variables='[{name: a, value: "${{ vars.b }}"}, {name: b, value: x}]')],
        [stage(variables='[{name: b, value: x}, {name: a, value: "${{ vars.b }}"}]')],
    ),
    ("unknown-context", "warning", [stage(fail("${{ ctx.stge }}"))], [stage(fail("${{ ctx.targetFreight.alias }}"))]),
    (
        "unknown-step-output",
        "error",
        [stage(f"{CLONE}, {COMMIT}, {fail('${{ outputs.comit.commit }}')}")],
        [stage(f"{CLONE}, {COMMIT}, {fail('${{ outputs.commit.commit }}')}")],
    ),
    (
        "unknown-step-output",
        "error",
        [stage(f"{fail('${{ outputs.later.x }}')}, {fail('m', ', as: later')}")],
        [stage(f"{fail('m', ', as: later')}, {fail('${{ outputs.later?.x }}')}")],
    ),
    (
        "unknown-step-output",
        "warning",
        [stage(f"{COMMIT}, {condition('${{ outputs.x == nil }}')}")],
        [stage(f"{CLONE}, {COMMIT}, {condition('${{ outputs.commit == nil }}')}")],
    ),
    (
        "unknown-step-output",
        "warning",
        [task(f"{COMMIT}, {fail('${{ outputs.commit.commit }}')}")],
        [task(f"{COMMIT}, {fail('${{ task.outputs.commit.commit }}')}")],
    ),
    (
        "unknown-step-output",
        "error",
        [stage(f"{use()}, {fail('${{ outputs.run.x }}')}"), task(fail("m"))],
        [stage(f"{use()}, {fail('${{ outputs.run.x }}')}"), task("{uses: compose-output, config: {x: '1'}}")],
    ),
    (
        "unknown-output-key",
        "warning",
        [stage(f"{CLONE}, {COMMIT}, {fail('${{ outputs.commit.sha }}')}")],
        [stage("{uses: compose-output, as: c, config: {sha: '1'}}, " + fail("${{ outputs.c.sha }}"))],
    ),
    (
        "unknown-status",
        "warning",
        [stage(f"{COMMIT}, {condition('''${{ status('comit') == 'Succeeded' }}''')}")],
        [stage(f"{CLONE}, {COMMIT}, {condition('''${{ status('commit') == 'Succeeded' }}''')}")],
    ),
    (
        "unknown-artifact-field",
        "error",
        [stage(fail("${{ imageFrom('ghcr.io/x/app').tag }}"))],
        [stage(fail("${{ imageFrom('ghcr.io/x/app').Tag }}"))],
    ),
    (
        "artifact-not-offered",
        "warning",
        [stage(fail("${{ imageFrom(vars.i).Tag }}"), variables="[{name: i, value: ghcr.io/x/ap}]")],
        [stage(fail("${{ imageFrom(vars.i).Tag }}"), variables="[{name: i, value: ghcr.io/x/app}]")],
    ),
    (
        "artifact-not-offered",
        "warning",
        [stage(fail("${{ commitFrom('https://git.example.com/x/y.git', warehouse('other')).ID }}"))],
        [stage(fail("${{ commitFrom('https://git.example.com/X/y', warehouse('main')).ID }}"))],
    ),
    ("condition-not-evaluated", "error", [stage(condition("vars.a"))], [stage(condition("${{ always() }}"))]),
    (
        "condition-not-boolean",
        "error",
        [stage(condition("${{ always() }} && ${{ success() }}"))],
        [stage(condition("${{ always() && success() }}"))],
    ),
    ("condition-not-boolean", "error", [stage(condition("${{ 'yes' }}"))], [stage(condition("${{ failure() }}"))]),
    (
        "constant-condition",
        "warning",
        [stage(condition("${{ 1 == 1 }}"))],
        [stage(condition("${{ ctx.stage == 'a' }}"))],
    ),
    ("missing-dollar", "warning", [stage(fail("{{ vars.a }}"))], [stage(fail("{{ .Values.a }}"))]),
    (
        "exposed-secret",
        "warning",
        [stage(fail("${{ secret('s').k }}"))],
        [stage("{uses: http, config: {url: 'https://x', headers: [{name: a, value: \"${{ secret('s').k }}\"}]}}")],
    ),
    (
        "exposed-secret",
        "warning",
        [stage(fail("${{ vars.s }}"), variables="[{name: s, value: \"${{ secret('s').k }}\"}]")],
        [stage(fail("${{ vars.s }}"), variables="[{name: s, value: \"${{ configMap('s').k }}\"}]")],
    ),
    (
        "step-order",
        "warning",
        [stage(f"{CLONE}, {{uses: git-push, config: {{path: ./out}}}}")],
        [stage(f"{CLONE}, {COMMIT}, {{uses: git-push, config: {{path: ./out}}}}")],
    ),
    ("step-order", "warning", [stage(COMMIT)], [task(CLONE), stage(f"{use()}, {COMMIT}")]),
    (
        "unguarded-wait",
        "warning",
        [
            stage(
                f"{OPEN_PR}, {{uses: git-wait-for-pr, config: {{prNumber: \"${{{{ outputs['open-pr'].pr.id }}}}\"}}}}"
            )
        ],
        [
            stage(
                f"{OPEN_PR}, {{uses: git-wait-for-pr, if: \"${{{{ status('open-pr') == 'Succeeded' }}}}\","
                " config: {prNumber: \"${{ outputs['open-pr'].pr.id }}\"}}"
            )
        ],
    ),
]


@pytest.mark.parametrize(("rule", "severity", "bad", "good"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)])
def test_each_rule_finds_what_it_is_for_and_nothing_else(
    rule: str, severity: str, bad: list[str], good: list[str]
) -> None:
    found, clean = lint(*bad), lint(*good)

    assert rule in {problem.rule for problem in (found.errors if severity == "error" else found.warnings)}
    assert rule not in rules(clean)
    assert all(problem.line > 0 and problem.column > 0 for problem in (*found.errors, *found.warnings))


def test_a_finding_in_an_expression_shows_its_line_with_a_caret() -> None:
    (error,) = lint(stage(fail("Tag ${{ lenn(vars) }}"))).errors

    line, caret = error.excerpt.split("\n")
    assert line[caret.index("^") :].startswith("lenn")
    assert 'Did you mean "len"?' in error.hint


BLOCK = """\
  promotionTemplate:
    spec:
      steps:
      - uses: fail
        config:
          message: |
            The first line vars

            Tag ${{ 1 +
              lenn(vars) }}
"""
PLACES = [
    ("plain", "  vars:\n  - name: vars\n    value: x ${{lenn(1)}}\n", "lenn(1)}}"),
    ("quoted", "  vars: [{name: a, value: 'lenn ${{ lenn(1) }}'}]\n", "lenn(1) }}"),
    ("block", BLOCK, "lenn(vars) }}"),
    ("folded", BLOCK.replace("|", ">"), "lenn(vars) }}"),
    ("escaped", '  vars: [{name: a, value: "${{ lenn(\\"a\\") }}"}]\n', '"${{ lenn('),
]


@pytest.mark.parametrize(("more", "expected"), [case[1:] for case in PLACES], ids=[case[0] for case in PLACES])
def test_a_finding_stands_at_the_very_name(more: str, expected: str) -> None:
    text = "# a comment above\n" + stage(more=more).replace("  vars: []\n", "")

    (error,) = [error for error in lint(text).errors if error.rule == "unknown-function"]

    line = (PROJECT + WAREHOUSE + text).splitlines()[error.line - 1]
    assert line[error.column - 1 :].startswith(expected)


def test_an_artifact_that_two_warehouses_offer_needs_its_origin() -> None:
    twin = WAREHOUSE.replace("name: main", "name: twin")
    both = "  - origin: {kind: Warehouse, name: twin}\n    sources: {direct: true}\n"
    text = stage(fail("${{ imageFrom('ghcr.io/x/app').Tag }}")).replace("  vars:", f"{both}  vars:")
    named = text.replace("app')", "app', warehouse('twin'))")

    assert "ambiguous-artifact" in {error.rule for error in lint(twin.removesuffix("---\n"), text).errors}
    assert "ambiguous-artifact" not in rules(lint(twin.removesuffix("---\n"), named))


def test_what_only_some_cases_evaluate_is_a_warning() -> None:
    lazy = "${{ failure() ? outputs.nope.x : 1 }}"

    report = lint(stage(fail(lazy)))

    assert report.errors == ()
    assert "unknown-step-output" in rules(report)


def test_bare_expressions_of_warehouses_and_http_are_looked_into() -> None:
    warehouse = HEAD.format(kind="Warehouse", name="w")
    warehouse += "spec:\n  freightCreationCriteria: {expression: \"imageFrom('a', 'b') == nil\"}\n  subscriptions:\n"
    warehouse += "  - git: {repoURL: 'https://git.example.com/x', expressionFilter: 'tag == \"a\"'}\n"
    http = "{uses: http, config: {url: 'https://x', successExpression: 'respons.status == 200'}}"

    report = lint(warehouse, stage(http))

    assert {"argument-count", "unknown-name"} <= rules(report)
    assert [e.rule for e in report.errors] == ["argument-count", "unknown-name"]
    assert any('"tag" is not defined here' in warning.message for warning in report.warnings)


def test_variables_that_stages_bring_along_are_known_in_their_task() -> None:
    steps = task(fail("${{ vars.region }}"))

    assert "undefined-variable" in rules(lint(steps))
    assert "undefined-variable" not in rules(lint(steps, stage(use(), variables="[{name: region, value: eu}]")))


def test_of_a_task_that_is_not_given_nothing_is_claimed() -> None:
    report = lint(stage(f"{use()}, {fail('''${{ outputs['run::a'].b }}${{ outputs.run.c }}''')}, {COMMIT}"))

    assert rules(report) == {"unknown-task"}


@pytest.mark.parametrize("folder", ["promotions/changesets", "projects/documents.py"])
def test_every_rule_is_documented(folder: str) -> None:
    place = ROOT / folder
    sources = [place] if place.is_file() else sorted(place.rglob("*.py"))
    pattern = re.compile(r"""(?:rule=|Doubt\(\s*|yield )"([a-z]+(?:-[a-z]+)+|yaml|schema)\"""")
    used = {rule for source in sources for rule in pattern.findall(source.read_text())}
    documented = set(re.findall(r"^\| `([a-z-]+)`", (ROOT / "docs/reference/lint.md").read_text(), re.MULTILINE))

    assert used
    assert used <= documented
