"""A promotion goes on where another machine left it: git clones come along, wherever the data directory lies."""

import dataclasses
import json
import shutil
import subprocess

import pytest
from django.utils import timezone

from integrations.git.environment import Remote
from integrations.git.mirror import Wanted
from integrations.git.mirrors import mirrors_at
from projects import shutdown
from projects.actors import controller
from projects.credentials import set_credential
from projects.models import CredentialKind
from promotions.engine import load_masker, read_site, run_pass
from promotions.engine.snapshots import Telling, TreeNotReady, bring_tree, keep_tree
from promotions.engine.snapshots_storage import SnapshotStore, WholeFileStorage
from promotions.engine.workspace import directory
from promotions.phases import Phase
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.promotions.driving import ask, drain, log_of, look
from tests.promotions.webserver import TellingServer
from tests.servers.keys import make_ssh_key

pytestmark = pytest.mark.django_db(transaction=True)

USER, PASSWORD = "deployer", "a-password-of-the-host"


class Machine:
    """A worker's machine with a data directory of its own; rows and snapshots are common."""

    def __init__(self, root, snapshots, **site):
        self.root, self.log = root, []
        self.site = dataclasses.replace(read_site(), work_dir=root / "work", mirrors_dir=root / "mirrors", **site)
        self.store = SnapshotStore(WholeFileStorage(snapshots), self.site.secret_key, 2**30)

    def tree(self, promotion):
        return directory(self.site.work_dir, promotion)

    def run(self):
        """All that is due, until nothing is."""
        drain(site=self.site)

    def run_until_asked_to_stop(self, promotion):
        run_pass(promotion.pk, site=self.site)
        assert shutdown.requested.is_set(), log_of(promotion)
        shutdown.requested.clear()

    def keep(self, promotion):
        return keep_tree(promotion, self.tree(promotion), store=self.store, telling=self._telling())

    def bring(self, promotion, name):
        masker = load_masker(promotion.project, self.site)
        bring_tree(promotion, name, site=self.site, store=self.store, masker=masker, telling=self._telling())
        return self.tree(promotion).is_dir()

    def _telling(self):
        return Telling(lambda text, stream: self.log.append(text), lambda: False)


def two_machines(tmp_path):
    return [Machine(tmp_path / name, tmp_path / "snapshots") for name in ("first", "second")]


@pytest.fixture(autouse=True)
def no_shutdown_left():
    yield
    shutdown.requested.clear()


@pytest.fixture
def project():
    return make_project()


def promote_until(stopping_step, steps, project, machine):
    """Run the promotion on the machine up to the http step that asks it to stop."""
    warehouse = make_warehouse(project)
    last = {"uses": "compose-output", "as": "last", "config": {"ended": True}}
    stage = make_stage(project, warehouse=warehouse, steps=[*steps, last])
    promotion = ask(stage, make_freight(warehouse))
    machine.run_until_asked_to_stop(promotion)
    promotion.refresh_from_db()
    assert promotion.phase == Phase.RUNNING
    assert look(promotion).statuses[stopping_step] == "Succeeded"
    return promotion


def clone_step(url, **checkout):
    config = {"repoURL": url, "checkout": [{"path": "./src", **(checkout or {"branch": "main"})}]}
    return {"uses": "git-clone", "as": "clone", "config": config}


def stop_once(path, number):
    if path == "/stop" and number == 1:
        shutdown.requested.set()


def gone(machine):
    """The machine is lost with everything on it."""
    shutil.rmtree(machine.root)


def forget_unreachable(git_server, name):
    """The host throws away what no branch leads to."""
    path = git_server.path(name)
    for command in (["reflog", "expire", "--expire=now", "--all"], ["gc", "--quiet", "--prune=now"]):
        subprocess.run(["git", "-C", str(path), *command], check=True)


def git(tree, *arguments):
    command = ["git", "-C", str(tree), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_worker_on_an_empty_machine_pushes_the_same_commit(git_server, project, tmp_path, settings):
    settings.ALLOW_CREDENTIALS_OVER_HTTP = True
    git_server.create("app", {"values.yaml": "image: {tag: old}\n", "big.txt": "x" * 100_000})
    git_server.accounts["app"] = (USER, PASSWORD)
    key, _ = make_ssh_key(tmp_path)
    set_credential(
        controller("test"),
        project=project,
        now=timezone.now(),
        kind=CredentialKind.GIT,
        name="host",
        repo_url=git_server.url("app"),
        username=USER,
        secrets={"password": PASSWORD},
    )
    first = Machine(tmp_path / "a", tmp_path / "snapshots", git_signing_key=key)
    second = Machine(tmp_path / "b" / "other place", tmp_path / "snapshots", git_signing_key=key)
    update = {"path": "./src/values.yaml", "updates": [{"key": "image.tag", "value": "new"}]}
    with TellingServer(stop_once) as server:
        steps = [
            clone_step(git_server.url("app")),
            {"uses": "yaml-update", "as": "update", "config": update},
            {"uses": "git-commit", "as": "commit", "config": {"path": "./src", "message": "Promote"}},
            server.step("stop"),
            {"uses": "file-write", "as": "write", "config": {"path": "./src/more.txt", "contents": "more"}},
            {"uses": "git-commit", "as": "again", "config": {"path": "./src", "message": "More"}},
            {"uses": "git-push", "as": "push", "config": {"path": "./src"}},
        ]
        promotion = promote_until("stop", steps, project, first)
        committed = look(promotion).output("commit")["commit"]
        name = first.keep(promotion)
        gone(first)

        assert second.bring(promotion, name), second.log
        tree = second.tree(promotion)
        assert git(tree / "src", "rev-parse", "HEAD") == committed
        assert git(tree / "src", "status", "--porcelain") == ""
        assert git(tree / "src", "fsck", "--connectivity-only") == ""
        (note,) = (tree / ".kargoweb").glob("git-commit-*.json")
        assert json.loads(note.read_text())["worktree"] == (tree / "src" / ".git").read_text()
        second.run()

    run = look(promotion)
    assert (run.phase, run.promotion.message) == (Phase.SUCCEEDED, "")
    assert all(step.tries == 1 for step in run.steps.values()), "nothing ran again"
    assert git_server.log("app")[:2] == [run.output("again")["commit"], committed]
    assert git_server.read("app", "main", "values.yaml") == "image: {tag: new}\n"
    assert "gpgsig" in git(git_server.path("app"), "cat-file", "commit", "main")
    assert not any(PASSWORD in line for line in second.log)


def test_the_mirror_elsewhere_keeps_what_the_promotion_needs_until_it_ends(git_server, project, tmp_path):
    git_server.create("app", {"a": "1"})
    first, second = two_machines(tmp_path)
    with TellingServer(stop_once) as server:
        promotion = promote_until("stop", [clone_step(git_server.url("app")), server.step("stop")], project, first)
        assert second.bring(promotion, first.keep(promotion))
        (mirror,) = second.site.mirrors_dir.glob("*.git")
        assert promotion.name in git(mirror, "for-each-ref")

        second.run()

    assert look(promotion).phase == Phase.SUCCEEDED
    assert promotion.name not in git(mirror, "for-each-ref")


def test_commits_that_no_branch_leads_to_travel_with_the_tree(git_server, project, tmp_path):
    git_server.create("app", {"a": "1"})
    pinned = git_server.commit(
        "app", {"a": "2", "only-here": "x"}, "Pinned", branch="passing", start=git_server.head("app")
    )
    url = git_server.url("app")
    machines = [Machine(tmp_path / name, tmp_path / "snapshots") for name in ("first", "second", "third")]
    with TellingServer(stop_once) as server:
        steps = [
            clone_step(url, commit=pinned),
            server.step("stop"),
            {"uses": "git-push", "as": "push", "config": {"path": "./src", "targetBranch": "kept"}},
        ]
        promotion = promote_until("stop", steps, project, machines[0])
        git_server.delete_branch("app", "passing")
        git_server.commit("app", {"b": "1"}, "Others go on")
        forget_unreachable(git_server, "app")
        # Somebody else's promotion brings the mirror up to date: the branch is gone there too.
        mirrors_at(machines[0].site.mirrors_dir).update(Remote(url), Wanted(default_branch=True))
        name = machines[0].keep(promotion)
        gone(machines[0])
        assert machines[1].bring(promotion, name), machines[1].log
        name = machines[1].keep(promotion)
        gone(machines[1])

        assert machines[2].bring(promotion, name), machines[2].log
        machines[2].run()

    run = look(promotion)
    assert (run.phase, run.promotion.message) == (Phase.SUCCEEDED, "")
    assert git_server.head("app", "kept") == pinned


def test_submodules_come_along(git_server, project, tmp_path):
    git_server.create("library", {"code": "1"})
    inner = git_server.head("library")
    modules = f'[submodule "library"]\n\tpath = library\n\turl = {git_server.url("library")}\n'
    git_server.create("app", {"a": "1", ".gitmodules": modules})
    git_server.commit("app", {}, "Use it", submodules={"library": inner})
    first, second = two_machines(tmp_path)
    step = clone_step(git_server.url("app"))
    step["config"]["recurseSubmodules"] = True
    with TellingServer(stop_once) as server:
        promotion = promote_until("stop", [step, server.step("stop")], project, first)
        name = first.keep(promotion)
    gone(first)

    assert second.bring(promotion, name), second.log

    library = second.tree(promotion) / "src" / "library"
    assert (library / "code").read_text() == "1"
    assert git(library, "rev-parse", "HEAD") == inner
    assert git(library.parent, "status", "--porcelain") == ""


def test_branches_that_nobody_asked_for_are_not_missed(git_server, project, tmp_path):
    git_server.create("app", {"a": "1"})
    git_server.commit("app", {"a": "2"}, "Elsewhere", branch="other", start=git_server.head("app"))
    url = git_server.url("app")
    first, second = two_machines(tmp_path)
    mirrors_at(first.site.mirrors_dir).update(Remote(url), Wanted(all_branches=True))
    with TellingServer(stop_once) as server:
        promotion = promote_until("stop", [clone_step(url), server.step("stop")], project, first)
        name = first.keep(promotion)
    assert "refs/heads/other" in git(first.tree(promotion) / "src", "for-each-ref")
    git_server.delete_branch("app", "other")

    assert second.bring(promotion, name), second.log

    refs = git(second.tree(promotion) / "src", "for-each-ref")
    assert "refs/heads/main" in refs
    assert "refs/heads/other" not in refs


def hand_over(git_server, project, tmp_path):
    """A promotion with a clone, stored by a machine that is gone; gives it, the name and an empty machine."""
    git_server.create("app", {"a": "1"})
    first, second = two_machines(tmp_path)
    with TellingServer(stop_once) as server:
        promotion = promote_until("stop", [clone_step(git_server.url("app")), server.step("stop")], project, first)
        name = first.keep(promotion)
    gone(first)
    return promotion, name, second


def test_withdrawn_history_means_the_first_step_again(git_server, project, tmp_path):
    promotion, name, second = hand_over(git_server, project, tmp_path)
    git_server.delete_branch("app", "main")
    git_server.commit("app", {"a": "other"}, "A new beginning")
    forget_unreachable(git_server, "app")

    assert not second.bring(promotion, name)

    assert "the history of the repository was rewritten" in second.log[-1]
    assert list(second.site.work_dir.iterdir()) == []


def test_a_host_that_is_away_makes_the_worker_wait(git_server, project, tmp_path):
    promotion, name, second = hand_over(git_server, project, tmp_path)
    git_server.stop()

    with pytest.raises(TreeNotReady, match="no answer from the host"):
        second.bring(promotion, name)

    assert list(second.site.work_dir.iterdir()) == []


def test_without_access_to_the_repository_the_tree_is_not_given_out(git_server, project, tmp_path):
    promotion, name, second = hand_over(git_server, project, tmp_path)
    git_server.accounts["app"] = (USER, PASSWORD)

    assert not second.bring(promotion, name)

    assert "the project has none for this URL" in second.log[-1]


def test_a_link_that_a_step_put_in_the_place_of_git_is_not_written_through(git_server, project, tmp_path):
    git_server.create("app", {"a": "1"})
    (tmp_path / "precious").write_text("stays")
    first, second = two_machines(tmp_path)
    with TellingServer(stop_once) as server:
        promotion = promote_until("stop", [clone_step(git_server.url("app")), server.step("stop")], project, first)
        pointer = first.tree(promotion) / "src" / ".git"
        (tmp_path / "precious").write_text(pointer.read_text())
        pointer.unlink()
        pointer.symlink_to(tmp_path / "precious")
        before = (tmp_path / "precious").read_text()

        assert second.bring(promotion, first.keep(promotion))

    assert (second.tree(promotion) / "src" / ".git").is_symlink()
    assert (tmp_path / "precious").read_text() == before
