"""The catalogue of steps and the form that tries a config: for every member, with and without JavaScript."""

import re

import pytest
from ruamel.yaml import YAML

from promotions.steps.registry import list_steps
from tests.cast import Cast, browser_of

LIST = "/p/shop/steps/"
HTMX = {"HX-Request": "true"}
CLONE = {
    "config-repoURL": "https://h/r",
    "config-checkout--count": "2",
    "config-checkout-0-path": "src",
    "config-checkout-1-path": "out",
    "config-checkout-1-create": "true",
}


def send(cast: Cast, kind: str, data: dict[str, str], *, htmx: bool = True, target: str = "step-config-result"):
    headers = {**HTMX, "HX-Target": target} if htmx else {}
    return browser_of(cast.rita).post(f"{LIST}{kind}/config/", data, headers=headers)


def yaml_of(answer):
    return YAML(typ="safe").load(answer.context["form"].yaml)


def fields_of(html: str) -> dict[str, str]:
    """What a browser would send of the inputs on a page that hold something."""
    found = {}
    for tag in re.findall(r"<input [^>]*>", html):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if attributes.get("name", "").startswith("config"):
            found[attributes["name"]] = attributes.get("value", "")
    return found


def test_a_viewer_sees_every_kind_with_what_it_does(cast: Cast) -> None:
    html = browser_of(cast.rita).get(LIST).content.decode()

    for step in list_steps():
        assert f'href="{LIST}{step.kind}/"' in html


@pytest.mark.parametrize(
    ("search", "kinds"),
    [
        ("frobnicate", []),
        ("PULL merge", ["git-merge-pr", "git-open-pr", "git-wait-for-pr"]),
        ("generateTargetBranch", ["git-push", "github-push"]),
    ],
)
def test_the_search_looks_for_all_words_in_names_texts_and_fields(cast: Cast, search: str, kinds: list[str]) -> None:
    answer = browser_of(cast.rita).get(LIST, {"q": search}, headers=HTMX)

    assert [row.kind for row in answer.context["steps"]] == kinds
    assert "<html" not in answer.content.decode()


def test_a_page_begins_empty_or_with_the_example(cast: Cast) -> None:
    empty, filled = (browser_of(cast.rita).get(f"{LIST}git-clone/{query}") for query in ("", "?example=1"))

    assert (empty.status_code, dict(empty.context["form"].errors)) == (200, {})
    assert (filled.status_code, filled.context["form"].is_complete) == (200, True)
    assert yaml_of(filled)["config"] == YAML(typ="safe").load(filled.context["page"].example)["config"]


def test_an_unknown_kind_is_not_found_and_says_why(cast: Cast) -> None:
    answer = browser_of(cast.rita).get(f"{LIST}git-colne/")

    assert answer.status_code == 404


def test_what_is_typed_comes_back_as_yaml_with_nothing_that_was_left_out(cast: Cast) -> None:
    answer = send(cast, "git-clone", CLONE)

    assert answer.status_code == 200
    assert yaml_of(answer) == {
        "uses": "git-clone",
        "config": {"repoURL": "https://h/r", "checkout": [{"path": "src"}, {"path": "out", "create": True}]},
    }
    assert 'id="step-config-form"' not in answer.content.decode()


def test_an_error_stands_at_its_field_and_is_sent_beside_the_result(cast: Cast) -> None:
    bad = {**CLONE, "config-checkout-1-branch": "a", "config-checkout-1-tag": "b", "config-author-email": "ann"}

    answer = send(cast, "git-clone", bad)

    html = answer.content.decode()
    errors = answer.context["form"].errors
    assert answer.status_code == 422
    assert errors["config-author-email"] == ["Must be an e-mail address"]
    assert errors["config-checkout-1--expression"] == ["At most one of branch, commit and tag is allowed"]
    assert re.search(r'id="id_config-author-email_error" hx-swap-oob="true">\s*<li>', html)
    assert re.search(r'id="id_config-repoURL_error" hx-swap-oob="true">\s*</ul>', html)


def test_empty_required_fields_are_errors_only_when_somebody_asks(cast: Cast) -> None:
    typing = send(cast, "git-clone", {"config-checkout--count": "1"})
    checking = send(cast, "git-clone", {"config-checkout--count": "1", "check": "1"})

    assert (typing.status_code, typing.context["form"].needed) == (200, ["repoURL", "checkout[0].path"])
    assert "Still needed:" in typing.content.decode()
    assert checking.status_code == 422
    assert checking.context["form"].errors["config-repoURL"] == ["Is required"]


def test_entries_are_added_and_removed_by_buttons_that_redraw_the_form(cast: Cast) -> None:
    more = send(cast, "git-clone", {**CLONE, "add": "config-checkout"}, target="step-config")
    fewer = send(cast, "git-clone", {**CLONE, "remove": "config-checkout-0"}, target="step-config")

    assert 'id="step-config"' in more.content.decode()
    assert 'name="config-checkout-2-path"' in more.content.decode()
    assert yaml_of(fewer)["config"]["checkout"] == [{"path": "out", "create": True}]


def test_a_button_pressed_before_adds_nothing_while_somebody_types(cast: Cast) -> None:
    answer = send(cast, "git-clone", {**CLONE, "add": "config-checkout"})

    assert len(yaml_of(answer)["config"]["checkout"]) == 2
    assert 'id="step-config-form"' not in answer.content.decode()


def test_without_javascript_each_button_answers_with_the_whole_page(cast: Cast) -> None:
    page = send(cast, "git-clone", {**CLONE, "add": "config-checkout"}, htmx=False)
    again = send(cast, "git-clone", fields_of(page.content.decode()) | {"check": "1"}, htmx=False)

    html = again.content.decode()
    assert "<html" in html
    assert again.context["form"].needed == ["checkout[2].path"]
    assert "Is required" in html


def test_markup_in_a_config_stays_text(cast: Cast) -> None:
    attack = "<script>alert(1)</script>"

    answer = send(cast, "compose-output", {"config--count": "1", "config-0--key": attack, "config-0": attack})

    assert attack not in answer.content.decode()


def test_strangers_find_nothing_and_a_get_is_no_form(cast: Cast) -> None:
    for path in (LIST, f"{LIST}fail/"):
        assert browser_of(cast.charlie).get(path).status_code == 404
    assert browser_of(cast.charlie).post(f"{LIST}fail/config/").status_code == 404
    assert browser_of(cast.rita).get(f"{LIST}fail/config/").status_code == 405
