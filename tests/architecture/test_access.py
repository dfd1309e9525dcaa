"""Every address of the site against a stranger and against nobody: a new one is covered without being listed."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter

from tests.cast import Cast, browser_of, make_cast

# Addresses that belong to no project: what anybody who is signed in gets from them, by method.
_OF_NOBODY = {
    "projects": {"get": 200, "post": 405},
    "login": {"get": 302, "post": 302},
    "logout": {"get": 405, "post": 302},
    "theme": {"get": 405, "post": 302},
    "me": {"get": 200, "post": 405},
    "healthz": {"get": 200, "post": 405},
    "readyz": {"get": 200, "post": 405},
    "manifests-new": {"get": 403, "post": 405},
    "manifests-new-preview": {"get": 405, "post": 403},
    "manifests-new-apply": {"get": 405, "post": 403},
    "webhook": {"get": 404, "post": 404},
}
# POST only because what is asked does not fit into an address; nothing is changed.
_READ_BY_POST = {"playground-result": 200}
# Those that people need before they are signed in.
_WITHOUT_ACCOUNT = {"login": 200, "healthz": 200, "readyz": 200, "webhook": 404}


def list_patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from list_patterns(entry)
        else:
            yield entry


def address_of(pattern: URLPattern, project: str) -> str:
    """The address with the project's name where one is wanted, and something that exists nowhere elsewhere."""
    values: dict[str, Any] = {
        name: 1 if isinstance(converter, IntConverter) else "x"
        for name, converter in pattern.pattern.converters.items()
    }
    if "project_name" in values:
        values["project_name"] = project
    return reverse(pattern.name, kwargs=values)


PATTERNS = list(list_patterns(get_resolver()))
NAMES = [str(pattern.name) for pattern in PATTERNS]
IN_PROJECTS = [pattern for pattern in PATTERNS if pattern.name not in _OF_NOBODY]


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def test_every_address_has_a_name_of_its_own() -> None:
    assert None not in [pattern.name for pattern in PATTERNS]
    assert len(set(NAMES)) == len(NAMES)


def test_every_address_outside_of_the_list_names_its_project() -> None:
    assert [p.name for p in IN_PROJECTS if "project_name" not in p.pattern.converters] == []


def test_the_lists_name_only_addresses_that_exist() -> None:
    assert set(_OF_NOBODY) | set(_WITHOUT_ACCOUNT) <= set(NAMES)


@pytest.mark.parametrize("pattern", IN_PROJECTS, ids=lambda pattern: pattern.name)
def test_a_stranger_cannot_tell_a_project_from_none(cast: Cast, pattern: URLPattern) -> None:
    stranger = browser_of(cast.charlie)
    statuses = []

    for method in (stranger.get, stranger.post):
        real, invented = (method(address_of(pattern, name)) for name in (cast.project.name, "no-such-project"))
        assert real.status_code == invented.status_code
        statuses.append(real.status_code)

    assert 404 in statuses
    assert set(statuses) <= {404, 405}


@pytest.mark.parametrize("pattern", IN_PROJECTS, ids=lambda pattern: pattern.name)
def test_a_viewer_is_let_into_no_form(cast: Cast, pattern: URLPattern) -> None:
    answer = browser_of(cast.rita).post(address_of(pattern, cast.project.name))

    assert answer.status_code in {403, 404, 405} or _READ_BY_POST.get(str(pattern.name)) == answer.status_code


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_nobody_gets_anywhere_without_signing_in(cast: Cast, pattern: URLPattern) -> None:
    address = address_of(pattern, cast.project.name)

    if pattern.name in _WITHOUT_ACCOUNT:
        assert Client().get(address).status_code == _WITHOUT_ACCOUNT[pattern.name]
        return
    for answer in (Client().get(address), Client().post(address)):
        assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={address}")


@pytest.mark.parametrize("name", _OF_NOBODY)
def test_an_address_of_no_project_gives_a_stranger_what_the_list_says(cast: Cast, name: str) -> None:
    for method, status in _OF_NOBODY[name].items():
        address = address_of(next(pattern for pattern in PATTERNS if pattern.name == name), cast.project.name)
        answer = getattr(browser_of(cast.charlie), method)(address)
        assert answer.status_code == status
        assert cast.project.name not in answer.content.decode()
