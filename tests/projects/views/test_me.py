"""A person's own page."""

from tests.cast import Cast, browser_of


def test_shows_the_projects_of_the_person_with_what_they_may_do(cast: Cast) -> None:
    page = browser_of(cast.bob).get("/me/").content.decode()

    assert "shop" in page
    assert "may promote and abort in all stages" in page


def test_says_so_when_a_person_is_in_no_project(cast: Cast) -> None:
    page = browser_of(cast.charlie).get("/me/").content.decode()

    assert "You are in no project yet" in page
    assert "shop" not in page
