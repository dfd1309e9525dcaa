"""`kargoweb step`: look at steps and run one, without a database."""

import json
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from kargoweb.cli.main import main

ROOT = Path(__file__).resolve().parents[3]


def run(*arguments, stdin=None):
    return CliRunner().invoke(main, ["step", *arguments], input=stdin)


def test_lists_every_kind_as_text_and_json():
    kinds = [line.split()[0] for line in run("list").stdout.splitlines()]

    assert {"git-clone", "git-push", "yaml-update", "fail"} <= set(kinds)
    assert [row["name"] for row in json.loads(run("list", "-o", "json").stdout)] == kinds


def test_prints_a_schema_in_the_field_names_of_manifests():
    schema = json.loads(run("schema", "git-clone").stdout)

    assert "repoURL" in schema["properties"]
    assert schema["additionalProperties"] is False


def test_an_unknown_step_is_named():
    assert "there is no step" in run("schema", "git-colne").stderr


def test_runs_a_step_on_a_directory_with_a_context(tmp_path):
    (tmp_path / "values.yaml").write_text("image: {tag: old} # keep\n")
    config = {
        "path": "values.yaml",
        "updates": [{"key": "image.tag", "value": "${{ quote(imageFrom('r/app').Tag) }}"}],
    }
    freight = {
        "name": "f",
        "origin": {"kind": "Warehouse", "name": "w"},
        "images": [{"repoURL": "r/app", "tag": "1.10"}],
    }
    (tmp_path / "context.json").write_text(json.dumps({"freight": [freight]}))

    result = run(
        *("run", "yaml-update", "--config", "-", "--workdir", str(tmp_path)),
        *("--context", str(tmp_path / "context.json"), "-o", "json"),
        stdin=json.dumps(config),
    )

    assert json.loads(result.stdout)["status"] == "Succeeded"
    assert (tmp_path / "values.yaml").read_text() == 'image: {tag: "1.10"} # keep\n'


def test_a_batch_answers_each_line(tmp_path):
    cases = [
        {"id": "a", "step": "compose-output", "config": {"x": 1}, "workdir": str(tmp_path)},
        {"id": "b", "step": "fail", "config": {"message": "no"}, "workdir": str(tmp_path)},
        {"id": "c", "step": "delete", "config": {}, "workdir": str(tmp_path)},
    ]

    result = run("run", "--batch", stdin="\n".join(map(json.dumps, cases)))

    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["status"] for answer in answers] == ["Succeeded", "Failed", "Failed"]
    assert answers[0]["output"] == {"x": 1}
    assert "invalid delete config" in answers[2]["message"]


def test_needs_no_settings_and_no_database(tmp_path):
    command = [sys.executable, "-m", "kargoweb.cli.main", "step", "run", "compose-output", "--config", "-"]

    result = subprocess.run(
        [*command, "--workdir", str(tmp_path)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        input='{"a": 1}',
        text=True,
        capture_output=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert not (tmp_path / "var").exists()
