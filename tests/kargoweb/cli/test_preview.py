"""`kargoweb preview`: the differences and the words, exit codes, and that nothing is changed."""

import json

import pytest
from click.testing import CliRunner

from kargoweb.cli.main import main
from promotions.models import Preview, Promotion
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.servers.git import git_server

__all__ = ["git_server"]

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments):
    return CliRunner().invoke(main, ["preview", *arguments])


@pytest.fixture
def freight():
    return make_freight(make_warehouse(make_project()), alias="calm-otter")


def stage_of(freight, *steps):
    return make_stage(freight.project, "prod", warehouse=freight.warehouse, steps=steps)


def test_prints_what_would_be_pushed_and_done(freight, git_server):
    git_server.create("app", {"a.txt": "one\n"})
    before = git_server.head("app")
    checkout = [{"branch": "main", "path": "./src"}]
    stage_of(
        freight,
        {"uses": "git-clone", "as": "clone", "config": {"repoURL": git_server.url("app"), "checkout": checkout}},
        {"uses": "file-write", "config": {"path": "./src/a.txt", "contents": "two\n", "overwrite": True}},
        {"uses": "git-commit", "config": {"path": "./src", "message": "Write two"}},
        {"uses": "git-push", "as": "push", "config": {"path": "./src"}},
        {"uses": "http", "as": "tell", "config": {"url": "http://chat.example.com/x", "method": "POST"}},
    )

    result = run("shop", "prod", "calm-otter")

    assert result.exit_code == 0, result.output
    assert "clone: succeeded" in result.output
    assert "push: would push" in result.output
    assert "tell: would send POST to chat.example.com" in result.output
    assert "branch main: 1 file, +1 -1\n  Write two\ndiff --git a/a.txt b/a.txt\n" in result.output
    assert "\n-one\n+two\n" in result.output
    assert git_server.head("app") == before
    assert not Promotion.objects.exists()


def test_prints_json_for_programs(freight):
    stage_of(freight, {"uses": "compose-output", "as": "a", "config": {"x": 1}})

    result = run("shop", "prod", freight.name, "-o", "json")

    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (found["phase"], found["stage"], found["freight"]) == ("Ready", "prod", "calm-otter")
    assert found["steps"][0]["output"] == {"x": 1}
    assert found["digest"] == Preview.objects.get().digest


def test_a_promotion_that_would_fail_exits_with_1_and_says_where(freight):
    stage_of(freight, {"uses": "fail", "as": "no", "config": {"message": "not today"}})

    result = run("shop", "prod", "calm-otter")

    assert result.exit_code == 1
    assert "no: failed" in result.output
    assert "not today" in result.output


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("nowhere", "prod", "calm-otter"), 'no project "nowhere"'),
        (("shop", "nowhere", "calm-otter"), 'no stage "nowhere"'),
        (("shop", "prod", "wild-boar"), 'no freight "wild-boar"'),
    ],
)
def test_what_does_not_exist_is_named(freight, arguments, named):
    stage_of(freight, {"uses": "fail", "config": {}})

    result = run(*arguments)

    assert result.exit_code == 1
    assert named in result.output
    assert not Preview.objects.exists()


def test_a_stage_that_runs_no_steps_has_no_preview(freight):
    make_stage(freight.project, "gate", warehouse=freight.warehouse, steps=[])

    result = run("shop", "gate", "calm-otter")

    assert result.exit_code == 1
    assert "runs no steps" in result.output
