"""`kargoweb expr` prints values as JSON and errors with their place."""

import json

from click.testing import CliRunner

from kargoweb.cli.main import main


def run(*arguments, stdin=None):
    return CliRunner().invoke(main, ["expr", *arguments], input=stdin)


def test_prints_the_value_as_json(tmp_path):
    env = tmp_path / "env.yaml"
    env.write_text("vars: {tag: v1}\n")

    result = run("vars.tag + '-rc'", "--env", str(env))

    assert (result.exit_code, result.stdout) == (0, '"v1-rc"\n')


def test_a_template_is_rendered_and_coerced():
    assert run("--template", '${{ "1.10" }}').stdout == "1.1\n"


def test_an_error_shows_the_place():
    result = run("foo.bar")

    assert result.exit_code == 1
    assert result.stderr.splitlines()[1:] == ["  foo.bar", "      ^"]


def test_a_batch_answers_each_line_and_stops_at_none():
    cases = [
        {"id": 1, "expr": "1 + 1"},
        {"id": 2, "expr": "1 +"},
        {"id": 3, "template": "v${{ x }}", "env": {"x": "1.10"}},
        {"id": 4},
    ]

    result = run("--batch", stdin="\n".join([*map(json.dumps, cases), "no json", ""]))

    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer.get("value") for answer in answers] == [2, None, "v1.10", None, None]
    assert ["error" in answer for answer in answers] == [False, True, False, True, True]


def test_an_environment_that_is_no_object_is_refused(tmp_path):
    env = tmp_path / "env.json"
    env.write_text("[1]")

    result = run("1", "--env", str(env))

    assert result.exit_code == 2
    assert "must hold an object of variables" in result.stderr
