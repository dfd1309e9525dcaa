"""Does a push concern a warehouse? The rules of its subscriptions say so."""

from typing import Any

import pytest

from freight.receivers.base import Push
from freight.receivers.matching import concerns, list_subscribed_urls

GIT = "https://git.example.com/acme/config.git"
IMAGE = "registry.example.com/acme/app"
MAIN, TAG = "refs/heads/main", "refs/tags/v1.2.3"


def git(**rules: Any) -> dict[str, Any]:
    return {"git": {"repoURL": GIT, **rules}}


def image(**rules: Any) -> dict[str, Any]:
    return {"image": {"repoURL": IMAGE, **rules}}


def chart(url: str, **rules: Any) -> dict[str, Any]:
    return {"chart": {"repoURL": url, **rules}}


def semver(**rules: Any) -> dict[str, Any]:
    return git(commitSelectionStrategy="SemVer", **rules)


REFS = {
    "branch": (git(branch="release"), "refs/heads/release", True),
    "another branch": (git(branch="release"), MAIN, False),
    "branch is no prefix": (git(branch="rel"), "refs/heads/release", False),
    "no branch, main": (git(), MAIN, True),
    "no branch, master": (git(), "refs/heads/master", True),
    "no branch, the default one": (git(), "refs/heads/trunk", True),
    "no branch, another one": (git(), "refs/heads/topic", False),
    "a tag for a branch": (git(), TAG, False),
    "short name": (git(), "main", False),
    "semver tag": (semver(), TAG, True),
    "semver constraint holds": (semver(semverConstraint="^1.0.0"), TAG, True),
    "semver constraint does not hold": (semver(semverConstraint="^2.0.0"), TAG, False),
    "semver but no version": (semver(), "refs/tags/nightly", False),
    "semver not strict": (semver(strictSemvers=False), "refs/tags/1.2", True),
    "semver strict": (semver(), "refs/tags/1.2", False),
    "semver, branch pushed": (semver(), MAIN, False),
    "newest tag": (git(commitSelectionStrategy="NewestTag"), "refs/tags/nightly", True),
    "lexical, allowed": (
        git(commitSelectionStrategy="Lexical", allowTagsRegexes=["^night"]),
        "refs/tags/nightly",
        True,
    ),
    "lexical, not allowed": (
        git(commitSelectionStrategy="Lexical", allowTagsRegexes=["^day"]),
        "refs/tags/nightly",
        False,
    ),
    "ignored": (git(commitSelectionStrategy="NewestTag", ignoreTagsRegexes=["ly$"]), "refs/tags/nightly", False),
    "semver ignored": (semver(ignoreTagsRegexes=["^v"]), TAG, False),
}


@pytest.mark.parametrize(("subscription", "ref", "expected"), REFS.values(), ids=REFS)
def test_a_pushed_ref(subscription: dict[str, Any], ref: str, expected: bool) -> None:
    push = Push((GIT,), (ref,), default_branch="trunk")

    assert concerns({"subscriptions": [subscription]}, push) is expected


TAGS = {
    "semver": (image(), "1.2.3", True),
    "semver with v": (image(), "v1.2.3", True),
    "no version": (image(), "latest", False),
    "constraint holds": (image(constraint="^1.2.0"), "1.2.3", True),
    "constraint does not hold": (image(constraint="^1.3.0"), "1.2.3", False),
    "prerelease without constraint": (image(), "1.2.3-rc.1", True),
    "prerelease with constraint": (image(constraint="^1.0.0"), "1.2.3-rc.1", False),
    "digest follows its tag": (image(imageSelectionStrategy="Digest", constraint="latest"), "latest", True),
    "digest leaves others": (image(imageSelectionStrategy="Digest", constraint="latest"), "1.2.3", False),
    "newest build": (image(imageSelectionStrategy="NewestBuild"), "nightly", True),
    "newest build, constraint unused": (image(imageSelectionStrategy="NewestBuild", constraint="^9"), "1.2.3", True),
    "lexical, allowed": (image(imageSelectionStrategy="Lexical", allowTagsRegexes=["^20"]), "2026-01", True),
    "lexical, not allowed": (image(imageSelectionStrategy="Lexical", allowTagsRegexes=["^20"]), "edge", False),
    "ignored": (image(ignoreTagsRegexes=["^1"]), "1.2.3", False),
    "oci chart": (chart(f"oci://{IMAGE}"), "1.2.3", True),
    "oci chart, build metadata": (chart(f"oci://{IMAGE}"), "1.2.3_b1", True),
    "oci chart, constraint": (chart(f"oci://{IMAGE}", semverConstraint="^2"), "1.2.3", False),
    "oci chart, no version": (chart(f"oci://{IMAGE}"), "latest", False),
}


@pytest.mark.parametrize(("subscription", "tag", "expected"), TAGS.values(), ids=TAGS)
def test_a_pushed_tag(subscription: dict[str, Any], tag: str, expected: bool) -> None:
    assert concerns({"subscriptions": [subscription]}, Push((IMAGE,), (tag,))) is expected


PATHS = {
    "no selectors": ({}, ("a.txt",), True),
    "included": ({"includePaths": ["env/prod"]}, ("env/prod/x.yaml", "README.md"), True),
    "not included": ({"includePaths": ["env/prod"]}, ("env/test/x.yaml",), False),
    "excluded": ({"excludePaths": ["docs"]}, ("docs/a.md",), False),
    "one excluded, one not": ({"excludePaths": ["docs"]}, ("docs/a.md", "src/a.py"), True),
    "included and excluded": (
        {"includePaths": ["env"], "excludePaths": ["glob:env/**/*.md"]},
        ("env/a/b.md",),
        False,
    ),
    "files not known": ({"includePaths": ["env/prod"]}, (), True),
    "regex": ({"includePaths": ["regex:\\.ya?ml$"]}, ("a/b.yml",), True),
}


@pytest.mark.parametrize(("rules", "files", "expected"), PATHS.values(), ids=PATHS)
def test_changed_files(rules: dict[str, Any], files: tuple[str, ...], expected: bool) -> None:
    assert concerns({"subscriptions": [git(**rules)]}, Push((GIT,), (MAIN,), files)) is expected


URLS = {
    "case and ending": (git(), "HTTPS://git.example.com/ACME/config", True),
    "user": (git(), "https://bot@git.example.com/acme/config.git", True),
    "ssh is another address": (git(), "git@git.example.com:acme/config.git", False),
    "ssh": (
        {"git": {"repoURL": "ssh://git@git.example.com/acme/config"}},
        "git@git.example.com:acme/config.git",
        True,
    ),
    "another repository": (git(), "https://git.example.com/acme/config2", False),
    "empty": (git(), "", False),
    "docker hub": ({"image": {"repoURL": "acme/app"}}, "docker.io/acme/app", True),
    "docker hub library": ({"image": {"repoURL": "nginx"}}, "library/nginx", True),
    "image with a tag": (image(), f"{IMAGE}:1.2.3", True),
    "chart": (chart(f"oci://{IMAGE}"), IMAGE, True),
}


@pytest.mark.parametrize(("subscription", "url", "expected"), URLS.values(), ids=URLS)
def test_addresses_are_compared_normalised(subscription: dict[str, Any], url: str, expected: bool) -> None:
    assert concerns({"subscriptions": [subscription]}, Push((url,))) is expected


def test_without_qualifiers_every_subscription_of_the_repository_is_concerned() -> None:
    assert concerns({"subscriptions": [git(branch="release", includePaths=["x"])]}, Push((GIT,), ("",), ("y",)))


def test_one_accepted_qualifier_is_enough() -> None:
    assert concerns({"subscriptions": [image(constraint="^1")]}, Push((IMAGE,), ("latest", "1.0.0")))


def test_one_concerned_subscription_is_enough() -> None:
    spec = {
        "subscriptions": [
            image(constraint="^9"),
            {"name": "config", **git()},
            chart("https://charts.example.com", name="x"),
        ]
    }

    assert concerns(spec, Push((GIT,), (MAIN,)))
    assert not concerns(spec, Push((IMAGE,), ("1.0.0",)))


def test_a_warehouse_whose_rules_cannot_be_read_looks_and_says_so() -> None:
    assert concerns({"subscriptions": [image(allowTagsRegexes=["("])]}, Push((IMAGE,), ("1.0.0",)))


def test_kinds_unknown_here_are_passed_over() -> None:
    spec = {"subscriptions": [{"name": "bucket", "s3-object": {"config": {}}}, git()]}

    assert list_subscribed_urls(spec) == {"https://git.example.com/acme/config"}
    assert concerns(spec, Push((GIT,)))
