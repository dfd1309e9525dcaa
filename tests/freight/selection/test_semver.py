from freight.selection.constraints import parse_constraint
from freight.selection.patterns import parse_tag_filter
from freight.selection.semver import select_chart_versions, select_semver


def test_puts_the_highest_version_first_and_equal_ones_by_text_descending():
    names = ["1.0.0", "v1.10.0", "1.9.0", "1.10.0", "1.10.0-rc.1"]

    selection = select_semver(names, constraint=None, strict=True)

    assert selection.taken == ("v1.10.0", "1.10.0", "1.10.0-rc.1", "1.9.0", "1.0.0")


def test_lets_a_date_win_in_loose_mode_only():
    names = ["2.0.0", "20240131"]

    assert select_semver(names, constraint=None, strict=False).taken == ("20240131", "2.0.0")
    assert select_semver(names, constraint=None, strict=True).taken == ("2.0.0",)


def test_says_why_each_version_was_ignored():
    names = ["1.0.0", "2.0.0", "1.1.0-rc.1", "1.1", "latest", "1.0.0-debug"]

    selection = select_semver(
        names,
        constraint=parse_constraint("^1.0.0"),
        strict=True,
        tags=parse_tag_filter(allow=[r"^\d"], ignore=["debug$"]),
    )

    assert selection.taken == ("1.0.0",)
    assert dict(selection.ignored) == {
        "latest": "matches none of allowTagsRegexes",
        "1.0.0-debug": 'matches ignoreTagsRegexes "debug$"',
        "2.0.0": 'outside constraint "^1.0.0"',
        "1.1.0-rc.1": 'a prerelease, and constraint "^1.0.0" asks for releases only (add -0 to admit them)',
        "1.1": "not a strict semantic version (three numbers without leading zeros, as in 1.2.3)",
    }


def test_cuts_to_the_discovery_limit_and_says_so():
    selection = select_semver(["1.0.0", "1.1.0", "1.2.0"], constraint=None, strict=True).cut(2)

    assert selection.taken == ("1.2.0", "1.1.0")
    assert selection.ignored == (("1.0.0", "older or lower than the first 2 (discovery limit)"),)


def test_reads_chart_tags_with_plus_and_without_prefix():
    selection = select_chart_versions(["1.0.0_build.1", "v2.0.0", "1.1.0"], constraint=parse_constraint("^1"))

    assert selection.taken == ("1.1.0", "1.0.0+build.1")
    assert selection.ignored == (("v2.0.0", "starts with v, chart versions do not"),)
