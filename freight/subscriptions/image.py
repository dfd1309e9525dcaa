"""image: tags of a repository in a container registry, by one of four strategies.

Source: Kargo docs "Working with Warehouses" (Image Subscriptions), code `pkg/image` and
`pkg/controller/warehouses/images.go`.
Differs: `platform` also fits images without an index, by their config; what a digest stands for is remembered for
good; of more than a thousand known tags NewestBuild asks for a thousand again in one look, so that it may see a tag
move one of the next looks later.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC
from typing import Any

from freight.models import ArtifactKind
from freight.selection.constraints import parse_constraint
from freight.selection.digest import select_digest
from freight.selection.lexical import select_lexical
from freight.selection.newest_build import select_newest_builds
from freight.selection.outcome import Selection
from freight.selection.patterns import parse_tag_filter
from freight.selection.semver import select_semver
from freight.subscriptions.base import (
    ArtifactDraft,
    Discovery,
    SubscriptionType,
    SubscriptionUnusable,
    Surroundings,
    refuse_old_tag_filters,
)
from freight.subscriptions.shelf import Shelf
from integrations.credentials import SshKey
from integrations.http import HttpClient
from integrations.oci.manifests import ImageVersion, Platform, parse_platform
from integrations.oci.pauses import SHARED_PAUSES
from integrations.oci.references import parse_repository
from integrations.oci.registry import Registry

CACHE_POLICIES = ("Allow", "Forbid", "Require", "Force")

_Outcome = tuple[list[ImageVersion], list[tuple[str, str]]]


def discover(spec: Mapping[str, Any], around: Surroundings) -> Discovery:
    """Image references, best first."""
    strategy = spec.get("imageSelectionStrategy") or "SemVer"
    if strategy not in _STRATEGIES:
        raise SubscriptionUnusable(
            f'imageSelectionStrategy "{strategy}" does not exist. Use one of {", ".join(_STRATEGIES)}.'
        )
    if strategy != "Digest":
        refuse_old_tag_filters(spec)
    policy = replace(around.policy, verify_tls=not spec.get("insecureSkipTLSVerify"))
    with HttpClient(policy, "kargoweb") as client:
        shelf = _open_shelf(spec, around, client, trusts_tags=strategy != "Digest" and _trusts_tags(spec, around))
        before = [str(item.get("tag", "")) for item in around.found]
        chosen, ignored = _STRATEGIES[strategy](spec, shelf, before)
    return Discovery(found=tuple(_to_json(version) for version in chosen), ignored=tuple(ignored))


def _trusts_tags(spec: Mapping[str, Any], around: Surroundings) -> bool:
    """Whether known tags are taken as they were: what the subscription asks for, under the operator's policy."""
    wants = bool(spec.get("cacheByTag"))
    if around.cache_by_tag == "Require" and not wants:
        raise SubscriptionUnusable(
            "This installation takes image subscriptions with cacheByTag only. Add cacheByTag: true, if tags of "
            "this repository never move, or use the strategy Digest."
        )
    return {"Forbid": False, "Force": True}.get(around.cache_by_tag, wants)


def _open_shelf(spec: Mapping[str, Any], around: Surroundings, client: HttpClient, *, trusts_tags: bool) -> Shelf:
    credentials = None if isinstance(around.credentials, SshKey) else around.credentials
    platform = spec.get("platform")
    try:
        wanted = parse_platform(platform) if platform else None
    except ValueError as error:
        raise SubscriptionUnusable(str(error)) from error
    return Shelf(
        registry=Registry(client, credentials, pauses=SHARED_PAUSES, visit=around.visit),
        repository=parse_repository(spec["repoURL"]),
        platform=wanted,
        memory=around.images,
        check=around.visit.check,
        now=around.seen_after,
        trusts_tags=trusts_tags,
        # Whoever stands between us and a registry we do not verify must not decide what others see.
        keeps_tags=not spec.get("insecureSkipTLSVerify"),
    )


def _by_version(spec: Mapping[str, Any], shelf: Shelf, _before: list[str]) -> _Outcome:
    constraint = spec.get("constraint")
    return _read_in_order(
        spec,
        shelf,
        select_semver(
            shelf.list_tags(),
            constraint=parse_constraint(constraint) if constraint else None,
            strict=spec.get("strictSemvers") is not False,
            tags=_tag_filter(spec),
        ),
    )


def _by_text(spec: Mapping[str, Any], shelf: Shelf, _before: list[str]) -> _Outcome:
    return _read_in_order(spec, shelf, select_lexical(shelf.list_tags(), tags=_tag_filter(spec)))


def _by_build_date(spec: Mapping[str, Any], shelf: Shelf, before: list[str]) -> _Outcome:
    passed = _tag_filter(spec).select(shelf.list_tags())
    fitting: list[ImageVersion] = []
    ignored: list[tuple[str, str]] = []
    for tag, version in shelf.read_all(passed.taken, first=before).items():
        _sort_out(tag, version, shelf.platform, fitting, ignored)
    newest = select_newest_builds(fitting, limit=_limit(spec))
    too_old = [(version.tag, reason) for version, reason in newest.ignored]
    return list(newest.taken), [*ignored, *_newest_looking_first(passed.ignored), *too_old]


def _by_digest(spec: Mapping[str, Any], shelf: Shelf, _before: list[str]) -> _Outcome:
    tag = spec.get("constraint")
    if not tag:
        raise SubscriptionUnusable(
            'The strategy Digest needs the tag to follow. Set "constraint" to it, for example constraint: latest.'
        )
    ((_, found),) = shelf.read_in_order([tag], at_once=1)
    chosen = select_digest(tag, found)
    fitting: list[ImageVersion] = []
    ignored = [(str(name), reason) for name, reason in chosen.ignored]
    for version in chosen.taken:
        if isinstance(version, ImageVersion):
            _sort_out(tag, version, shelf.platform, fitting, ignored)
    return fitting, ignored


_STRATEGIES: dict[str, Callable[[Mapping[str, Any], Shelf, list[str]], _Outcome]] = {
    "SemVer": _by_version,
    "Lexical": _by_text,
    "NewestBuild": _by_build_date,
    "Digest": _by_digest,
}


def _read_in_order(spec: Mapping[str, Any], shelf: Shelf, selection: Selection[str]) -> _Outcome:
    """Read the tags from the best on until enough fit."""
    limit = _limit(spec)
    fitting: list[ImageVersion] = []
    ignored: list[tuple[str, str]] = []
    seen = 0
    with closing(shelf.read_in_order(selection.taken, at_once=limit)) as reading:
        for tag, version in reading:
            _sort_out(tag, version, shelf.platform, fitting, ignored)
            seen += 1
            if len(fitting) == limit:
                break
    beyond = [(tag, f"lower than the first {limit} (discovery limit)") for tag in selection.taken[seen:]]
    return fitting, [*ignored, *_newest_looking_first(selection.ignored), *beyond]


def _sort_out(
    tag: str,
    version: ImageVersion | None,
    platform: Platform | None,
    fitting: list[ImageVersion],
    ignored: list[tuple[str, str]],
) -> None:
    reason = "vanished while we looked" if version is None else version.explain_mismatch(platform)
    if version is not None and reason is None:
        fitting.append(version)
    else:
        ignored.append((tag, reason or ""))


def _newest_looking_first(ignored: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Only some are kept; who wonders where a tag is mostly wonders about a new one."""
    return sorted(ignored, reverse=True)


def _tag_filter(spec: Mapping[str, Any]) -> Any:
    return parse_tag_filter(allow=spec.get("allowTagsRegexes") or (), ignore=spec.get("ignoreTagsRegexes") or ())


def _limit(spec: Mapping[str, Any]) -> int:
    return int(spec.get("discoveryLimit") or 20)


def _to_json(version: ImageVersion) -> dict[str, Any]:
    created = {}
    if version.created_at:
        created = {"createdAt": version.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z")}
    return {
        "tag": version.tag,
        "digest": version.digest,
        "annotations": dict(version.annotations),
        **created,
        **({"labels": dict(version.labels)} if version.labels else {}),
    }


def draft(spec: Mapping[str, Any], name: str, item: Mapping[str, Any]) -> ArtifactDraft:
    """The artifact of one found image; the URL stays as it was written."""
    return ArtifactDraft(
        kind=ArtifactKind.IMAGE.value,
        repo_url=spec["repoURL"],
        subscription_name=name,
        tag=item.get("tag", ""),
        digest=item.get("digest", ""),
        annotations=dict(item.get("annotations") or {}),
    )


SUBSCRIPTION = SubscriptionType(
    kind="image",
    credential_kind="image",
    nothing_found="No image references were discovered",
    discover=discover,
    draft=draft,
)
