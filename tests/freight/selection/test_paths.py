import pytest

from freight.selection.errors import InvalidPattern
from freight.selection.paths import parse_path_filter, parse_path_selector


@pytest.mark.parametrize(
    ("selector", "path", "expected"),
    [
        ("apps/shop", "apps/shop", True),
        ("apps/shop", "apps/shop/x/y.yaml", True),
        ("apps/shop/", "apps/shop/x", True),
        ("./apps", "apps/x", True),
        ("apps/shop", "apps/shopping/x", False),
        ("apps/shop", "apps", False),
        ("conf", "conf/a..b", True),
        (".", "anything", True),
        ("", "any/thing", True),
        ("apps/../conf", "conf/x", True),
        ("..conf", "..conf/x", True),
        ("/apps", "apps/x", False),
        ("../apps", "apps/x", False),
        ("glob:apps/*/values.yaml", "apps/shop/values.yaml", True),
        ("glob:apps/*/values.yaml", "apps/a/b/values.yaml", False),
        ("regex:shop", "my/shop/x", True),
        ("regexp:^shop", "my/shop/x", False),
    ],
)
def test_selects_paths(selector, path, expected):
    assert parse_path_selector(selector).matches(path) is expected


def test_one_included_path_that_is_not_excluded_is_enough():
    paths = parse_path_filter(include=["apps"], exclude=["glob:**/*.md"])

    assert paths.explain(["apps/README.md", "apps/values.yaml"]) is None
    assert paths.explain(["apps/README.md"]) == "touches only paths of excludePaths"
    assert paths.explain(["docs/values.yaml"]) == "touches no path of includePaths"


def test_without_include_paths_every_path_is_included():
    paths = parse_path_filter(exclude=["docs"])

    assert paths.explain(["docs/a", "src/b"]) is None
    assert paths.explain(["docs/a"]) == "touches only paths of excludePaths"


def test_an_empty_commit_touches_no_file():
    assert parse_path_filter(exclude=["docs"]).explain([]) == "touches no file"


def test_refuses_a_broken_selector():
    with pytest.raises(InvalidPattern):
        parse_path_filter(include=["glob:{a"])
