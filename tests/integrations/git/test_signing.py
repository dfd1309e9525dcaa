"""Signing with real keys: what is signed, by whom, and where the key is."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from integrations import process_guardian
from integrations.errors import Rejected
from integrations.git.identity import Identity, write_home
from integrations.git.mirror import Wanted
from integrations.git.repository import Repository
from integrations.git.signing import is_signing, signing
from integrations.git.worktree import PushPolicy
from tests.servers.keys import make_gpg_key, make_ssh_key

ROBOT = Identity("Robot (bot: ü)", "robot@example.com")


@pytest.fixture(scope="module")
def gpg_key():
    return make_gpg_key(ROBOT.name, ROBOT.email)


@pytest.fixture(scope="module")
def ssh_key(tmp_path_factory):
    return make_ssh_key(tmp_path_factory.mktemp("key"))[0]


@pytest.fixture(params=["gpg", "ssh"])
def robot(request):
    return replace(ROBOT, signing_key=request.getfixturevalue(f"{request.param}_key"))


def _clone(workspace, identity, path="src"):
    repository = Repository.create(
        workspace.clones,
        workspace.mirrors,
        workspace.remote("app"),
        wanted=Wanted(branches=("main",)),
        identity=identity,
        keep_as=workspace.name,
    )
    return repository.add_worktree(workspace.work / path, branch="main")


def _mark(tree, name="HEAD"):
    return tree._git("log", "-1", "--format=%G?", name).stdout.strip()


def _agents(place=""):
    """Those that serve a keyring at `place`, else any of this process."""
    listing = subprocess.run(["ps", "-eo", "stat=,args="], capture_output=True, text=True, check=True).stdout
    own = place or str(process_guardian.make_ready())
    return [line for line in listing.splitlines() if "gpg-agent" in line and own in line and line[0] != "Z"]


def test_commits_tags_rebases_and_merges_are_signed(workspace, robot):
    # A path far longer than a socket's may be.
    workspace.clones = workspace.clones / ("deep-" * 20) / "clones"
    workspace.server.create("app", {"a.txt": "1"})
    tree = _clone(workspace, robot)
    remote = tree.remote(None)
    (tree.root / "b.txt").write_text("2")
    tree.commit("Ours")

    assert _mark(tree) == "G"

    tree.create_tag("v1", message="One\n\n# kept\n")
    assert tree.create_tag("v1", message="One\n\n# kept\n") == tree.head()
    assert tree._run("tag", "--verify", "v1").exit_code == 0
    assert "# kept" in tree._git("cat-file", "tag", "v1").stdout

    workspace.server.commit("app", {"c.txt": "3"}, "Theirs")
    tree.integrate("main", remote, policy=PushPolicy.ALWAYS_REBASE)
    assert (_mark(tree), _mark(tree, "HEAD^")) == ("G", "N")

    workspace.server.commit("app", {"d.txt": "4"}, "Theirs again")
    tree.integrate("main", remote, policy=PushPolicy.ALWAYS_MERGE)
    assert (_mark(tree), len(tree._git("log", "-1", "--format=%P").stdout.split())) == ("G", 2)
    assert not _agents()


def test_a_branch_that_is_made_begins_with_a_signed_commit(workspace, robot):
    workspace.server.create("app", {"a.txt": "1"})
    tree = _clone(workspace, robot)
    repository = Repository(
        tree._clone, workspace.clones, "https://h/r", workspace.mirrors.observe(workspace.remote("app")), list
    )

    commit = repository.create_orphan_branch("env", workspace.remote("app"))

    assert _mark(tree, commit) == "G"


def test_the_key_is_private_and_in_no_argument_and_no_environment(workspace, robot, tmp_path, monkeypatch):
    seen = tmp_path / "seen"
    _spy_on(tmp_path / "bin", ["git", "gpg", "gpg-agent", "ssh-keygen"], seen)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    workspace.server.create("app", {"a.txt": "1"})
    tree = _clone(workspace, robot)
    (tree.root / "b.txt").write_text("2")

    tree.commit("Signed")

    assert _mark(tree) == "G"
    said = seen.read_text()
    assert "HOME=" in said
    assert "PRIVATE KEY" not in said
    assert not [line for line in robot.signing_key.splitlines() if len(line) > 30 and line in said]
    home = tree._home
    assert oct(home.stat().st_mode)[-3:] == "700"
    keys = [home / "signing-key", *home.glob(".gnupg/private-keys-v1.d/*.key")]
    assert {oct(path.stat().st_mode)[-3:] for path in keys if path.exists()} == {"600"}
    assert "PRIVATE KEY" not in repr(robot)


def test_an_author_of_one_commit_signs_with_a_key_of_its_own_or_not_at_all(workspace, robot, tmp_path):
    workspace.server.create("app", {"a.txt": "1"})
    tree = _clone(workspace, robot)
    other_key = make_ssh_key(tmp_path)[0]

    (tree.root / "b.txt").write_text("2")
    tree.commit("Plain", author=Identity("Ann", "ann@example.com"))
    (tree.root / "b.txt").write_text("3")
    tree.commit("Signed", author=Identity("Ann", "ann@example.com", other_key))

    headers = [tree._git("cat-file", "commit", name).stdout.partition("\n\n")[0] for name in ("HEAD^", "HEAD")]
    assert ["gpgsig" in header for header in headers] == [False, True]
    assert [path.name for path in tree._clone.glob("home*")] == ["home"]


@pytest.mark.parametrize(
    "case", ["no key", "cut off", "public", "someone else", "passphrase", "expired", "cannot sign"]
)
def test_a_key_that_cannot_be_used_is_refused_with_the_reason(tmp_path, gpg_key, case):
    identity, expected = {
        "no key": lambda: (replace(ROBOT, signing_key="hunter2"), "must be a GPG private key"),
        "cut off": lambda: (replace(ROBOT, signing_key=gpg_key[:300]), "finds no private key in it"),
        "public": lambda: (
            replace(ROBOT, signing_key="-----BEGIN PGP PUBLIC KEY BLOCK-----"),
            "must be a GPG private key",
        ),
        "someone else": lambda: (
            Identity("Rob", ROBOT.email, gpg_key),
            r'not of "Rob <robot@example.com>": it belongs to "Robot \(bot: ü\) <robot@example.com>"',
        ),
        "passphrase": lambda: (
            Identity("A", "a@example.com", make_gpg_key("A", "a@example.com", passphrase="x")),
            "must have no passphrase",
        ),
        "expired": lambda: (
            Identity("A", "a@example.com", make_gpg_key("A", "a@example.com", expired=True)),
            "expired",
        ),
        "cannot sign": lambda: (
            Identity("A", "a@example.com", make_gpg_key("A", "a@example.com", usage="cert")),
            "fit for signing",
        ),
    }[case]()
    with pytest.raises(Rejected, match=expected) as caught:
        write_home(tmp_path / "home", identity)

    assert "hunter2" not in str(caught.value)
    assert not (tmp_path / "home").exists()
    assert not _agents()


@pytest.mark.parametrize("case", ["passphrase", "cut off"])
def test_an_openssh_key_that_cannot_be_used_is_refused(tmp_path, ssh_key, case):
    key = make_ssh_key(tmp_path, passphrase="open sesame")[0] if case == "passphrase" else ssh_key[:100]

    with pytest.raises(Rejected, match="a whole OpenSSH private key without a passphrase"):
        write_home(tmp_path / "home", replace(ROBOT, signing_key=key))

    assert not (tmp_path / "home").exists()


def test_a_key_from_a_browser_with_other_line_ends_works(tmp_path, ssh_key):
    write_home(tmp_path / "home", replace(ROBOT, signing_key=f"\r\n{ssh_key.replace(chr(10), chr(13) + chr(10))}"))

    assert is_signing(tmp_path / "home")


def test_the_agent_dies_with_the_command_whatever_happens(tmp_path, gpg_key):
    write_home(tmp_path / "home", replace(ROBOT, signing_key=gpg_key))

    class Broken(BaseException):
        pass

    def break_off():
        with signing(tmp_path / "home"):
            assert len(_agents()) == 1
            raise Broken

    with pytest.raises(Broken):
        break_off()

    assert not _agents()
    assert not list((tmp_path / "home" / ".gnupg").glob("S.*"))


@pytest.mark.parametrize(
    ("we_sign", "commit_signed_by", "safe"),
    [
        (False, "nobody", True),
        (False, "stranger", False),
        (True, "us", True),
        (True, "nobody", False),
        (True, "stranger", False),
    ],
)
def test_a_rebase_is_safe_only_for_commits_that_keep_their_kind(
    workspace, tmp_path, ssh_key, we_sign, commit_signed_by, safe
):
    workspace.server.create("app", {"a.txt": "1"})
    tree = _clone(workspace, replace(ROBOT, signing_key=ssh_key if we_sign else ""))
    authors = {"us": None, "nobody": ROBOT, "stranger": None}
    if commit_signed_by == "stranger":
        authors["stranger"] = replace(ROBOT, signing_key=make_ssh_key(tmp_path)[0])
    (tree.root / "b.txt").write_text("2")
    ours = tree.commit("Ours", author=authors[commit_signed_by])
    workspace.server.commit("app", {"c.txt": "3"}, "Theirs")

    if not safe:
        with pytest.raises(Rejected, match='Rebasing onto "main" is unsafe'):
            tree.integrate("main", tree.remote(None), policy=PushPolicy.REBASE_OR_FAIL)
        assert tree.head() == ours
    tree.integrate("main", tree.remote(None), policy=PushPolicy.REBASE_OR_MERGE)

    assert (ours in tree._git("rev-list", "HEAD").stdout.split()) is not safe
    assert _mark(tree) == ("G" if we_sign else "N")


def _spy_on(directory: Path, names: list[str], seen: Path) -> None:
    directory.mkdir()
    for name in names:
        real = subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout.strip()
        spy = directory / name
        spy.write_text(f'#!/bin/sh\n{{ echo "{name} $@"; env; }} >> {seen}\nexec {real} "$@"\n')
        spy.chmod(0o755)


def test_the_agent_dies_with_a_worker_that_is_killed_outright(tmp_path, gpg_key):
    write_home(tmp_path / "home", replace(ROBOT, signing_key=gpg_key))
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom integrations.git.signing import signing\n"
        "with signing(Path(sys.argv[1])) as environment:\n"
        "    print(environment['GNUPGHOME'], flush=True)\n    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "home")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        link = worker.stdout.readline().strip()
        assert _agents(link)
        worker.kill()

    deadline = time.monotonic() + 20
    while _agents(link) and time.monotonic() < deadline:
        time.sleep(0.02)

    assert not _agents(link)
    with signing(tmp_path / "home") as environment:
        signed = ["gpg", "--local-user", ROBOT.email, "--detach-sign", "--armor"]
        subprocess.run(signed, input=b"x", env={**os.environ, **environment}, check=True, capture_output=True)
