import errno
import os
from pathlib import Path

import pytest

from integrations.errors import Aborted, IntegrationError, Unreachable
from promotions.steps.base import Done, Effect, Step, StepConfig, StepErrored, StepFailed, Waiting
from promotions.steps.execution import execute


class Config(StepConfig):
    name: str = ""


def _step(run, needs=()):
    return Step("try-it", Config, run, effect=Effect.WORKSPACE, rerun="Same.", needs=needs)


def _raise(error):
    def run(context, config):
        raise error

    return _step(run)


@pytest.mark.parametrize(
    ("kind", "config", "message"),
    [
        ("git-commit", {}, "invalid git-commit config: path: is required; message: is required"),
        ("git-commit", None, "invalid git-commit config: path: is required; message: is required"),
        ("git-commit", [], "invalid git-commit config: must be a map, got a list"),
        ("git-clear", {"path": ""}, "path: must not be empty"),
        ("git-clear", {"path": None}, "path: must be a string, got null"),
        ("git-clear", {"path": 1.1}, "path: must be a string, got a number .*quote"),
        ("git-clear", {"path": True}, r"path: must be a string, got a boolean .*quote\(\)"),
        ("file-write", {"path": "x", "contents": {"a": 1}}, r"contents: must be a string, got a map .*asJSON\(\)"),
        ("git-clear", {"pth": "x", "path": "y"}, 'pth: unknown field, did you mean "path"?'),
        ("git-clear", {"zzzzzz": "x", "path": "y"}, "zzzzzz: unknown field; known are path"),
        ("git-clone", {"repoURL": "u", "checkout": []}, "checkout: must have at least 1 item"),
        ("git-clone", {"repoURL": "u", "checkout": "x"}, "checkout: must be a list, got a string"),
        ("git-clone", {"repoURL": "u", "checkout": [{"path": "a", "brunch": "x"}]}, 'checkout.0..brunch: .*"branch"'),
        ("git-clone", {"repo_url": "u", "checkout": [{"path": "a"}]}, "repo_url: unknown field"),
        ("delete", {"path": "x", "strict": "yes"}, "strict: must be true or false, got a string"),
        ("git-push", {"path": "x", "maxAttempts": 1.5}, "maxAttempts: must be a whole number, got a number"),
        ("git-push", {"path": "x", "maxAttempts": 0}, "maxAttempts: "),
        (
            "set-metadata",
            {"updates": [{"kind": "Pod", "name": "x", "values": {"a": 1}}]},
            "must be one of 'Stage' or",
        ),
        ("yaml-update", {"path": "x", "updates": [{"key": "a"}]}, r"updates\[0\].value: is required"),
    ],
)
def test_a_config_that_breaks_the_rules_fails_with_all_violations(bench, kind, config, message):
    with pytest.raises(StepFailed, match=message):
        bench.run(kind, config)


def test_violations_do_not_show_values(bench):
    with pytest.raises(StepFailed) as caught:
        bench.run("git-clear", {"path": 4711})

    assert "4711" not in str(caught.value)


def test_nothing_is_done_before_the_config_is_checked(bench):
    with pytest.raises(StepFailed):
        bench.run("file-write", {"path": "x", "contents": "a", "mode": "0600"})

    assert bench.files() == []


def test_a_step_gets_only_the_capabilities_it_needs(bench):
    seen = []
    step = _step(lambda context, config: seen.append(context.can) or Done(), needs=("freight",))

    execute(step, {}, bench.context())

    assert seen[0].freight is bench.freight
    assert (seen[0].git, seen[0].credentials, seen[0].http, seen[0].metadata) == (None,) * 4


def test_a_capability_that_is_missing_ends_the_step_at_once(bench):
    bench.http = None

    with pytest.raises(StepErrored, match='Step "http" needs http') as caught:
        bench.run("http", {"url": "http://localhost/"})

    assert caught.value.permanent


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named_with_its_remedy(bench, code):
    with pytest.raises(StepErrored, match=r"disk .* is full. Free space") as caught:
        execute(_raise(OSError(code, os.strerror(code))), {}, bench.context())

    assert not caught.value.permanent


def test_a_full_disk_that_git_met_is_named_too(bench):
    error = IntegrationError("fatal: write error: No space left on device", permanent=True)

    with pytest.raises(StepErrored, match=r"disk .* is full"):
        execute(_raise(error), {}, bench.context())


def test_a_really_full_disk_is_reported(bench):
    def run(context, config):
        Path("/dev/full").write_text("x" * 100_000)
        return Done()

    with pytest.raises(StepErrored, match=r"disk .* is full"):
        execute(_step(run), {}, bench.context())


@pytest.mark.parametrize("error", [Unreachable("away"), Aborted("stop")])
def test_errors_of_integrations_reach_the_engine_as_they_are(bench, error):
    with pytest.raises(type(error)) as caught:
        execute(_raise(error), {}, bench.context())

    assert caught.value is error


def test_a_crash_ends_the_step_at_once(bench):
    with pytest.raises(StepErrored, match=r"^step panicked: ZeroDivisionError: oh$") as caught:
        execute(_raise(ZeroDivisionError("oh")), {}, bench.context())

    assert caught.value.permanent


@pytest.mark.parametrize("kind", [StepFailed, StepErrored, PermissionError, ValueError])
def test_messages_do_not_show_where_the_work_tree_is(bench, kind):
    place = bench.workdir / "a" / "b"
    error = PermissionError(errno.EACCES, "denied", str(place)) if kind is PermissionError else kind(f"see {place}")

    with pytest.raises((StepFailed, StepErrored), match="a/b") as caught:
        execute(_raise(error), {}, bench.context())

    assert "secret-place" not in str(caught.value)


def test_results_and_log_lines_do_not_show_where_the_work_tree_is(bench):
    def run(context, config):
        context.log(f"in {context.workdir}/a", "out")
        return Waiting(f"for {context.workdir}")

    assert execute(_step(run), {}, bench.context()) == Waiting("for .")
    assert bench.lines == [("out", "in a")]


def test_the_kind_of_a_failure_survives(bench):
    with pytest.raises(StepFailed) as caught:
        execute(_raise(StepFailed("no", retry=True, output={"a": 1})), {}, bench.context())

    assert (caught.value.retry, caught.value.output) == (True, {"a": 1})
