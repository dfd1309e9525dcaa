"""Signing keys of a clone, of one commit and of the site; the steps' side of it."""

import pytest

from integrations.errors import Rejected
from promotions.steps.base import StepErrored, StepFailed
from promotions.steps.capabilities import GitIdentity
from promotions.steps.git_work import load_worktree
from tests.servers.git import git_server
from tests.servers.keys import make_gpg_key, make_ssh_key

__all__ = ["git_server"]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    ssh_key = make_ssh_key(tmp_path_factory.mktemp("key"))[0]
    return {"gpg": make_gpg_key("Robot", "robot@example.com"), "ssh": ssh_key}


@pytest.fixture
def app(git_server):
    git_server.create("app", {"app.yaml": "v: 1\n"})
    return git_server.url("app")


def _clone(bench, url, **config):
    checkout = [{"path": "src", "branch": "main", **config.pop("checkout", {})}]
    bench.run("git-clone", {"repoURL": url, "checkout": checkout, **config}, alias="clone")


def _commit(bench, text="ours", **config):
    bench.write("src/ours", text)
    return bench.run("git-commit", {"path": "src", "message": "Ours", **config}, alias="commit").output["commit"]


def _show(bench, what="%G? %an <%ae>", name="HEAD"):
    return load_worktree(bench.context(), "src")._git("log", "-1", f"--format={what}", name).stdout.strip()


@pytest.mark.parametrize("kind", ["gpg", "ssh"])
@pytest.mark.parametrize("source", ["site", "clone"])
def test_commits_tags_and_what_a_push_rebases_are_signed(bench, git_server, app, keys, kind, source):
    config = {}
    if source == "site":
        bench.git.identity = GitIdentity("Robot", "robot@example.com", keys[kind])
    else:
        bench.git.identity = GitIdentity("Site", "site@example.com", "not even a key")
        config = {"author": {"name": "Robot", "email": "robot@example.com", "signingKey": keys[kind]}}
    _clone(bench, app, **config)
    _commit(bench)
    git_server.commit("app", {"theirs": "x"}, "Theirs")

    pushed = bench.run("git-push", {"path": "src"}).output["commit"]
    bench.run("git-tag", {"path": "src", "tag": "v1", "message": "One"})

    assert git_server.head("app") == pushed
    assert _show(bench) == "G Robot <robot@example.com>"
    assert _show(bench, name="HEAD^").startswith("N ")
    assert "BEGIN" in load_worktree(bench.context(), "src")._git("cat-file", "tag", "v1").stdout
    assert not [line for _, line in bench.lines if "PRIVATE KEY" in line]


def test_an_author_of_the_clone_without_a_key_does_not_sign_with_that_of_the_site(bench, app, keys):
    bench.git.identity = GitIdentity("Robot", "robot@example.com", keys["gpg"])
    _clone(bench, app, author={"name": "Ann", "email": "Ann <ann@example.com>", "signingKey": ""})

    _commit(bench)

    assert _show(bench) == "N Ann <ann@example.com>"


def test_an_author_of_one_commit_outranks_clone_and_site(bench, app, keys):
    bench.git.identity = GitIdentity("Site", "site@example.com")
    _clone(bench, app, author={"name": "Robot", "email": "robot@example.com", "signingKey": keys["ssh"]})

    _commit(bench, "1", author={"name": "Ann", "email": "ann@example.com"})
    assert _show(bench, "%G? %an %ae %cn %ce") == "N Ann ann@example.com Ann ann@example.com"

    _commit(bench, "2", author={"name": "Bob", "email": "bob@example.com", "signingKey": keys["ssh"]})
    assert _show(bench, "%G? %an %ae %cn %ce") == "G Bob bob@example.com Bob bob@example.com"

    _commit(bench, "3")
    assert _show(bench) == "G Robot <robot@example.com>"


@pytest.mark.parametrize("step", ["git-clone", "git-commit"])
def test_a_key_of_somebody_else_is_an_error_that_names_its_owner(bench, app, keys, step):
    author = {"name": "Ann", "email": "ann@example.com", "signingKey": keys["gpg"]}
    if step == "git-commit":
        _clone(bench, app)

    with pytest.raises(Rejected, match=r'not of "Ann <ann@example.com>": it belongs to "Robot <robot@example.com>"'):
        _clone(bench, app, author=author) if step == "git-clone" else _commit(bench, author=author)

    assert not [path for path in bench.workdir.rglob("*") if path.name in {".gnupg", "signing-key"}]


def test_a_bad_key_of_the_site_is_a_matter_of_its_operator(bench, app, keys):
    bench.git.identity = GitIdentity("Kargo", "no-reply@kargo.io", keys["gpg"])

    with pytest.raises(StepErrored, match=r'not of "Kargo <no-reply@kargo.io>".* correct KARGOWEB_GIT_SIGNING_KEY'):
        _clone(bench, app)


def test_a_push_that_would_break_a_signature_fails_when_that_is_the_policy(bench, git_server, app, keys):
    bench.git.push_policy = "RebaseOrFail"
    _clone(bench, app)
    ours = _commit(bench, author={"name": "Robot", "email": "robot@example.com", "signingKey": keys["ssh"]})
    git_server.commit("app", {"theirs": "x"}, "Theirs")

    with pytest.raises(StepFailed, match="is unsafe"):
        bench.run("git-push", {"path": "src"})

    assert _show(bench, "%H") == ours


def test_no_key_lies_where_steps_can_read_it(bench, app, keys):
    _clone(bench, app, author={"name": "Robot", "email": "robot@example.com", "signingKey": keys["ssh"]})

    holders = [path for path in bench.workdir.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]

    assert len(holders) == 1
    assert holders[0].relative_to(bench.workdir).parts[0] == ".kargoweb"
    assert oct(holders[0].stat().st_mode)[-3:] == "600"
