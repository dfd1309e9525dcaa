"""Archives that lie, and archives that are too large; made by hand, because no tool makes them."""

import gzip
import io
import tarfile

import pytest

from promotions.files import archives
from promotions.files.archives import Extracted, extract_archive, is_inside
from promotions.files.errors import DocumentError
from promotions.files.trees import IgnoreRules


def _header(name, size=0, kind=tarfile.REGTYPE, link=""):
    header = tarfile.TarInfo(name)
    header.size, header.type, header.linkname = size, kind, link
    return header.tobuf(tarfile.GNU_FORMAT)


def _file(name, data):
    return _header(name, len(data)) + data + bytes(-len(data) % 512)


END = bytes(1024)


@pytest.fixture
def extract(tmp_path):
    def run(data, *, strip=0, rules=".git"):
        archive, target = tmp_path / "a.tar", tmp_path / "out"
        archive.write_bytes(data)
        target.mkdir()
        return extract_archive(
            archive, target, strip=strip, rules=IgnoreRules(rules.splitlines()), should_stop=lambda: False
        )

    return run


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_files_come_out_with_and_without_gzip(extract, tmp_path, compress):
    assert extract(compress(_file("d/a", b"1") + _file("./b", b"2") + END)) == Extracted(2, 0, ())
    assert (tmp_path / "out/d/a").read_bytes() == b"1"
    assert (tmp_path / "out/b").read_bytes() == b"2"


@pytest.mark.parametrize(
    "entry",
    [
        _file("../x", b"1"),
        _file("a/../../x", b"1"),
        _file("/x", b"1"),
        _file("a\\x", b"1"),
        _file("..", b"1"),
        _header("l", kind=tarfile.SYMTYPE, link="/etc"),
        _header("l", kind=tarfile.SYMTYPE, link="../x"),
        _header("l", kind=tarfile.SYMTYPE, link=".."),
        _header("l", kind=tarfile.SYMTYPE, link="a/../.."),
        _header("h", kind=tarfile.LNKTYPE, link="good"),
        _header("f", kind=tarfile.FIFOTYPE),
        _header("c", kind=tarfile.CHRTYPE),
        _header("b", kind=tarfile.BLKTYPE),
    ],
)
def test_what_would_leave_or_is_no_plain_file_is_passed_over(extract, tmp_path, entry):
    extracted = extract(_file("good", b"1") + entry + END)

    assert (extracted.files, extracted.passed_over) == (1, 1)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.tar", "good", "out"]


def test_nothing_is_written_through_a_link(extract, tmp_path):
    extracted = extract(
        _file("d/a", b"1")
        + _header("l", kind=tarfile.SYMTYPE, link="d")
        + _file("l/b", b"2")
        + _file("l", b"3")
        + END
    )

    assert (extracted.files, extracted.passed_over) == (2, 1)
    assert [path.name for path in (tmp_path / "out/d").iterdir()] == ["a"]
    assert (tmp_path / "out/l").read_bytes() == b"3"
    assert not (tmp_path / "out/l").is_symlink()


def test_the_later_of_two_entries_counts(extract, tmp_path):
    extract(_file("a", b"first") + _file("a", b"2") + END)

    assert (tmp_path / "out/a").read_bytes() == b"2"


@pytest.mark.parametrize(
    ("strip", "names"), [(0, ["a", "d/a", "d/e/b"]), (1, ["a", "e/b"]), (2, ["b"]), (3, []), (9, [])]
)
def test_strips_leading_parts(extract, tmp_path, strip, names):
    extract(_file("a", b"") + _file("d/a", b"") + _file("d/e/b", b"") + END, strip=strip)

    out = tmp_path / "out"
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()) == names


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        (".git", ["a.tmp", "b", "build/c", "sub/build/d"]),
        ("*.tmp\n/build/", [".git/x", "b", "sub/.git", "sub/build/d"]),
        ("*\n!b", ["b"]),
    ],
)
def test_ignore_rules_are_those_of_git(extract, tmp_path, rules, names):
    files = (".git/x", "a.tmp", "b", "build/c", "sub/.git", "sub/build/d")

    extract(b"".join(_file(name, b"") for name in files) + END, rules=rules)

    out = tmp_path / "out"
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()) == names


GOOD = _file("a", b"x" * 3000)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"no archive at all" * 100, "not a whole tar archive"),
        (GOOD[:2000], "not a whole tar archive"),
        (GOOD + GOOD[:100], "ends inside a header"),
        (GOOD + b"\xff" * 512 + END, "not a whole tar archive"),
        (gzip.compress(GOOD + END)[:-20], "not a whole tar archive"),
        (b"\x1f\x8b" + b"junk" * 100, "not a whole tar archive"),
        (_header("p", 1 << 33, b"x") + END, "impossible size"),
        (_header("p", 1 << 21, b"L") + END, "impossible size"),
        (_header("big", archives.MAX_FILE_BYTES + 1) + END, '"big" is larger than 50 MiB'),
    ],
    ids=["empty", "text", "cut", "half a header", "noise", "cut gzip", "no gzip", "long", "long name", "big"],
)
def test_refuses_what_is_broken_or_too_large(extract, data, message):
    with pytest.raises(DocumentError, match=message):
        extract(data)


def test_a_bomb_inside_gzip_ends_at_the_limit(extract, tmp_path):
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as stream:
        for number in range(3):
            stream.write(_header(f"f{number}", archives.MAX_FILE_BYTES))
            for _ in range(50):
                stream.write(bytes(1024 * 1024))
        stream.write(END)

    with pytest.raises(DocumentError, match="larger than 100 MiB, the limit for an archive"):
        extract(packed.getvalue())

    assert not (tmp_path / "out/f2").exists()


@pytest.mark.parametrize(
    ("name", "inside"),
    [("a", True), ("a/b", True), ("a..b", True), ("", False), ("..", False), ("a/..", False), ("/a", False)],
)
def test_tells_what_stays_inside(name, inside):
    assert is_inside(name) is inside
