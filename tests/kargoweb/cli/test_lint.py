import json

from click.testing import CliRunner

from kargoweb.cli.main import main

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
    assert f'{file}:4:8: Unknown field "subscription" in spec.' in result.stderr


def test_json_has_everything_a_program_needs(tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text(BAD)

    result = run(file, "-o", "json")

    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert report["objects"] == 0
    assert report["warnings"] == []
    assert {
        "file": str(file),
        "line": 4,
        "column": 8,
        "message": 'Unknown field "subscription" in spec.',
        "hint": 'Did you mean "subscriptions"? Known fields: freightCreationCriteria, freightCreationPolicy, '
        "interval, shard, subscriptions.",
    } in report["errors"]
