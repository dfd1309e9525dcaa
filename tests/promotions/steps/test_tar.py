import os
import subprocess
import tarfile

import pytest

from integrations.errors import Aborted
from promotions.files import archives
from promotions.steps.base import Done, StepErrored, StepFailed


def _tar(bench, source, target, **config):
    return bench.run("tar", {"inPath": source, "outPath": target, **config})


def _names(bench, archive):
    with tarfile.open(bench.workdir / archive) as tar:
        return tar.getnames()


@pytest.fixture
def tree(bench):
    for path in ("in/.git/config", "in/a.sh", "in/sub/b", "in/sub/.git", "in/x.tmp"):
        bench.write(path, path, mode=0o755 if path.endswith("sh") else 0o644)
    (bench.workdir / "in/link").symlink_to("sub/b")
    os.mkfifo(bench.workdir / "in/pipe")
    return bench


def test_holds_what_the_directory_holds_but_not_git(tree):
    assert _tar(tree, "in", "deep/out.tar") == Done()
    assert _names(tree, "deep/out.tar") == ["a.sh", "link", "sub", "sub/b", "x.tmp"]


@pytest.mark.parametrize(
    ("ignore", "left_out"), [("*.tmp", {"x.tmp"}), ("# no rule\n\n /sub/ \n", {"sub", "sub/b", "sub/.git"})]
)
def test_only_the_given_rules_count(tree, ignore, left_out):
    _tar(tree, "in", "out.tar", ignore=ignore)

    everything = {".git", ".git/config", "a.sh", "link", "sub", "sub/.git", "sub/b", "x.tmp"}
    assert set(_names(tree, "out.tar")) == everything - left_out


@pytest.mark.parametrize("gzip", [False, True])
def test_other_tools_read_it(tree, gzip):
    _tar(tree, "in", "out.tar", gzip=gzip)

    (tree.workdir / "there").mkdir()
    subprocess.run(["tar", "xf", tree.workdir / "out.tar", "-C", tree.workdir / "there"], check=True)

    assert tree.read("there/sub/b") == "in/sub/b"
    assert (tree.workdir / "there/a.sh").stat().st_mode & 0o777 == 0o755
    assert os.readlink(tree.workdir / "there/link") == "sub/b"
    assert ((tree.workdir / "out.tar").read_bytes()[:2] == b"\x1f\x8b") is gzip


def test_a_second_run_gives_the_same_bytes_and_the_archive_does_not_hold_itself(tree):
    _tar(tree, "in", "in/out.tgz", gzip=True)
    once = (tree.workdir / "in/out.tgz").read_bytes()
    _tar(tree, "in", "in/out.tgz", gzip=True)

    assert (tree.workdir / "in/out.tgz").read_bytes() == once
    assert "out.tgz" not in _names(tree, "in/out.tgz")


def test_a_file_goes_in_by_its_name(tree):
    _tar(tree, "in/sub/b", "out.tar")

    assert _names(tree, "out.tar") == ["b"]


def test_the_whole_work_tree_goes_in_without_our_own_directory(tree):
    _tar(tree, ".", "out.tar")

    assert not [name for name in _names(tree, "out.tar") if name.startswith((".kargoweb", "out.tar"))]


def test_too_large_a_file_leaves_the_old_archive(tree):
    tree.write("out.tar", "old")
    with tree.write("in/big").open("r+b") as file:
        file.truncate(archives.MAX_FILE_BYTES + 1)

    with pytest.raises(StepErrored, match='Cannot archive "in": "big" is larger than 50 MiB'):
        _tar(tree, "in", "out.tar")

    assert tree.read("out.tar") == "old"
    assert sorted(os.listdir(tree.workdir / ".kargoweb")) == [".gitignore"]


def test_a_missing_source_ends_the_step(bench):
    with pytest.raises(StepErrored, match=r'Cannot archive "[./]+etc": it does not exist'):
        _tar(bench, "../../etc", "out.tar")


def test_stops_when_asked_to(tree):
    tree.should_stop = lambda: True

    with pytest.raises(Aborted):
        _tar(tree, "in", "out.tar")

    assert "out.tar" not in tree.files()


@pytest.mark.parametrize(
    "config",
    [
        {"inPath": "a"},
        {"outPath": "a"},
        {"inPath": "", "outPath": "a"},
        {"inPath": "a", "outPath": "b", "ignore": ""},
        {"inPath": "a", "outPath": "b", "gzip": "yes"},
        {"inPath": "a", "outPath": "b", "x": 1},
    ],
)
def test_refuses_a_wrong_config(bench, config):
    with pytest.raises(StepFailed, match="invalid tar config"):
        bench.run("tar", config)


def test_names_of_any_length_and_alphabet_come_out_again(bench):
    names = ["a" * 100, "a" * 101, "d" * 90 + "/" + "f" * 90, "é.txt", "a b'\"\n"]
    for name in names:
        bench.write(f"in/{name}", name)
    os.utime(bench.workdir / "in" / names[0], (-5, -5))

    _tar(bench, "in", "out.tar")
    subprocess.run(["tar", "xf", bench.workdir / "out.tar", "--one-top-level=there"], cwd=bench.workdir, check=True)

    assert [bench.read(f"there/{name}") for name in names] == names
