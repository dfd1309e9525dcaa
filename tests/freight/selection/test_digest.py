from freight.selection.digest import is_followed_tag, select_digest


def test_takes_what_the_tag_stands_for():
    assert select_digest("latest", "sha256:1").taken == ("sha256:1",)


def test_a_missing_tag_is_an_empty_answer_with_a_reason():
    selection = select_digest("latest", None)

    assert selection.taken == ()
    assert selection.ignored == (("latest", "the repository has no such tag"),)


def test_follows_exactly_one_tag():
    assert is_followed_tag("latest", constraint="latest")
    assert not is_followed_tag("Latest", constraint="latest")
