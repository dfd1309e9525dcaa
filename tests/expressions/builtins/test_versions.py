"""Semantic versions."""

import pytest

from expressions import ExpressionError, evaluate, render

VALUES = [
    ("semverParse('v1.2.3-rc.1+b5').Major()", 1),
    ("semverParse('v1.2.3-rc.1+b5').Minor()", 2),
    ("semverParse('v1.2.3-rc.1+b5').Patch()", 3),
    ("semverParse('v1.2.3-rc.1+b5').Prerelease()", "rc.1"),
    ("semverParse('v1.2.3-rc.1+b5').Metadata()", "b5"),
    ("semverParse('v1.2.3-rc.1+b5').String()", "1.2.3-rc.1+b5"),
    ("semverParse('v1.2.3-rc.1+b5').Original()", "v1.2.3-rc.1+b5"),
    ("semverParse('v1').String()", "1.0.0"),
    ("semverParse('1.2').String()", "1.2.0"),
    ("semverParse('01.02.3').String()", "1.2.3"),
    ("semverParse('1.2.3').Prerelease()", ""),
    ("semverParse('1.2.3').IncMajor().String()", "2.0.0"),
    ("semverParse('1.2.3').IncMinor().String()", "1.3.0"),
    ("semverParse('1.2.3').IncPatch().String()", "1.2.4"),
    ("semverParse('1.2.3-rc.1+b5').IncPatch().String()", "1.2.3"),
    ("semverParse('1.2.3-rc.1+b5').IncMinor().String()", "1.3.0"),
    ("semverParse('1.2.3+b5').IncPatch().String()", "1.2.4"),
    ("semverParse('v1.2.3').IncPatch().Original()", "v1.2.4"),
    ("semverParse('1.2.3').Compare(semverParse('1.2.4'))", -1),
    ("semverParse('1.10.0').Compare(semverParse('1.9.0'))", 1),
    ("semverParse('1.2').Compare(semverParse('1.2.0'))", 0),
    ("semverParse('1.0.0-rc.1').LessThan(semverParse('1.0.0'))", True),
    ("semverParse('1.0.0').GreaterThan(semverParse('1.0.0-rc.1'))", True),
    ("semverParse('1.0.0-rc.2').LessThan(semverParse('1.0.0-rc.10'))", True),
    ("semverParse('1.0.0-1').LessThan(semverParse('1.0.0-a'))", True),
    ("semverParse('1.0.0-a').LessThan(semverParse('1.0.0-a.b'))", True),
    ("semverParse('1.0.0-a.b').LessThan(semverParse('1.0.0-a'))", False),
    ("semverParse('1.0.0').GreaterThan(semverParse('1.0.1'))", False),
    ("semverParse('1.0.0+a').Equal(semverParse('1.0.0+b'))", True),
    ("semverParse('1.0.0') == semverParse('v1')", True),
    ("semverParse('1.0.0') == semverParse('1.0.1')", False),
    ("semverParse('1.0.0') == '1.0.0'", False),
    ("semverDiff('1.0.0', '2.1.1')", "Major"),
    ("semverDiff('1.0.0', '1.1.1')", "Minor"),
    ("semverDiff('1.0.0', '1.0.1')", "Patch"),
    ("semverDiff('1.0.0+a', '1.0.0+b')", "Metadata"),
    ("semverDiff('1.0.0-rc1', '1.0.0')", "None"),
    ("semverDiff('v1', '1.0.0')", "None"),
    ("semverDiff('1.0.0', 'main')", "Incomparable"),
    ("semverDiff('', '1')", "Incomparable"),
]

ERRORS = [
    ("semverParse('main')", "'main' is no semantic version"),
    ("semverParse('')", "is no semantic version"),
    ("semverParse('1.2.3.4')", "is no semantic version"),
    ("semverParse('1.2.3-01')", "is no semantic version"),
    ("semverParse('1.2.3-')", "is no semantic version"),
    ("semverParse('99999999999999999999.0.0')", "is no semantic version"),
    ("semverParse(1.2)", "semverParse() takes strings, not float"),
    ("semverParse()", "semverParse() takes 1 argument, not 0"),
    ("semverDiff('1.0.0')", "semverDiff() takes 2 arguments, not 1"),
    ("semverDiff('1.0.0', nil)", "semverDiff() takes strings, not nil"),
    ("semverParse('1.0.0').Compare('1.0.0')", "compared with a version only, not string"),
    ("semverParse('1.0.0').Major(1)", "Major() takes 0 arguments, not 1"),
    ("semverParse('1.0.0').major()", "has no method major"),
    ("semverParse('1.0.0').Major", "cannot fetch Major"),
]


@pytest.mark.parametrize(("source", "expected"), VALUES, ids=[case[0] for case in VALUES])
def test_gives(source, expected):
    assert evaluate(source, {}) == expected


@pytest.mark.parametrize(("source", "message"), ERRORS, ids=[case[0] for case in ERRORS])
def test_refuses(source, message):
    with pytest.raises(ExpressionError) as caught:
        evaluate(source, {})

    assert message in caught.value.message


def test_a_version_in_a_template_is_its_text():
    assert render("${{ semverParse('v1.2').IncMinor() }}", {}) == "1.3.0"
    assert render("v${{ semverParse('v1.2').String() }}", {}) == "v1.2.0"
    assert render("${{ {'v': semverParse('1')} }}", {}) == {"v": "1.0.0"}
