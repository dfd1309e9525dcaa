"""The pages of a project's config maps."""

import pytest
from django.utils import timezone

from projects.config_maps import find_config_map, set_config_map
from projects.forms.config_map import ConfigMapForm, write_texts
from projects.models import ConfigMap
from tests.cast import Cast, browser_of
from tests.factories import actor_for, make_member

PAGE = "/p/shop/settings/config-maps/"
ADD = "/p/shop/settings/add-config-map/"
HOSTILE = "<script>alert('x')</script>"


@pytest.fixture
def places(cast: Cast) -> ConfigMap:
    data = {"region": "eu", "motd": f"Hello\n{HOSTILE}\n"}
    return set_config_map(actor_for(cast.alice), project=cast.project, name="places", data=data, now=timezone.now())


def test_every_member_reads_them_and_nothing_in_them_is_markup(cast: Cast, places: ConfigMap) -> None:
    page = browser_of(cast.rita).get(PAGE).content.decode()

    assert "places" in page
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    assert "It needs the role" in page


def test_a_maintainer_adds_and_changes_one(cast: Cast) -> None:
    make_member(cast.project, cast.bob, "maintainer")
    browser = browser_of(cast.bob)

    assert browser.post(ADD, {"name": "places", "texts": "region: eu\nmotd: |\n  a\n  b\n"}).status_code == 302
    assert find_config_map(cast.project, "places") == {"region": "eu", "motd": "a\nb\n"}
    page = browser.get(f"{PAGE}places/")
    answer = browser.post(f"{PAGE}places/set/", {"texts": page.context["form"]["texts"].value() + 'more: "7"\n'})

    assert answer.status_code == 302
    assert find_config_map(cast.project, "places") == {"region": "eu", "motd": "a\nb\n", "more": "7"}


def test_one_is_deleted(cast: Cast, places: ConfigMap) -> None:
    assert browser_of(cast.alice).post(f"{PAGE}places/delete/").status_code == 302
    assert not ConfigMap.objects.exists()


def test_a_name_that_exists_is_not_replaced_by_adding(cast: Cast, places: ConfigMap) -> None:
    answer = browser_of(cast.alice).post(ADD, {"name": "places", "texts": ""})

    assert answer.status_code == 422
    assert find_config_map(cast.project, "places") == places.data


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ("a: 1", "Line 1: the value of"),
        ("ok: x\nb: [c]", "Line 2: the value of"),
        ("a: x\na: y", "is given twice"),
        ("just text", "must be a mapping"),
        ("a: x\n---\nb: y", "Write one mapping"),
        ("a: [", "not valid YAML"),
        ("a b: x", "cannot be the key"),
    ],
)
def test_what_is_no_map_of_texts_is_told_with_its_line(cast: Cast, texts: str, words: str) -> None:
    answer = browser_of(cast.alice).post(ADD, {"name": "places", "texts": texts})

    assert answer.status_code in (409, 422)
    assert words in answer.content.decode()
    assert not ConfigMap.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"a": ""},
        {"a": "x\ny", "b": "x\ny\n", "c": " lead\n tail \n\n"},
        {"t": "true", "n": "1.10", "d": "2024-01-01", "q": 'say "hi"', "u": "ü\u2028\x07", "e": "${{ x }}", "y": "~"},
    ],
)
def test_what_the_form_shows_is_what_it_reads(data: dict[str, str]) -> None:
    form = ConfigMapForm({"name": "x", "texts": write_texts(data).replace("\n", "\r\n")})

    assert form.is_valid(), form.errors
    assert form.cleaned_data["texts"] == data


@pytest.mark.parametrize("path", [ADD, f"{PAGE}places/set/", f"{PAGE}places/delete/"])
def test_who_may_change_them(cast: Cast, places: ConfigMap, path: str) -> None:
    data = {"name": "other", "texts": ""}

    assert browser_of(cast.bob).post(path, data).status_code == 403
    assert browser_of(cast.charlie).post(path, data).status_code == 404
    assert browser_of(cast.alice).get(path).status_code == 405
    assert browser_of(cast.alice).post(path, data).status_code == 302


def test_who_may_look(cast: Cast, places: ConfigMap) -> None:
    assert browser_of(cast.charlie).get(PAGE).status_code == 404
    assert browser_of(cast.rita).get(f"{PAGE}places/").status_code == 403
    assert browser_of(cast.alice).get(f"{PAGE}none/").status_code == 404
