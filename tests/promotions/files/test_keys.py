import pytest

from promotions.files.errors import DocumentError
from promotions.files.keys import KeyPart, parse_key


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("image", ["image"]),
        ("image.tag", ["image", "tag"]),
        ("  image.tag ", ["image", "tag"]),
        (r"annotations.example\.com/x", ["annotations", "example.com/x"]),
        (r"a\:b.c", ["a:b", "c"]),
        ("list.0.name", ["list", "0", "name"]),
    ],
)
def test_splits_at_dots_that_are_not_escaped(key, parts):
    assert [part.text for part in parse_key(key)] == parts


def test_a_leading_colon_makes_a_number_the_key_of_a_map():
    assert parse_key("ports.:80") == (KeyPart("ports"), KeyPart("80", is_map_key=True))
    assert parse_key("ports.:80")[1].index() is None
    assert parse_key("ports.80")[1].index() == 80


@pytest.mark.parametrize("key", ["", " ", "a..b", ".a", "a.", r"a\b", "a\\", "a:b", "::a"])
def test_refuses_keys_that_mean_nothing(key):
    with pytest.raises(DocumentError, match="key "):
        parse_key(key)
