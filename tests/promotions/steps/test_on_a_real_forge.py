"""Open, wait for and merge pull requests on a real Gitea. `make forge` builds it and runs this."""

import base64

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import NotFound, Rejected, Unauthorized
from promotions.steps.base import Done, Skipped, StepFailed, Waiting
from tests.servers.real_gitea import HOME, RealGitea

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (HOME / "gitea").exists(), reason=f"no Gitea in {HOME}: `make forge` builds it"),
]


@pytest.fixture(scope="module")
def gitea(tmp_path_factory):
    server = RealGitea(tmp_path_factory.mktemp("gitea"))
    yield server
    server.stop()


class Repository:
    """A repository of alice's, and the steps on it."""

    def __init__(self, gitea, bench, name):
        self.gitea, self.bench, self.path = gitea, bench, f"/repos/alice/{name}"
        gitea.ask("POST", "/user/repos", {"name": name, "auto_init": True, "default_branch": "main"})
        self.url = f"{gitea.url}/alice/{name}.git"
        bench.credentials.by_url[self.url] = BasicAuth("alice", gitea.token)

    def change(self, branch="env", file="env.yaml", text="v: 2\n"):
        """A commit on a branch, made by the steps that people use."""
        checkout = {"path": "src", "branch": "main"}
        self.run("git-clone", {"checkout": [checkout]}, alias="clone")
        self.bench.write(f"src/{file}", text)
        self.bench.run("git-commit", {"path": "src", "message": "Set v to 2\n\nBecause."}, alias="commit")
        return self.bench.run("git-push", {"path": "src", "targetBranch": branch}, alias="push").output["commit"]

    def run(self, kind, config, *, alias="step"):
        provider = {} if kind == "git-clone" else {"provider": "gitea"}
        return self.bench.run(kind, {"repoURL": self.url, **provider, **config}, alias=alias)

    def open(self, **config):
        return self.run("git-open-pr", {"sourceBranch": "env", "targetBranch": "main", **config}, alias="open")

    def wait(self):
        return self.run("git-wait-for-pr", {"prNumber": 1}, alias="wait")

    def merge(self, **config):
        """Gitea looks at a new pull request for a moment before it can be merged."""
        for _ in range(200):
            result = self.run("git-merge-pr", {"prNumber": 1, "wait": True, **config}, alias="merge")
            if not isinstance(result, Waiting):
                return result
            self.gitea.ask("GET", f"{self.path}/pulls/1")
        raise AssertionError(f"never ready: {result.message}")

    def pull(self):
        return self.gitea.ask("GET", f"{self.path}/pulls/1").json()

    def head(self, branch="main"):
        return self.gitea.ask("GET", f"{self.path}/branches/{branch}").json()["commit"]["id"]


@pytest.fixture
def repository(gitea, bench, request):
    name = request.node.name.translate({ord("["): "-", ord("]"): None})[-60:]
    return Repository(gitea, bench, name)


def test_opens_waits_for_and_merges_a_pull_request(repository):
    commit = repository.change()

    opened = repository.open()
    waiting = repository.wait()
    merged = repository.merge()
    ended = repository.wait()

    page = f"{repository.url.removesuffix('.git')}/pulls/1"
    assert opened == Done({"pr": {"id": 1, "url": page}})
    assert isinstance(waiting, Waiting)
    assert waiting.output == {"pr": {"id": 1, "url": page, "open": True, "merged": False}}
    assert merged == Done({"commit": repository.head()})
    assert ended == Done({"pr": {"id": 1, "url": page, "open": False, "merged": True}, "commit": repository.head()})
    pull = repository.pull()
    assert (pull["title"], pull["body"].strip(), pull["head"]["sha"]) == ("Set v to 2", "Because.", commit)
    content = repository.gitea.ask("GET", f"{repository.path}/contents/env.yaml").json()["content"]
    assert base64.b64decode(content) == b"v: 2\n"


def test_a_second_run_adopts_the_pull_request_that_is_open(repository):
    repository.change()
    first = repository.open()

    assert repository.open() == first
    assert len(repository.gitea.ask("GET", f"{repository.path}/pulls").json()) == 1


def test_branches_that_hold_the_same_files_need_no_pull_request(repository):
    repository.gitea.ask("POST", f"{repository.path}/branches", {"new_branch_name": "env"})

    assert isinstance(repository.open(), Skipped)


@pytest.mark.parametrize("method", ["rebase", "rebase-merge", "squash", "fast-forward-only"])
def test_merges_by_each_method(repository, method):
    repository.change()
    repository.open()

    assert repository.merge(mergeMethod=method) == Done({"commit": repository.head()})
    assert repository.merge(mergeMethod=method) == Done({"commit": repository.head()})


def test_labels_are_those_of_the_repository(repository):
    repository.gitea.ask("POST", f"{repository.path}/labels", {"name": "env", "color": "#00aabb"})
    repository.change()

    with pytest.raises(Rejected, match="labels nope do not exist"):
        repository.open(labels=["nope"])
    repository.open(labels=["env"])

    assert [label["name"] for label in repository.pull()["labels"]] == ["env"]


def test_a_closed_pull_request_ends_waiting_and_merging(repository):
    repository.change()
    repository.open()
    repository.gitea.ask("PATCH", f"{repository.path}/pulls/1", {"state": "closed"})

    with pytest.raises(StepFailed, match="pull request 1 was closed without being merged"):
        repository.wait()
    with pytest.raises(StepFailed, match="closed but not merged"):
        repository.run("git-merge-pr", {"prNumber": 1})


def test_a_draft_and_a_conflict_are_not_ready(repository):
    repository.change()
    repository.open(title="WIP: not yet")
    change = {"content": base64.b64encode(b"theirs").decode(), "message": "Theirs", "branch": "main"}

    with pytest.raises(StepFailed, match="not ready to merge and wait is disabled"):
        repository.run("git-merge-pr", {"prNumber": 1})
    repository.gitea.ask("POST", f"{repository.path}/contents/env.yaml", change)
    repository.gitea.ask("PATCH", f"{repository.path}/pulls/1", {"title": "Now"})
    while repository.pull()["mergeable"]:
        pass

    with pytest.raises(StepFailed, match="not ready to merge and wait is disabled"):
        repository.run("git-merge-pr", {"prNumber": 1})


def test_a_review_that_is_wanted_holds_the_merge_back(repository):
    rule = {"branch_name": "main", "required_approvals": 1, "enable_push": True}
    repository.gitea.ask("POST", f"{repository.path}/branch_protections", rule)
    repository.change()
    repository.open()

    with pytest.raises(StepFailed, match="pull request 1"):
        repository.run("git-merge-pr", {"prNumber": 1})

    assert repository.pull()["state"] == "open"


def test_a_wrong_token_and_an_unknown_number_are_errors(repository):
    with pytest.raises(NotFound, match="read pull request 1"):
        repository.wait()
    repository.bench.credentials.by_url[repository.url] = BasicAuth("alice", "0" * 40)
    with pytest.raises(Unauthorized):
        repository.wait()
