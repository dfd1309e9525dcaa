import time

import pytest

from freight.selection.errors import InvalidPattern
from freight.selection.patterns import compile_glob, parse_name_selector, parse_tag_filter

# glob, path, does it match
GLOBS = [
    ("*.yaml", "a.yaml", True),
    ("*.yaml", "a/b.yaml", False),
    ("*", ".hidden", True),
    ("a?c", "abc", True),
    ("a?c", "a/c", False),
    ("**", "a/b/c", True),
    ("**/x", "x", True),
    ("**/x", "a/b/x", True),
    ("**/x", "a/bx", False),
    ("a/**", "a/b/c", True),
    ("a/**", "ab/c", False),
    ("a/**/c", "a/c", True),
    ("a/**/c", "a/b/b/c", True),
    ("a**c", "abbc", True),
    ("a**c", "ab/bc", False),
    ("{a,b}/*.md", "b/x.md", True),
    ("{a,b}/*.md", "c/x.md", False),
    ("x{a/b,c,}y", "xa/by", True),
    ("x{a/b,c,}y", "xy", True),
    ("{a,{b,c}d}", "cd", True),
    ("[a-c]x", "bx", True),
    ("[^a-c]x", "bx", False),
    ("[!a-c]x", "dx", True),
    (r"[\]]x", "]x", True),
    (r"\*", "*", True),
    (r"\*", "a", False),
    (r"a\{b", "a{b", True),
    ("a.c", "abc", False),
    ("a", "ab", False),
    ("apps/(x)+", "apps/(x)+", True),
    ("apps/**/", "apps", True),
    ("apps/**/", "apps/a", False),
    ("**/", "apps", False),
    ("apps*/**", "apps", False),
    ("apps*/**", "apps-eu", True),
    ("apps*/**", "apps/a", True),
    ("apps/*/**", "apps/a", True),
    ("[z-a]pps", "apps", False),
    ("[!z-a]pps", "apps", True),
    ("[a-c-e]", "-", True),
    ("[a-c-e]", "d", False),
]


@pytest.mark.parametrize(("glob", "path", "expected"), GLOBS, ids=lambda value: str(value))
def test_globs_match_as_doublestar_does(glob, path, expected):
    assert (compile_glob(glob).fullmatch(path) is not None) is expected


@pytest.mark.parametrize("glob", ["{a", "a}", "[a", "[]x", "a\\", "{a,b}" * 20])
def test_refuses_broken_globs_and_names_them(glob):
    with pytest.raises(InvalidPattern, match="is not a glob"):
        compile_glob(glob)


def test_refuses_what_is_not_re2_and_names_it():
    with pytest.raises(InvalidPattern, match=r'"\(\?=x\)" is not a regular expression of RE2'):
        parse_tag_filter(allow=["(?=x)"])


@pytest.mark.parametrize(("pattern", "is_good"), [(r"\C", False), (r"a\\\C+", False), (r"\\C", True), ("C", True)])
def test_single_bytes_cannot_be_matched(pattern, is_good):
    if is_good:
        assert parse_tag_filter(allow=[pattern]).explain("\\C") is None
    else:
        with pytest.raises(InvalidPattern, match="Write a dot"):
            parse_tag_filter(allow=[pattern])


def test_hostile_patterns_take_linear_time():
    started = time.perf_counter()

    compile_glob("*a" * 30 + "b").fullmatch("a" * 5000)
    parse_name_selector("regex:(a+)+$").matches("a" * 5000 + "b")

    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("selector", "name", "expected"),
    [
        ("prod", "prod", True),
        ("prod", "prod-eu", False),
        ("glob:prod-*", "prod-eu", True),
        ("glob:prod-*", "my-prod-eu", False),
        ("regex:eu$", "prod-eu", True),
        ("regexp:^eu", "prod-eu", False),
        ("other:prod", "other:prod", True),
    ],
)
def test_name_selectors_are_exact_without_a_prefix(selector, name, expected):
    assert parse_name_selector(selector).matches(name) is expected


def test_tag_filter_keeps_the_order_given():
    selection = parse_tag_filter(ignore=["^x"]).select(["c", "x1", "a", "b"])

    assert selection.taken == ("c", "a", "b")
    assert selection.ignored == (("x1", 'matches ignoreTagsRegexes "^x"'),)


def test_ignore_wins_over_allow():
    assert parse_tag_filter(allow=["v1"], ignore=["rc"]).explain("v1-rc") == 'matches ignoreTagsRegexes "rc"'
