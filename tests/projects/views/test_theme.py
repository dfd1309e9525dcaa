"""The choice of a theme."""

from tests.cast import Cast, browser_of


def test_the_chosen_theme_is_kept_and_drawn_by_the_next_page(cast: Cast) -> None:
    browser = browser_of(cast.rita)

    answer = browser.post("/theme/", {"theme": "dark", "next": "/me/"})

    assert answer["Location"] == "/me/"
    assert answer.cookies["theme"].value == "dark"
    assert '<html lang="en" data-theme="dark">' in browser.get("/me/").content.decode()


def test_an_unknown_theme_means_the_one_of_the_system(cast: Cast) -> None:
    answer = browser_of(cast.rita).post("/theme/", {"theme": "<pink>"})

    assert answer.cookies["theme"].value == "system"


def test_a_way_back_to_another_site_is_not_followed(cast: Cast) -> None:
    answer = browser_of(cast.rita).post("/theme/", {"theme": "dark", "next": "//evil.example/"})

    assert answer["Location"] == "/"


def test_reading_the_address_changes_nothing(cast: Cast) -> None:
    assert browser_of(cast.rita).get("/theme/").status_code == 405
