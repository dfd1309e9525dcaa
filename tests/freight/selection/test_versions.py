"""Parsing and order of semantic versions, by our table and by answers of the Go library itself."""

import json
from pathlib import Path

import pytest

from freight.selection.versions import parse_version

GOLDEN = json.loads((Path(__file__).parent / "masterminds_v3_5.json").read_text())

# text, loose result, strict result (None: refused)
PARSED = [
    ("1.2.3", (1, 2, 3), (1, 2, 3)),
    ("v1.2.3", (1, 2, 3), (1, 2, 3)),
    ("1", (1, 0, 0), None),
    ("1.2", (1, 2, 0), None),
    ("v1.2", (1, 2, 0), None),
    ("1.02.3", (1, 2, 3), None),
    ("1.2-rc1", (1, 2, 0), None),
    ("1.2.3-rc.1+b5", (1, 2, 3), (1, 2, 3)),
    ("20240131", (20240131, 0, 0), None),
    ("18446744073709551615.0.0", (18446744073709551615, 0, 0), (18446744073709551615, 0, 0)),
    ("18446744073709551616.0.0", None, None),
    ("V1.2.3", None, None),
    ("vv1", None, None),
    ("vv1.2.3", None, None),
    ("1.2.3.4", None, None),
    ("1.2.3 ", None, None),
    (" 1.2.3", None, None),
    ("1.2.3\n", None, None),
    ("1.0.0-01", None, None),
    ("1.0.0-", None, None),
    ("", None, None),
    ("latest", None, None),
    ("1.2.٣", None, None),
    ("1." + "0" * 300, None, None),
]


@pytest.mark.parametrize(("text", "loose", "strict"), PARSED, ids=[row[0][:30] or "empty" for row in PARSED])
def test_parses_loosely_and_strictly(text, loose, strict):
    for expected, version in ((loose, parse_version(text)), (strict, parse_version(text, strict=True))):
        assert (version and (version.major, version.minor, version.patch)) == expected


def test_keeps_the_original_text():
    assert parse_version("v1.02").original == "v1.02"


def test_orders_as_semver_says():
    ascending = "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0"
    ascending += " 1.0.1 1.2.0 1.10.0 2.0.0"
    versions = [parse_version(text) for text in ascending.split()]

    versions.reverse()
    assert " ".join(version.original for version in sorted(versions)) == ascending


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("1.0.0-rc10", "1.0.0-rc2"),
        ("1.0.0-rc.2", "1.0.0-rc.10"),
        ("1.0.0-9", "1.0.0-a"),
        ("1.0.0-a", "1.0.0-a.0"),
    ],
)
def test_compares_prerelease_identifiers(lower, higher):
    assert parse_version(lower) < parse_version(higher)


def test_ignores_build_metadata_in_comparison():
    assert parse_version("1.0.0+a") == parse_version("1.0.0+b")


def test_parses_as_the_go_library_does():
    for text, loose, strict, canonical in GOLDEN["versions"]:
        version = parse_version(text)
        assert (version is not None, parse_version(text, strict=True) is not None) == (loose, strict), text
        if version is not None:
            numbers = f"{version.major}.{version.minor}.{version.patch}"
            prerelease = f"-{version.prerelease}" if version.prerelease else ""
            assert numbers + prerelease + (f"+{version.build}" if version.build else "") == canonical, text


def test_compares_as_the_go_library_does():
    for left, right, expected in GOLDEN["order"]:
        a, b = parse_version(left), parse_version(right)
        assert (a > b) - (a < b) == expected, (left, right)
