import os
import signal
import subprocess
import sys
import textwrap

import pytest

from promotions.steps.base import Done, StepErrored, StepFailed


def _write(bench, path="a", contents="x", **rest):
    alias = rest.pop("alias", "step")
    return bench.run("file-write", {"path": path, "contents": contents, **rest}, alias=alias)


def _mode(path):
    return path.stat().st_mode & 0o7777


def test_writes_a_private_file_in_private_directories(bench):
    assert _write(bench, "d/e/f.txt", "héllo\n") == Done()
    assert bench.read("d/e/f.txt") == "héllo\n"
    assert _mode(bench.workdir / "d/e/f.txt") == 0o600
    assert _mode(bench.workdir / "d") == _mode(bench.workdir / "d/e") == 0o700


def test_sets_exactly_the_mode_asked_for_whatever_the_umask(bench):
    before = os.umask(0o077)
    try:
        _write(bench, permissions="0664")
    finally:
        os.umask(before)

    assert _mode(bench.workdir / "a") == 0o664


def test_an_empty_file_is_fine(bench):
    _write(bench, contents="")

    assert bench.read("a") == ""


def test_refuses_a_file_that_exists(bench):
    bench.write("a", "theirs")

    with pytest.raises(StepFailed, match=r'^file "a" already exists; set overwrite to true to replace it$'):
        _write(bench)

    assert bench.read("a") == "theirs"


def test_refuses_a_file_that_another_step_wrote_with_the_same_text(bench):
    _write(bench, alias="first")

    with pytest.raises(StepFailed, match="already exists"):
        _write(bench, alias="second")


def test_accepts_the_file_that_an_earlier_try_of_the_same_step_wrote(bench):
    _write(bench, alias="mine")

    assert _write(bench, alias="mine") == Done()


def test_refuses_its_own_file_once_somebody_changed_it(bench):
    _write(bench)
    bench.write("a", "changed", mode=0o600)

    with pytest.raises(StepFailed, match="already exists"):
        _write(bench)


def test_replaces_a_file_when_asked_to(bench):
    bench.write("a", "old", mode=0o644)

    _write(bench, overwrite=True)

    assert bench.read("a") == "x"
    assert _mode(bench.workdir / "a") == 0o600


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/a", "must be relative"),
        ("../a", "outside the working directory"),
        ("d/../../a", "outside the working directory"),
        (".git/config", r"\.git"),
        ("d/.git/hooks/x", r"\.git"),
        ("d/.GIT/x", r"\.git"),
        ("link/a", "symbolic link"),
        ("inside/a", "symbolic link"),
        ("file-link", "symbolic link"),
    ],
)
def test_refuses_dangerous_paths(bench, path, message, overwrite):
    (bench.workdir / "link").symlink_to("/tmp")
    (bench.workdir / "d").mkdir()
    (bench.workdir / "inside").symlink_to("d")
    (bench.workdir / "file-link").symlink_to("target")

    with pytest.raises(StepFailed, match=message):
        _write(bench, path, overwrite=overwrite)


def test_cannot_write_into_our_own_directory(bench):
    with pytest.raises(StepErrored, match="not for steps"):
        _write(bench, ".kargoweb/clones/x/home/.gitconfig", overwrite=True)


@pytest.mark.parametrize("permissions", ["0700", "0755", "0610", "0601", "0602", "0666", "600", "0o600", "", "0800"])
def test_refuses_permissions_that_open_the_file(bench, permissions):
    with pytest.raises(StepFailed, match="invalid file-write config: permissions: "):
        _write(bench, permissions=permissions)


def test_a_directory_in_the_way_ends_the_step(bench):
    bench.write("d/x")

    with pytest.raises(StepErrored, match='"d": Is a directory'):
        _write(bench, "d", overwrite=True)


def test_a_file_in_the_place_of_a_directory_ends_the_step(bench):
    bench.write("d")

    with pytest.raises(StepErrored, match='"d'):
        _write(bench, "d/x")


def test_leaves_nothing_else_in_the_work_tree(bench):
    _write(bench)

    assert bench.files() == ["a"]
    assert not [name for name in os.listdir(bench.workdir / ".kargoweb") if name.startswith("draft")]


def test_a_killed_try_leaves_no_half_file_and_the_next_one_succeeds(bench):
    code = f"""
        import os, signal, sys, pathlib
        from promotions.steps.base import StepContext
        from promotions.steps.execution import execute
        from promotions.steps.registry import find_step
        sys.addaudithook(lambda e, a: e == "os.rename" and str(a[1]).endswith("/a") and os.kill(os.getpid(), 9))
        context = StepContext(pathlib.Path({str(bench.workdir)!r}), "p", "s", "n", "step", print, bool)
        execute(find_step("file-write"), {{"path": "a", "contents": "x" * 100000}}, context)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert bench.files() == []

    assert _write(bench, contents="x" * 100000) == Done()
    assert bench.read("a") == "x" * 100000
