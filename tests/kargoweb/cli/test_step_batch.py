"""`kargoweb step run --batch`: every line is answered, in order, whatever stands on it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from kargoweb.cli.main import main

ROOT = Path(__file__).resolve().parents[3]


def run_batch(*lines):
    stdin = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    result = CliRunner().invoke(main, ["step", "run", "--batch"], input=stdin)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def answer_to(tmp_path, **case):
    (answer,) = run_batch({"id": 1, "step": "compose-output", "workdir": str(tmp_path), "config": {"a": 1}} | case)
    return answer


def test_bad_lines_are_errors_of_their_own_and_the_rest_goes_on(tmp_path):
    good = {"id": "good", "step": "compose-output", "config": {"a": 1}, "workdir": str(tmp_path)}
    bad = [b"{", b"[1]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"id": 2}', b"  "]

    answers = run_batch(good, *bad, good)

    assert [answer["status"] for answer in answers] == ["Succeeded", *["Errored"] * 7, "Succeeded"]
    assert all(answer["message"] for answer in answers[1:-1])
    assert answers[7]["id"] == 2
    assert "step is required" in answers[7]["message"]


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"step": "git-colne"}, 'step kind "git-colne" is not registered'),
        ({"step": None}, "step is required and must be a string"),
        ({"step": ["fail"]}, "step is required and must be a string"),
        ({"workdir": None}, "workdir is required"),
        ({"workdir": "/no/such/place"}, 'workdir "/no/such/place" is not a directory; make it'),
        ({"workdir": "a\0b"}, "is not a directory"),
        ({"config": [1]}, "the config of a step must be a map"),
        ({"config": "x"}, "the config of a step must be a map"),
        ({"config": {"a": "${{ nope( }}"}}, "failed to build step context"),
        ({"context": [1]}, "context: must be a map"),
        ({"context": {"ctx": "uat"}}, "context.ctx: must be a map, got a string"),
        ({"context": {"vars": ["a"]}}, "context.vars: must be a map, got a list"),
        ({"context": {"outputs": {"a": 1}}}, 'context.outputs: what step "a" gave must be a map'),
        ({"context": {"freight": {}}}, "context.freight: must be a list, got a map"),
        ({"context": {"freight": ["f"]}}, "context.freight[0]: must be a map"),
        ({"context": {"freight": [{"images": [{"tag": "1"}]}]}}, "context.freight[0].images[0].repoURL: is required"),
        ({"context": {"credentials": [{"type": "git"}]}}, "context.credentials[0].repoURL: is required"),
    ],
    ids=lambda value: json.dumps(value)[:40] if isinstance(value, dict) else None,
)
def test_a_case_that_cannot_be_run_says_why(tmp_path, case, said):
    answer = answer_to(tmp_path, **case)

    assert (answer["id"], answer["status"], answer["output"]) == (1, "Errored", None)
    assert said in answer["message"]


@pytest.mark.parametrize(
    "context",
    [
        None,
        {},
        {"ctx": None, "vars": None, "outputs": None, "task": None, "freight": None, "credentials": None},
        {"ctx": {"targetFreight": None, "meta": {"step": None}}},
        {"freight": [{}, {"name": "f", "origin": None, "commits": [{"repoURL": "r"}], "artifacts": [{}]}]},
        {"outputs": {"failed": None}, "unknown": 1},
    ],
    ids=json.dumps,
)
def test_parts_of_the_context_may_be_missing(tmp_path, context):
    assert answer_to(tmp_path, context=context)["status"] == "Succeeded"


def test_a_missing_config_is_an_empty_one(tmp_path):
    answer = answer_to(tmp_path, step="delete", config=None)

    assert (answer["status"], "invalid delete config" in answer["message"]) == ("Failed", True)


def test_outputs_of_a_task_are_seen_by_its_steps(tmp_path):
    context = {"task": {"outputs": {"push": {"branch": "main"}}}}

    answer = answer_to(tmp_path, config={"b": "${{ task.outputs.push.branch }}"}, context=context)

    assert answer["output"] == {"b": "main"}


def test_a_number_that_json_does_not_know_is_no_output(tmp_path):
    answer = answer_to(tmp_path, config={"a": float("inf")})

    assert (answer["status"], answer["output"]) == ("Errored", None)


def test_a_relative_workdir_lies_under_the_current_directory(tmp_path):
    (tmp_path / "work").mkdir()
    case = {"id": 1, "step": "file-write", "config": {"path": "a", "contents": "x"}, "workdir": "work"}

    result = subprocess.run(
        [sys.executable, "-m", "kargoweb.cli.main", "step", "run", "--batch"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        input=json.dumps(case),
        text=True,
        capture_output=True,
        check=True,
    )

    assert json.loads(result.stdout)["status"] == "Succeeded"
    assert (tmp_path / "work" / "a").read_text() == "x"


def test_hundreds_of_cases_take_a_few_milliseconds_each(tmp_path):
    (tmp_path / "f.yaml").write_text("a: 1\n")
    update = {"path": "f.yaml", "updates": [{"key": "a", "value": "${{ vars.n }}"}]}
    cases = [
        {"id": n, "step": "yaml-update", "config": update, "workdir": str(tmp_path), "context": {"vars": {"n": n}}}
        for n in range(300)
    ]
    run_batch(cases[0])

    started = time.perf_counter()
    answers = run_batch(*cases)

    assert [(answer["id"], answer["status"]) for answer in answers] == [(n, "Succeeded") for n in range(300)]
    # About 1 s on a busy machine; a case that makes something anew which all could share costs ten times that.
    assert time.perf_counter() - started < 20
