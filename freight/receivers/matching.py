"""Does a push concern a warehouse? Its subscriptions' own rules say so. Pure.

Source: Kargo docs "Webhook Receivers", code `pkg/webhook/external/refresh.go` (shouldRefresh) and the selectors.
Differs: a subscription without `branch` also follows the default branch when the sender names it, besides main and
master; a subscription whose rules cannot be read counts as concerned, so that its warehouse looks and says what is
wrong; a chart's tag may hold `_` for `+`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from freight.receivers.base import Push
from freight.selection.constraints import parse_constraint
from freight.selection.digest import is_followed_tag
from freight.selection.errors import SelectorError
from freight.selection.paths import parse_path_filter
from freight.selection.patterns import parse_tag_filter
from freight.selection.versions import parse_version
from integrations.git.urls import normalize_git_url
from integrations.oci.references import normalize_chart, normalize_image

_HEADS, _TAGS = "refs/heads/", "refs/tags/"
# Kargo asks no remote for its default branch when a push comes in.
_USUAL_BRANCHES = ("main", "master")
NORMALIZE: dict[str, Callable[[str], str]] = {
    "git": normalize_git_url,
    "image": normalize_image,
    "chart": normalize_chart,
}


def list_subscribed_urls(spec: Mapping[str, Any]) -> set[str]:
    """The normalised URLs of everything a warehouse's spec subscribes to."""
    return {NORMALIZE[kind](rules["repoURL"]) for kind, rules in _list_subscriptions(spec)}


def concerns(spec: Mapping[str, Any], push: Push) -> bool:
    """Does the push concern one of the subscriptions of this warehouse's spec?"""
    return any(_concerns(kind, rules, push) for kind, rules in _list_subscriptions(spec))


def _list_subscriptions(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for item in spec.get("subscriptions") or ():
        for kind in NORMALIZE:
            if item.get(kind) is not None:
                yield kind, item[kind]


def _concerns(kind: str, rules: Mapping[str, Any], push: Push) -> bool:
    normalize = NORMALIZE[kind]
    if normalize(rules["repoURL"]) not in {normalize(url) for url in push.repo_urls if url}:
        return False
    qualifiers = [text for text in push.qualifiers if text]
    if not qualifiers:
        return True
    try:
        accepts = _ACCEPT[kind](rules, push)
        return any(accepts(qualifier) for qualifier in qualifiers) and _touches(rules, push.files)
    except SelectorError:
        return True


def _touches(rules: Mapping[str, Any], files: Sequence[str]) -> bool:
    paths = parse_path_filter(include=rules.get("includePaths") or (), exclude=rules.get("excludePaths") or ())
    return not files or not paths or paths.explain(files) is None


def _accept_refs(rules: Mapping[str, Any], push: Push) -> Callable[[str], bool]:
    strategy = rules.get("commitSelectionStrategy") or "NewestFromBranch"
    if strategy == "NewestFromBranch":
        branches = (rules["branch"],) if rules.get("branch") else (*_USUAL_BRANCHES, push.default_branch)
        wanted = {_HEADS + branch for branch in branches if branch}
        return wanted.__contains__
    accepts = _accept_names(rules, rules.get("semverConstraint") if strategy == "SemVer" else None, strategy)
    return lambda ref: ref.startswith(_TAGS) and accepts(ref.removeprefix(_TAGS))


def _accept_tags(rules: Mapping[str, Any], push: Push) -> Callable[[str], bool]:
    strategy = rules.get("imageSelectionStrategy") or "SemVer"
    if strategy == "Digest":
        return lambda tag: is_followed_tag(tag, constraint=rules.get("constraint") or "")
    return _accept_names(rules, rules.get("constraint") if strategy == "SemVer" else None, strategy)


def _accept_names(rules: Mapping[str, Any], constraint: str | None, strategy: str) -> Callable[[str], bool]:
    tags = parse_tag_filter(allow=rules.get("allowTagsRegexes") or (), ignore=rules.get("ignoreTagsRegexes") or ())
    if strategy != "SemVer":
        return lambda name: tags.explain(name) is None
    accepts = _accept_versions_of(constraint, strict=rules.get("strictSemvers") is not False)
    return lambda name: tags.explain(name) is None and accepts(name)


def _accept_chart_versions(rules: Mapping[str, Any], push: Push) -> Callable[[str], bool]:
    accepts = _accept_versions_of(rules.get("semverConstraint"), strict=False)
    is_oci = rules["repoURL"].lower().startswith("oci://")
    return lambda version: accepts(version.replace("_", "+") if is_oci else version)


def _accept_versions_of(constraint: str | None, *, strict: bool) -> Callable[[str], bool]:
    wanted = parse_constraint(constraint) if constraint and constraint.strip() else None

    def accept(name: str) -> bool:
        version = parse_version(name, strict=strict)
        return version is not None and (wanted is None or wanted.admits(version))

    return accept


_ACCEPT: dict[str, Callable[[Mapping[str, Any], Push], Callable[[str], bool]]] = {
    "git": _accept_refs,
    "image": _accept_tags,
    "chart": _accept_chart_versions,
}
