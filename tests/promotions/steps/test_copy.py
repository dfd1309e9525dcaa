import os

import pytest

from integrations.errors import Aborted
from promotions.steps.base import Done, StepErrored


def _copy(bench, source, target, **config):
    return bench.run("copy", {"inPath": source, "outPath": target, **config})


def test_copies_a_file_to_a_new_name_and_keeps_its_mode(bench):
    bench.write("a.sh", "x", mode=0o755)

    assert _copy(bench, "a.sh", "deep/er/b.sh") == Done()
    assert bench.read("deep/er/b.sh") == "x"
    assert (bench.workdir / "deep/er/b.sh").stat().st_mode & 0o777 == 0o755


def test_merges_a_directory_into_an_existing_one(bench):
    for path in ("in/a", "in/sub/b", "out/sub/c"):
        bench.write(path, path)
    bench.write("out/a", "old")

    _copy(bench, "in", "out")

    assert bench.files() == ["in/a", "in/sub/b", "out/a", "out/sub/b", "out/sub/c"]
    assert bench.read("out/a") == "in/a"


def test_a_second_run_gives_the_same(bench):
    bench.write("in/a", "1", mode=0o444)

    _copy(bench, "in", "in/copy")
    _copy(bench, "in", "in/copy")

    assert bench.files() == ["in/a", "in/copy/a"]


def test_leaves_out_git_and_what_is_ignored(bench):
    for path in (".git/config", "a.txt", "a.tmp", "build/x", "sub/.git", "sub/build/y", "sub/a.txt", "keep.tmp"):
        bench.write(f"in/{path}")

    _copy(bench, "in", "out", ignore="# no rule\n\n*.tmp\n/build/\n!keep.tmp")

    assert [name for name in bench.files() if name.startswith("out")] == [
        "out/a.txt",
        "out/keep.tmp",
        "out/sub/a.txt",
        "out/sub/build/y",
    ]


def test_git_can_be_asked_for(bench):
    bench.write("in/.git/config")

    _copy(bench, "in", "out", ignore="!.git")

    assert "out/.git/config" in bench.files()


def test_an_ignored_file_is_not_copied(bench):
    bench.write("in/a.tmp")

    _copy(bench, "in/a.tmp", "b.tmp", ignore="*.tmp")

    assert bench.files() == ["in/a.tmp"]


def test_skips_symlinks_and_other_special_files(bench):
    bench.write("in/a")
    (bench.workdir / "in/link").symlink_to("/etc/passwd")
    (bench.workdir / "in/dir").symlink_to("/etc")
    os.mkfifo(bench.workdir / "in/pipe")

    _copy(bench, "in", "out")

    assert [name for name in bench.files() if name.startswith("out")] == ["out/a"]


def test_a_link_in_the_target_does_not_lead_out_of_the_work_tree(bench, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    bench.write("in/dir/a", "evil")
    (bench.workdir / "out").mkdir()
    (bench.workdir / "out/dir").symlink_to(outside)

    _copy(bench, "in", "out")

    assert list(outside.iterdir()) == []


def test_paths_cannot_climb_out(bench, tmp_path):
    (tmp_path / "secret").write_text("x")

    with pytest.raises(StepErrored, match=r'Cannot copy "../../secret": it does not exist'):
        _copy(bench, "../../secret", "a")


def test_copying_the_whole_work_tree_leaves_our_own_directory_out(bench):
    bench.run("file-write", {"path": "a", "contents": "x"})

    _copy(bench, ".", "all")

    assert bench.files() == ["a", "all/a"]
    assert not (bench.workdir / "all/.kargoweb").exists()


def test_copies_out_of_a_directory_that_is_read_only(bench):
    bench.write("in/sub/a")
    (bench.workdir / "in/sub").chmod(0o555)

    _copy(bench, "in", "out")

    assert (bench.workdir / "out/sub").stat().st_mode & 0o777 == 0o555
    (bench.workdir / "in/sub").chmod(0o755)
    (bench.workdir / "out/sub").chmod(0o755)


def test_stops_when_asked_to(bench):
    bench.write("in/a")
    bench.should_stop = lambda: True

    with pytest.raises(Aborted):
        _copy(bench, "in", "out")
