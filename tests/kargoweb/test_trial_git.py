"""Git steps tried one after the other in one directory, as from the command line."""

import pytest

from integrations.loopback.git_repositories import GitRepositories
from kargoweb.trial import run_trial


@pytest.fixture
def repositories(tmp_path):
    found = GitRepositories(tmp_path / "repositories")
    found.create("app", {"app.yaml": "v: 1\n"})
    return found


def test_a_later_trial_goes_on_where_the_one_before_ended(tmp_path, repositories):
    workdir = tmp_path / "work"
    workdir.mkdir()
    context = {"vars": {"version": "1.2", "url": str(repositories.path("app"))}, "outputs": {}}

    def run(kind, config, alias):
        trial = run_trial(kind, config, workdir, {**context, "ctx": {"meta": {"step": {"alias": alias}}}})
        assert trial.status == "Succeeded", trial.message
        context["outputs"][alias] = trial.output
        return trial.output

    run("git-clone", {"repoURL": "${{ vars.url }}", "checkout": [{"path": "src", "branch": "main"}]}, "clone")
    (workdir / "src" / "app.yaml").write_text("v: 2\n")
    commit = run("git-commit", {"path": "src", "message": "Version ${{ vars.version }}"}, "commit")["commit"]
    run("git-tag", {"path": "src", "tag": "v${{ vars.version }}", "message": "${{ outputs.commit.commit }}"}, "tag")
    pushed = run("git-push", {"path": "src", "targetBranch": "env/${{ vars.version }}"}, "push")
    run("git-push", {"path": "src", "tag": "v${{ vars.version }}"}, "push-tag")

    assert pushed == {"commit": commit, "branch": "env/1.2"}
    assert repositories.head("app", "env/1.2") == commit
    assert repositories.log("app")[0] != commit
    assert sorted(path.name for path in workdir.iterdir()) == [".kargoweb", "src"]


def test_a_number_is_no_name_of_a_tag(tmp_path):
    context = {"vars": {"version": "1.10"}}

    trial = run_trial("git-tag", {"path": "src", "tag": "${{ vars.version }}", "message": "x"}, tmp_path, context)

    assert trial.status == "Failed"
    assert "tag: must be a string" in trial.message
    assert "quote()" in trial.message


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        (
            "git-clone",
            {"repoURL": "$url", "checkout": [{"path": "a", "branch": "main"}, {"path": "b", "branch": "main"}]},
        ),
        ("git-clone", {"repoURL": "$url", "checkout": [{"path": "a", "branch": "nope"}]}),
        ("git-clone", {"repoURL": "$url", "checkout": [{"path": "a", "sparse": ["../x"]}]}),
        ("git-clone", {"repoURL": "$url/nope", "checkout": [{"path": "a"}]}),
        ("git-clear", {"path": "nope"}),
        ("git-commit", {"path": "nope", "message": "x"}),
        ("git-push", {"path": "nope"}),
        ("git-tag", {"path": "nope", "tag": "v1", "message": "x"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_work_is_errored_at_once(tmp_path, repositories, kind, config):
    workdir = tmp_path / "work"
    workdir.mkdir()
    given = {**config}
    if "repoURL" in given:
        given["repoURL"] = given["repoURL"].replace("$url", str(repositories.path("app")))

    assert run_trial(kind, given, workdir, {}).status == "Errored"
