import os
import subprocess

import pytest

from integrations.errors import Aborted
from promotions.steps.base import Done, StepErrored, StepFailed


def _untar(bench, archive, target, **config):
    return bench.run("untar", {"inPath": archive, "outPath": target, **config})


@pytest.fixture
def packed(bench, tmp_path):
    """The work tree with an archive that GNU tar made: `in.tar` holds ./top/..."""
    source = tmp_path / "source"
    (source / "top/sub").mkdir(parents=True)
    (source / "top/run.sh").write_text("x")
    (source / "top/run.sh").chmod(0o755)
    (source / "top/sub/b").write_text("b")
    (source / "top/.git").mkdir()
    (source / "top/.git/config").write_text("g")
    (source / "top/link").symlink_to("sub/b")
    os.utime(source / "top/sub/b", (1_000_000_000, 1_000_000_000))
    subprocess.run(["tar", "czf", bench.workdir / "in.tar", "-C", source, "./top"], check=True)
    return bench


def test_extracts_what_gnu_tar_packed(packed):
    assert _untar(packed, "in.tar", "deep/out") == Done()

    assert packed.files() == ["deep/out/top/link", "deep/out/top/run.sh", "deep/out/top/sub/b", "in.tar"]
    assert (packed.workdir / "deep/out/top/run.sh").stat().st_mode & 0o777 == 0o755
    assert (packed.workdir / "deep/out/top/sub").stat().st_mode & 0o777 == 0o750
    assert (packed.workdir / "deep/out/top/sub/b").stat().st_mtime == 1_000_000_000
    assert os.readlink(packed.workdir / "deep/out/top/link") == "sub/b"


def test_replaces_what_was_there_and_a_second_run_gives_the_same(packed):
    packed.write("out/old")

    _untar(packed, "in.tar", "out", stripComponents=2, ignore="link\nrun.*")
    first = packed.files()
    _untar(packed, "in.tar", "out", stripComponents=2, ignore="link\nrun.*")

    assert first == packed.files() == ["in.tar", "out/.git/config", "out/sub/b"]


@pytest.mark.parametrize("target", [".", "/", "..", "a/.."])
def test_the_work_tree_itself_is_not_replaced(packed, target):
    packed.write("a/x")

    with pytest.raises(StepErrored, match="is the working directory itself"):
        _untar(packed, "in.tar", target)


@pytest.mark.parametrize("git", ["out/.git/config", "out/clone/.git"])
def test_a_work_tree_of_git_is_not_replaced(packed, git):
    packed.write(git)

    with pytest.raises(StepErrored, match="is a work tree of git; name a directory inside"):
        _untar(packed, "in.tar", "out")

    assert git in packed.files()


def test_a_directory_inside_of_a_work_tree_is_replaced(packed):
    packed.write("clone/.git/config")
    packed.write("clone/charts/old")

    _untar(packed, "in.tar", "clone/charts")

    assert "clone/charts/top/sub/b" in packed.files()
    assert "clone/charts/old" not in packed.files()


@pytest.mark.parametrize(
    ("archive", "message"),
    [("nope.tar", "does not exist"), ("out/old", "not a whole tar archive"), ("out", "Is a directory")],
)
def test_what_goes_wrong_leaves_the_target_alone(packed, archive, message):
    packed.write("out/old", "no archive")

    with pytest.raises(StepErrored, match=message) as caught:
        _untar(packed, archive, "out")

    assert packed.read("out/old") == "no archive"
    assert not list((packed.workdir / ".kargoweb").glob("untar-*/"))
    assert "secret-place" not in str(caught.value)


def test_a_file_is_not_replaced_by_a_directory(packed):
    packed.write("out", "x")

    with pytest.raises(StepErrored, match='"out" is a file'):
        _untar(packed, "in.tar", "out")


def test_a_link_in_the_target_does_not_lead_out_of_the_work_tree(packed, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep").write_text("x")
    (packed.workdir / "out").symlink_to(outside)

    _untar(packed, "in.tar", "out")

    assert [path.name for path in outside.iterdir()] == ["keep"]


def test_stops_when_asked_to(packed):
    packed.should_stop = lambda: True

    with pytest.raises(Aborted):
        _untar(packed, "in.tar", "out")

    assert packed.files() == ["in.tar"]


@pytest.mark.parametrize(
    "config",
    [
        {"inPath": "a"},
        {"outPath": "a"},
        {"inPath": "a", "outPath": "b", "stripComponents": -1},
        {"inPath": "a", "outPath": "b", "stripComponents": "1"},
        {"inPath": "a", "outPath": "b", "ignore": ""},
        {"inPath": "a", "outPath": "b", "x": 1},
    ],
)
def test_refuses_a_wrong_config(bench, config):
    with pytest.raises(StepFailed, match="invalid untar config"):
        bench.run("untar", config)
