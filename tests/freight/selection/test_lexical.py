from freight.selection.lexical import select_lexical
from freight.selection.patterns import parse_tag_filter


def test_orders_by_bytes_descending():
    assert select_lexical(["Z", "a", "b10", "b9", "é"]).taken == ("é", "b9", "b10", "a", "Z")


def test_filters_before_it_orders():
    selection = select_lexical(["nightly-1", "nightly-2", "main"], tags=parse_tag_filter(allow=["nightly"]))

    assert selection.taken == ("nightly-2", "nightly-1")
    assert selection.ignored == (("main", "matches none of allowTagsRegexes"),)
