"""Mirrors: one fetch for all, proof of access, self-repair."""

import multiprocessing
import os
import shutil
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from integrations.credentials import BasicAuth
from integrations.errors import Aborted, NotFound, Unauthorized
from integrations.git.environment import Console, Remote, run_git
from integrations.git.history import log_first_parent
from integrations.git.mirror import Wanted
from integrations.git.mirrors import Mirrors

MAIN = Wanted(branches=("main",))
ALL = Wanted(all_branches=True, all_tags=True)
GOOD = BasicAuth("robot", "s3cret-Pass")


def test_fetches_once_and_then_only_when_something_is_new(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    remote = workspace.remote("app")

    for _ in range(3):
        mirrors.update(remote, MAIN)
    assert git_server.requests["app", "fetch"] == 1
    commit = git_server.commit("app", {"a.txt": "2"}, "Second")
    mirror, refs = mirrors.update(remote, MAIN)

    assert git_server.requests["app", "fetch"] == 2
    assert refs.heads["main"] == mirror.local_refs()["refs/heads/main"] == commit


def test_fetches_only_the_refs_that_are_wanted(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    git_server.commit("app", {"b.txt": "1"}, "Other", branch="other")
    git_server.tag("app", "v1")

    mirror, refs = mirrors.update(workspace.remote("app"), Wanted(default_branch=True))

    assert list(mirror.local_refs()) == ["refs/heads/main"]
    assert set(refs.heads) == {"main", "other"}
    assert set(refs.tags) == {"v1"}


def test_threads_that_want_the_same_share_one_fetch(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    heads = []
    threads = [
        threading.Thread(target=lambda: heads.append(mirrors.update(workspace.remote("app"), MAIN)[1].heads["main"]))
        for _ in range(6)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert heads == [git_server.head("app")] * 6
    assert git_server.requests["app", "fetch"] == 1


def _update_in_process(root: Path, url: str, start, answers) -> None:
    start.wait()
    answers.put(Mirrors(root).update(Remote(url), MAIN)[1].heads["main"])


def test_processes_that_want_the_same_share_one_fetch(mirrors, git_server):
    git_server.create("app", {"a.txt": "1"})
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(2), context.Queue()
    arguments = (mirrors.root, git_server.url("app"), start, answers)
    processes = [context.Process(target=_update_in_process, args=arguments) for _ in range(2)]

    for process in processes:
        process.start()
    found = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()

    assert found == [git_server.head("app")] * 2
    assert git_server.requests["app", "fetch"] == 1


def test_a_warm_mirror_opens_to_nobody_without_access(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    git_server.accounts["app"] = (GOOD.username, GOOD.password)
    mirrors.update(workspace.remote("app", GOOD), MAIN)
    mirrors.open(workspace.remote("app", GOOD))

    for credentials in (None, BasicAuth("robot", "wrong"), BasicAuth("other", GOOD.password)):
        with pytest.raises(Unauthorized):
            mirrors.open(workspace.remote("app", credentials))
        with pytest.raises(Unauthorized):
            mirrors.update(workspace.remote("app", credentials), MAIN)


def test_proof_of_access_is_asked_once_a_minute(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})

    for _ in range(5):
        mirrors.open(workspace.remote("app"))

    assert git_server.requests["app", "list"] == 1


def test_those_who_ask_for_the_same_moment_share_one_listing(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    asked_at = datetime.now(UTC)

    seen = [mirrors.observe(workspace.remote("app"), seen_after=asked_at) for _ in range(57)]
    commit = git_server.commit("app", {"a.txt": "2"}, "Second")

    assert git_server.requests["app", "list"] == 1
    assert len({refs.head for refs in seen}) == 1
    assert mirrors.observe(workspace.remote("app")).head == commit


def test_a_refusal_is_not_remembered(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    git_server.accounts["app"] = (GOOD.username, GOOD.password)
    with pytest.raises(Unauthorized):
        mirrors.open(workspace.remote("app"))

    del git_server.accounts["app"]

    mirrors.open(workspace.remote("app"))


def test_paths_that_differ_in_case_do_not_share_a_mirror(mirrors, git_server, workspace):
    git_server.create("team/app", {"a.txt": "1"})
    git_server.create("Team/app", {"a.txt": "other"})

    one, _ = mirrors.update(workspace.remote("team/app"), MAIN)
    other, _ = mirrors.update(workspace.remote("Team/app"), MAIN)

    assert one.path != other.path


def test_a_branch_that_gives_way_to_a_directory_of_branches_is_followed(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    git_server.commit("app", {"b.txt": "1"}, "One", branch="env")
    mirrors.update(workspace.remote("app"), ALL)
    git_server.delete_branch("app", "env")
    commit = git_server.commit("app", {"b.txt": "1"}, "Two", branch="env/prod")

    mirror, _ = mirrors.update(workspace.remote("app"), ALL)

    assert mirror.local_refs()["refs/heads/env/prod"] == commit
    assert "refs/heads/env" not in mirror.local_refs()


def test_finds_a_commit_on_any_branch(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    commit = git_server.commit("app", {"b.txt": "1"}, "Hidden", branch="deep/branch")

    mirror, _ = mirrors.update(workspace.remote("app"), Wanted(commits=(commit,)))

    assert mirror.missing([commit]) == set()


@pytest.mark.parametrize("trick", ["+refs/heads/*:refs/heads/copy-*", "HEAD\n--batch", "--all", ""])
def test_a_commit_that_is_no_id_does_not_reach_git(mirrors, git_server, workspace, trick):
    git_server.create("app", {"a.txt": "1"})

    mirror, _ = mirrors.update(workspace.remote("app"), Wanted(branches=("main",), commits=(trick,)))

    assert list(mirror.local_refs()) == ["refs/heads/main"]


@pytest.mark.parametrize("damage", ["no objects", "no HEAD", "cut pack", "half made"])
def test_a_broken_mirror_is_rebuilt(mirrors, git_server, workspace, damage):
    git_server.create("app", {"a.txt": "1"})
    kept = git_server.head("app")
    mirror, _ = mirrors.update(workspace.remote("app"), MAIN)
    mirror.keep("promotion-1", [kept])
    if damage == "no objects":
        shutil.rmtree(mirror.path / "objects")
        (mirror.path / "objects").mkdir()
    elif damage == "no HEAD":
        (mirror.path / "HEAD").unlink()
    elif damage == "half made":
        shutil.rmtree(mirror.path)
        mirror.path.mkdir()
    else:
        for file in mirror.path.glob("objects/??/*"):
            file.chmod(0o600)
            file.write_bytes(b"")
    commit = git_server.commit("app", {"a.txt": "2"}, "Second")

    mirror, refs = mirrors.update(workspace.remote("app"), MAIN)

    assert refs.heads["main"] == commit
    assert [found.id for found in log_first_parent(mirror, "refs/heads/main", limit=5)] == [commit, kept]
    if damage in {"no objects", "cut pack"}:
        assert mirror.kept("promotion-1") == [kept]


def test_leftovers_of_a_killed_fetch_are_no_obstacle(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    mirror, _ = mirrors.update(workspace.remote("app"), MAIN)
    for name in ("refs/heads/main.lock", "packed-refs.lock", "HEAD.lock", "objects/pack/tmp_pack_x1"):
        (mirror.path / name).parent.mkdir(parents=True, exist_ok=True)
        (mirror.path / name).touch()
    commit = git_server.commit("app", {"a.txt": "2"}, "Second")

    _, refs = mirrors.update(workspace.remote("app"), MAIN)

    assert refs.heads["main"] == commit
    assert not list(mirror.path.glob("objects/pack/tmp_*"))


def test_a_worker_killed_in_the_middle_of_a_fetch_holds_nobody_up(mirrors, git_server, tmp_path):
    git_server.create("app", {"a.txt": "1"})
    entered = tmp_path / "entered"
    code = f"""
import time
from datetime import UTC, datetime
from pathlib import Path
from integrations.git.environment import Console, Remote
from integrations.git.mirror import Wanted
from integrations.git.mirrors import Mirrors

def hold(_stream, _line):
    Path({str(entered)!r}).touch()
    time.sleep(1000)

Mirrors(Path({str(mirrors.root)!r})).update(
    Remote({git_server.url("app")!r}), Wanted(branches=("main",)), console=Console(log=hold)
)
"""
    worker = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[3])
    while not entered.exists():
        assert worker.poll() is None
        time.sleep(0.01)

    worker.kill()
    worker.wait()
    mirror, refs = mirrors.update(Remote(git_server.url("app")), MAIN)

    assert mirror.local_refs() == {"refs/heads/main": refs.heads["main"]}


def test_keeps_commits_that_the_remote_has_forgotten(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    commit = git_server.commit("app", {"b.txt": "1"}, "Soon gone", branch="side")
    mirror, _ = mirrors.update(workspace.remote("app"), ALL)
    mirror.keep("promotion-1", [commit])
    mirror.keep("promotion-1", [commit])
    git_server.delete_branch("app", "side")
    git_server.commit("app", {"a.txt": "2"}, "Go on")
    mirrors.update(workspace.remote("app"), ALL)

    grow_old(mirror)
    assert mirrors.maintain_one() is False
    assert mirror.missing([commit]) == set()
    mirror.release("promotion-1")
    mirror.release("promotion-1")
    assert mirror.kept() == []
    assert mirrors.maintain_one() is True


def test_what_is_kept_is_let_go_also_when_git_has_packed_it(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    commit = git_server.commit("app", {"a.txt": "2"}, "Go on")
    mirror, _ = mirrors.update(workspace.remote("app"), MAIN)
    mirror.keep("promotion-1", [commit])
    mirror.keep("promotion-2", [commit])
    run_git("pack-refs", "--all", place=mirror.place)
    mirror.keep("promotion-1", [git_server.head("app"), commit])

    mirror.release("promotion-1")

    assert mirror.kept("promotion-1") == []
    assert mirror.kept("promotion-2") == [commit]


def grow_old(mirror):
    """Make the mirror as one that was fetched first two days ago."""
    long_ago = time.time() - 2 * 86_400
    os.utime(mirror.path / "description", (long_ago, long_ago))


def test_a_mirror_is_packed_once_a_day(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    mirror, _ = mirrors.update(workspace.remote("app"), MAIN)
    assert mirrors.maintain_one() is False

    grow_old(mirror)
    for number in range(2, 4):
        git_server.commit("app", {"a.txt": str(number)}, "Go on")
        mirrors.update(workspace.remote("app"), MAIN)

    assert mirrors.maintain_one() is True
    assert len(list(mirror.path.glob("objects/pack/*.pack"))) == 1
    assert list(mirror.path.glob("objects/??/*")) == []
    assert mirrors.maintain_one() is False


def test_a_mirror_that_somebody_works_on_is_not_waited_for(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    mirror, _ = mirrors.update(workspace.remote("app"), MAIN)
    grow_old(mirror)

    with mirror.locked():
        assert mirrors.maintain_one() is False
    assert mirrors.maintain_one() is True


def test_keeping_an_unknown_commit_is_an_error(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    mirror, _ = mirrors.update(workspace.remote("app"), MAIN)

    with pytest.raises(NotFound):
        mirror.keep("promotion-1", ["1" * 40])


def test_waiting_for_a_mirror_can_be_stopped(mirrors, git_server, workspace):
    git_server.create("app", {"a.txt": "1"})
    mirror, _ = mirrors.update(workspace.remote("app"), MAIN)
    git_server.commit("app", {"a.txt": "2"}, "Second")
    give_up_at = time.monotonic() + 0.5

    with mirror.locked(), pytest.raises(Aborted):
        mirrors.update(
            workspace.remote("app"), MAIN, console=Console(should_stop=lambda: time.monotonic() > give_up_at)
        )


def test_no_secret_is_left_on_disk(mirrors, git_server, workspace, tmp_path):
    git_server.create("app", {"a.txt": "1"})
    git_server.accounts["app"] = (GOOD.username, GOOD.password)
    repository = workspace.clone("app", MAIN, GOOD)
    tree = repository.add_worktree(workspace.work / "src", branch="main")
    (tree.root / "a.txt").write_text("2")
    tree.commit("Second")
    tree.push("main", tree.remote(GOOD))

    holding = [path for path in tmp_path.rglob("*") if path.is_file() and GOOD.password.encode() in path.read_bytes()]

    assert git_server.head("app") == tree.head()
    assert holding == []
