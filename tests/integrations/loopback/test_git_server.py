"""The git server of demo and tests, asked by a real git and by hand-made requests."""

import gzip
import http.client
import os
import subprocess
import threading

import pytest

from integrations.errors import IntegrationError, NotFound
from integrations.loopback.git_server import GitServer
from tests.servers.git import git_server

__all__ = ["git_server"]

FLUSH = b"0000"
LS_REFS = b"0014command=ls-refs\n0001" + FLUSH


def git(*arguments, cwd):
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "GIT_TERMINAL_PROMPT": "0"}
    environment |= {f"GIT_{role}_{part}": "x@y.z" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    return subprocess.run(["git", *arguments], cwd=cwd, env=environment, capture_output=True, text=True)


def post(server, name, body, **headers):
    connection = http.client.HTTPConnection(server.base_url.removeprefix("http://"), timeout=30)
    headers = {
        "Content-Type": "application/x-git-upload-pack-request",
        "Git-Protocol": "version=2",
        **headers,
    }
    connection.request(
        "POST", f"/{name}.git/git-upload-pack", body, headers, encode_chunked="Transfer-Encoding" in headers
    )
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def test_clones_and_takes_pushes(git_server, tmp_path):
    git_server.create("team/app", {"a.txt": "1", "dir/b c.txt": "2"})

    assert git("clone", "--quiet", git_server.url("team/app"), "here", cwd=tmp_path).returncode == 0
    here = tmp_path / "here"
    (here / "a.txt").write_text("2")
    pushed = git("commit", "--quiet", "-am", "Two", cwd=here), git("push", "--quiet", cwd=here)

    assert [result.returncode for result in pushed] == [0, 0]
    assert git_server.read("team/app", "main", "a.txt") == "2"
    assert len(git_server.log("team/app")) == 2
    assert git_server.files("team/app") == ["a.txt", "dir/b c.txt"]
    assert git_server.requests["team/app", "fetch"] == 1
    assert git_server.requests["team/app", "push"] == 1


def test_large_pushes_and_clones_pass_in_chunks(git_server, tmp_path):
    git_server.create("app", {})
    git("clone", "--quiet", git_server.url("app"), "here", cwd=tmp_path)
    here = tmp_path / "here"
    (here / "big.bin").write_bytes(os.urandom(3_000_000))
    git("add", ".", cwd=here)
    git("commit", "--quiet", "-m", "Big", cwd=here)

    assert git("push", "--quiet", "origin", "HEAD:refs/heads/main", cwd=here).returncode == 0
    assert git("clone", "--quiet", git_server.url("app"), "there", cwd=tmp_path).returncode == 0

    assert (tmp_path / "there/big.bin").read_bytes() == (here / "big.bin").read_bytes()


@pytest.mark.parametrize("form", ["plain", "gzip", "chunked"])
def test_reads_bodies_in_all_forms_git_sends(git_server, form):
    git_server.create("app", {"a.txt": "1"})
    body, headers = LS_REFS, {}
    if form == "gzip":
        body, headers = gzip.compress(LS_REFS), {"Content-Encoding": "gzip"}
    elif form == "chunked":
        body, headers = iter([LS_REFS[:9], LS_REFS[9:]]), {"Transfer-Encoding": "chunked"}

    status, content = post(git_server, "app", body, **headers)

    assert status == 200
    assert git_server.head("app").encode() in content


def test_wants_the_account_of_the_repository(git_server, tmp_path):
    git_server.create("app", {"a.txt": "1"})
    git_server.accounts["app"] = ("robot", "right")
    url = git_server.url("app")

    for login, is_admitted in (("", False), ("robot:wrong@", False), ("robot:right@", True)):
        result = git("ls-remote", url.replace("//", f"//{login}"), cwd=tmp_path)
        assert (result.returncode == 0) is is_admitted


@pytest.mark.parametrize(
    "path",
    ["/none.git/info/refs", "/../app.git/info/refs", "/app.git/config", "/", "/%2e%2e/x.git/info/refs"],
)
def test_shows_nothing_but_its_repositories(git_server, path):
    git_server.create("app", {"a.txt": "1"})
    connection = http.client.HTTPConnection(git_server.base_url.removeprefix("http://"), timeout=30)

    connection.request("GET", f"{path}?service=git-upload-pack")

    assert connection.getresponse().status == 404
    connection.close()


def test_refuses_pushes_to_a_protected_branch_until_told_otherwise(git_server, tmp_path):
    git_server.create("app", {"a.txt": "1"})
    git_server.refuse_push("app", "main")
    git("clone", "--quiet", git_server.url("app"), "here", cwd=tmp_path)
    here = tmp_path / "here"
    git("commit", "--quiet", "--allow-empty", "-m", "More", cwd=here)

    assert "protected" in git("push", "origin", "HEAD:main", cwd=here).stderr
    assert git("push", "origin", "HEAD:other", cwd=here).returncode == 0
    git_server.allow_push("app")
    assert git("push", "origin", "HEAD:main", cwd=here).returncode == 0


def test_of_concurrent_pushes_to_one_branch_one_wins(git_server, tmp_path):
    git_server.create("app", {"a.txt": "1"})
    for name in "abcd":
        git("clone", "--quiet", git_server.url("app"), name, cwd=tmp_path)
        git("commit", "--quiet", "--allow-empty", "-m", name, cwd=tmp_path / name)
    codes = []
    push = lambda name: codes.append(git("push", "--quiet", cwd=tmp_path / name).returncode)  # noqa: E731
    threads = [threading.Thread(target=push, args=name) for name in "abcd"]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(codes)[0] == 0
    assert sorted(codes)[1] != 0
    assert len(git_server.log("app")) == 2


def test_an_asked_failure_happens_once(git_server):
    git_server.create("app", {"a.txt": "1"})
    git_server.fail_next(503)

    assert [post(git_server, "app", LS_REFS)[0] for _ in range(2)] == [503, 200]


def test_listens_on_loopback_only(tmp_path):
    with pytest.raises(IntegrationError, match="loopback only"):
        GitServer(tmp_path, host="0.0.0.0")  # noqa: S104


@pytest.mark.parametrize("name", ["../up", "a//b", "-x", ".hidden", ""])
def test_names_that_leave_the_root_are_no_repositories(git_server, name):
    with pytest.raises(NotFound):
        git_server.create(name, {})
