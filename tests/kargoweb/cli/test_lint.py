import json

from click.testing import CliRunner

from kargoweb.cli.main import main
from kargoweb.demo.content import manifests

GOOD = (
    "apiVersion: kargo.akuity.io/v1alpha1\nkind: Warehouse\nmetadata: {name: main, namespace: shop}\n"
    "spec: {subscriptions: [{image: {repoURL: ghcr.io/x/y}}]}\n"
)
BAD = GOOD.replace("subscriptions", "subscription")


def run(*arguments):
    return CliRunner().invoke(main, ["lint", *(str(argument) for argument in arguments)])


def test_warnings_do_not_fail(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD)

    result = run(tmp_path)

    assert result.exit_code == 0
    assert result.stdout == "1 object, 0 errors, 1 warning\n"
    assert 'warning: Project "shop" is not in these files.' in result.stderr


def test_errors_fail_and_have_a_place(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(BAD)

    result = run(file)

    assert result.exit_code == 1
    assert f'{file}:4:8: error: Unknown field "subscription" in spec. [schema]' in result.stderr


def test_warnings_fail_when_asked_to(tmp_path):
    (tmp_path / "a.yaml").write_text(GOOD)

    assert run(tmp_path, "--strict").exit_code == 1


def test_an_expression_is_shown_with_a_caret(tmp_path):
    bad = GOOD.replace("spec: {", "spec: {freightCreationCriteria: {expression: \"lenn('a') > 1\"}, ")
    (tmp_path / "a.yaml").write_text(bad)

    result = run(tmp_path)

    lines = result.stderr.splitlines()
    at = next(number for number, line in enumerate(lines) if "[unknown-function]" in line)
    assert lines[at + 1].strip() == "lenn('a') > 1"
    assert lines[at + 2].index("^") == lines[at + 1].index("lenn")


def test_the_manifests_of_the_demo_are_clean(tmp_path):
    (tmp_path / "demo.yaml").write_text(manifests(git="http://127.0.0.1:1", registry="127.0.0.1:2"))

    result = run(tmp_path, "-o", "json")

    assert json.loads(result.stdout) == []
    assert result.exit_code == 0


def test_json_has_everything_a_program_needs(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(BAD)

    result = run(file, "-o", "json")

    findings = json.loads(result.stdout)
    assert result.exit_code == 1
    assert {
        "file": str(file),
        "line": 4,
        "column": 8,
        "severity": "error",
        "rule": "schema",
        "message": 'Unknown field "subscription" in spec.',
        "hint": 'Did you mean "subscriptions"? Known fields: freightCreationCriteria, freightCreationPolicy, '
        "interval, shard, subscriptions.",
        "excerpt": "",
    } in findings
