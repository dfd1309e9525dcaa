import pytest

from integrations.errors import IntegrationError, NotFound, Rejected
from promotions.steps.base import Done, StepFailed
from promotions.steps.git_work import load_worktree
from tests.servers.git import git_server

__all__ = ["git_server"]


@pytest.fixture
def src(bench, git_server):
    """A work tree at `src`, on main."""
    git_server.create("app", {"app.yaml": "v: 1\n"})
    git_server.tag("app", "there")
    author = {"name": "Robot", "email": "robot@example.com"}
    checkout = [{"path": "src", "branch": "main"}, {"path": "other", "tag": "there"}]
    bench.run("git-clone", {"repoURL": git_server.url("app"), "checkout": checkout, "author": author}, alias="clone")
    return bench


def _tag(bench, tag="v1", message="Version 1", **config):
    return bench.run("git-tag", {"path": "src", "tag": tag, "message": message, **config}, alias="tag")


def _git(bench, *arguments):
    return load_worktree(bench.context(), "src")._git(*arguments).stdout.strip()


def _commit(bench, text):
    bench.write("src/app.yaml", text)
    return bench.run("git-commit", {"path": "src", "message": "Change"}).output["commit"]


def test_puts_an_annotated_tag_on_the_commit_and_pushes_nothing(src, git_server):
    commit = _commit(src, "v: 2\n")

    result = _tag(src, message="Version 1\n\n# What is new\nAll  \n\n")

    assert result == Done({"commit": commit})
    form = "%(objecttype) %(*objectname) %(taggername) %(taggeremail)%0a%(contents)"
    assert _git(src, "for-each-ref", f"--format={form}", "refs/tags/v1") == (
        f"tag {commit} Robot <robot@example.com>\nVersion 1\n\n# What is new\nAll"
    )
    assert "v1" not in _git(src, "ls-remote", "--tags", "origin")
    assert ("info", f"Tagged {commit} as v1") in src.lines


def test_the_same_tag_again_is_fine(src):
    first = _tag(src, message="One \n# two\n\n\n\n3")
    before = _git(src, "rev-parse", "refs/tags/v1")

    assert _tag(src, message="One \n# two\n\n\n\n3") == first
    assert _git(src, "rev-parse", "refs/tags/v1") == before


@pytest.mark.parametrize("difference", ["message", "commit", "kind"])
def test_another_tag_of_that_name_is_an_error_unless_forced(src, difference):
    if difference == "kind":
        _git(src, "tag", "v1")
    else:
        _tag(src, message="Other" if difference == "message" else "Version 1")
    commit = _commit(src, "v: 2\n") if difference == "commit" else _git(src, "rev-parse", "HEAD")

    with pytest.raises(Rejected, match='Tag "v1" exists already: choose another name or set force: true'):
        _tag(src)

    assert _tag(src, force=True) == Done({"commit": commit})
    assert _git(src, "rev-parse", "v1^{commit}") == commit
    assert _git(src, "for-each-ref", "--format=%(contents)", "refs/tags/v1") == "Version 1"


def test_tags_a_detached_head_which_git_push_can_publish(src, git_server):
    config = {"path": "other", "tag": "v2", "message": "Two"}

    assert src.run("git-tag", config) == Done({"commit": git_server.head("app")})
    assert src.run("git-push", {"path": "other", "tag": "v2"}) == Done({"commit": git_server.head("app")})

    assert "refs/tags/v2^{}" in _git(src, "ls-remote", "--tags", "origin")


@pytest.mark.parametrize("tag", ["-d", "a b", "a..b", "a.lock", "HEAD"])
def test_a_name_that_git_cannot_use_is_an_error(src, tag):
    with pytest.raises(Rejected, match=f'"{tag}" cannot be the name of a tag'):
        _tag(src, tag)


def test_a_tag_below_another_one_is_an_error(src):
    _tag(src)

    with pytest.raises(IntegrationError, match="refs/tags/v1") as caught:
        _tag(src, "v1/a")

    assert "secret-place" not in str(caught.value)


def test_a_path_that_is_no_work_tree_is_an_error(src):
    with pytest.raises(NotFound, match="not a work tree"):
        src.run("git-tag", {"path": "nope", "tag": "v1", "message": "x"})


def test_fields_that_nobody_knows_are_accepted(src):
    assert isinstance(_tag(src, whatever=1), Done)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"path": ""}, "path"),
        ({"tag": ""}, "tag"),
        ({"tag": None}, "tag: must be a string"),
        ({"tag": 1.1}, "tag: must be a string"),
        ({"message": ""}, "message"),
        ({"force": "yes"}, "force"),
    ],
)
def test_refuses_a_config_that_does_not_fit(bench, config, message):
    with pytest.raises(StepFailed, match=f"invalid git-tag config: .*{message}"):
        bench.run("git-tag", {"path": "src", "tag": "v1", "message": "x", **config})
