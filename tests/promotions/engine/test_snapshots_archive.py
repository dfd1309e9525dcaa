"""Layers of files: each name, mode, time and link comes back, changes alone are stored, nothing leaves the tree."""

import gzip
import io
import json
import os
import socket
import tarfile
from pathlib import Path

import pytest

from integrations.errors import Aborted
from promotions.engine.snapshots_archive import (
    HEADER,
    LayerUnusable,
    find_changed,
    lay,
    list_entries,
    mark_racy,
    read_header,
    remove_tree,
    set_modes,
    write_layer,
)

NOTE = ".kargoweb/snapshot.json"


def never():
    return False


def store(root: Path, known=None):
    """One layer of what changed since `known`, and what is known then."""
    entries = list_entries(root, leave_out=NOTE)
    changed = find_changed(root, entries, known or {})
    header = {"gone": sorted((known or {}).keys() - entries.keys())}
    target = io.BytesIO()
    write_layer(root, target, header, entries, changed, should_stop=never)
    return target.getvalue(), mark_racy(root, entries, changed), changed


def bring(root: Path, *layers: bytes):
    root.mkdir(exist_ok=True)
    modes = {}
    for layer in layers:
        modes |= lay(io.BytesIO(layer), root, should_stop=never)[1]
    set_modes(root, modes)


def picture(root: Path):
    """Everything that must come back."""
    found = {}
    for folder, folders, files in os.walk(os.fsencode(root)):
        for name in [*folders, *files]:
            path = os.path.join(folder, name)
            facts = os.lstat(path)
            content = None
            if os.path.islink(path):
                content = os.readlink(path)
            elif os.path.isfile(path):
                content = Path(os.fsdecode(path)).read_bytes()
            is_dir = os.path.isdir(path) and not os.path.islink(path)
            key = os.path.relpath(path, os.fsencode(root))
            found[key] = (facts.st_mode, content, None if is_dir else facts.st_mtime_ns)
    return found


@pytest.fixture
def tree(tmp_path):
    path = tmp_path / "tree"
    path.mkdir()
    return path


HOSTILE = [
    b"-rf",
    b" leading and trailing ",
    b"new\nline",
    b"tab\tand\x01control",
    b"not utf-8 \xff\xfe",
    "Ünïcödé 文件".encode(),
    b"back\\slash",
    b"*?[glob]",
    b"...",
    b".kargoweb-snapshot.json",
    b"PaxHeaders.0",
    b"x" * 255,
]


@pytest.mark.parametrize("name", HOSTILE, ids=repr)
def test_any_name_comes_back(tree, tmp_path, name):
    directory = os.path.join(os.fsencode(tree), name)
    os.mkdir(directory)
    with open(os.path.join(directory, name), "wb") as file:
        file.write(b"content")
    os.symlink(name, os.path.join(os.fsencode(tree), b"link"))

    layer, _, _ = store(tree)
    bring(tmp_path / "back", layer)

    assert picture(tmp_path / "back") == picture(tree)


def test_modes_times_links_and_empty_directories_come_back(tree, tmp_path):
    (tree / "run.sh").write_text("#!/bin/sh\n")
    (tree / "run.sh").chmod(0o750)
    (tree / "read-only").write_text("x")
    (tree / "read-only").chmod(0o444)
    os.utime(tree / "run.sh", ns=(1, 1_234_567_890_123_456_789))
    os.utime(tree / "read-only", ns=(1, -1_500_000_000))
    (tree / "empty").mkdir(mode=0o700)
    (tree / "closed").mkdir()
    (tree / "closed" / "inside").write_text("y")
    (tree / "closed").chmod(0o555)
    (tree / "deep").joinpath(*"abcdefghij" * 20).mkdir(parents=True)
    (tree / "dangling").symlink_to("nowhere/at/all")
    (tree / "out").symlink_to("/etc/passwd")
    (tree / "up").symlink_to("../../..")

    layer, _, _ = store(tree)
    bring(tmp_path / "back", layer)

    assert picture(tmp_path / "back") == picture(tree)
    remove_tree(tmp_path / "back")
    assert not (tmp_path / "back").exists()
    assert Path("/etc/passwd").exists()


def test_a_large_file_comes_back_from_little(tree, tmp_path):
    with open(tree / "large", "wb") as file:
        for index in range(40):
            file.write(bytes([index]) * 1024 * 1024)

    layer, _, _ = store(tree)
    bring(tmp_path / "back", layer)

    assert len(layer) < 2 * 1024 * 1024, "it was compressed"
    assert (tmp_path / "back" / "large").stat().st_size == 40 * 1024 * 1024
    with open(tmp_path / "back" / "large", "rb") as file:
        file.seek(39 * 1024 * 1024)
        assert set(file.read()) == {39}


def test_sockets_and_pipes_are_left_out(tree, tmp_path, monkeypatch):
    os.mkfifo(tree / "pipe")
    monkeypatch.chdir(tree)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")

    layer, _, _ = store(tree)
    bring(tmp_path / "back", layer)

    assert picture(tmp_path / "back") == {}


def test_a_second_layer_holds_the_changes_alone(tree, tmp_path):
    for name in "abcdef":
        (tree / name).write_text(name)
    (tree / "folder").mkdir()
    (tree / "folder" / "file").write_text("old")
    first, known, _ = store(tree)
    (tree / "a").write_text("changed")
    (tree / "b").unlink()
    (tree / "c").chmod(0o700)
    (tree / "d").unlink()
    (tree / "d").mkdir()
    (tree / "d" / "inside").write_text("new")
    (tree / "e").unlink()
    (tree / "e").symlink_to("a")
    remove_tree(tree / "folder")
    (tree / "folder").symlink_to("/etc")

    second, known, changed = store(tree, known)
    bring(tmp_path / "back", first, second)

    assert sorted(changed) == ["a", "c", "d", "d/inside", "e", "folder"]
    assert read_header(io.BytesIO(second)) == {"gone": ["b", "folder/file"]}
    assert picture(tmp_path / "back") == picture(tree)

    (tree / "folder").unlink()
    (tree / "folder").mkdir()
    (tree / "folder" / "passwd").write_text("ours")
    third, _, _ = store(tree, known)
    bring(tmp_path / "again", first, second, third)
    assert picture(tmp_path / "again") == picture(tree)


def test_nothing_changed_is_nothing_to_store(tree):
    (tree / "a").write_text("a")
    (tree / "link").symlink_to("a")
    _, known, _ = store(tree)
    entries = list_entries(tree, leave_out=NOTE)

    assert find_changed(tree, entries, known) == []


def test_a_change_that_the_clock_does_not_show_is_seen(tree):
    (tree / "a").write_text("one")
    before = (tree / "a").stat()
    _, known, _ = store(tree)
    assert known["a"].digest, "it was young when it was stored"
    (tree / "a").write_text("two")
    os.utime(tree / "a", ns=(before.st_atime_ns, before.st_mtime_ns))
    entries = list_entries(tree, leave_out=NOTE)
    # As if the change had come within one tick of the clock.
    entries["a"] = type(entries["a"])(before.st_mode, 3, before.st_mtime_ns, before.st_ctime_ns, before.st_ino)

    assert find_changed(tree, entries, known) == ["a"]


def pack(*members, header=None):
    """A layer as nobody of us would write it."""
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb") as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
        text = json.dumps({"gone": []} if header is None else header).encode()
        for member in [tarfile.TarInfo(HEADER), *members]:
            content = text if member.name == HEADER else b"evil"
            member.size = len(content) if member.isreg() else 0
            member.pax_headers = {"mtime": "1.000000000"}
            tar.addfile(member, io.BytesIO(content))
    return target.getvalue()


def member(name, kind=tarfile.REGTYPE, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    "layer",
    [
        pytest.param(pack(member("../evil")), id="climbs"),
        pytest.param(pack(member("/tmp/evil")), id="absolute"),
        pytest.param(pack(member("a/../../evil")), id="climbs inside"),
        pytest.param(pack(member("link", tarfile.SYMTYPE, ".."), member("link/evil")), id="through a link"),
        pytest.param(pack(header={"gone": ["../precious"]}), id="takes away outside"),
        pytest.param(pack(member("hard", tarfile.LNKTYPE, "../precious")), id="hard link"),
        pytest.param(pack(member("pipe", tarfile.FIFOTYPE)), id="pipe"),
        pytest.param(pack(member("disk", tarfile.BLKTYPE)), id="device"),
        pytest.param(pack(header={}), id="header without meaning"),
        pytest.param(b"no gzip at all", id="not packed"),
        pytest.param(pack(member("file"))[:60], id="cut short"),
        pytest.param(gzip.compress(b"no tar" * 1000), id="not a tar"),
    ],
)
def test_refuses_what_leaves_the_tree_or_is_no_layer(tmp_path, layer):
    (tmp_path / "precious").write_text("stays")
    (tmp_path / "back").mkdir()

    with pytest.raises(LayerUnusable):
        bring(tmp_path / "back", layer)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "precious"]
    assert (tmp_path / "precious").read_text() == "stays"


def test_stops_when_asked(tree):
    (tree / "a").write_text("a")
    layer, known, _ = store(tree)

    with pytest.raises(Aborted):
        write_layer(tree, io.BytesIO(), {"gone": []}, known, known, should_stop=lambda: True)
    with pytest.raises(Aborted):
        lay(io.BytesIO(layer), tree, should_stop=lambda: True)
