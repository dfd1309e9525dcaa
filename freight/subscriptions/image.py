"""image: tags of a repository in a container registry, by one of four strategies.

Source: Kargo docs "Working with Warehouses" (Image Subscriptions), code `pkg/image` and
`pkg/controller/warehouses/images.go`.
Differs: `platform` also fits images without an index, by their config; what a digest stands for is remembered, so
a look at known tags costs one HEAD request each.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
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
from integrations.credentials import SshKey
from integrations.errors import Aborted, NotFound
from integrations.http import HttpClient
from integrations.oci.manifests import ImageVersion, Platform, parse_platform, read_image
from integrations.oci.references import Repository, parse_repository
from integrations.oci.registry import Registry

_PARALLEL = 8
_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class _Shelf:
    """One repository as seen with one project's credentials."""

    registry: Registry
    repository: Repository
    platform: Platform | None
    should_stop: Callable[[], bool]
    # Tags that need no second look: cacheByTag says that they never move.
    known: Mapping[str, ImageVersion]

    def read(self, tag: str) -> ImageVersion | None:
        """What the tag stands for now; None when it vanished since it was listed."""
        if self.should_stop():
            raise Aborted("The look at the registry was stopped")
        if tag in self.known:
            return self.known[tag]
        digest = self.registry.find_digest(self.repository, tag)
        remembered = _MEMORY.recall((str(self.repository), digest or "", str(self.platform or "")))
        if remembered is not None:
            return replace(remembered, tag=tag)
        try:
            version = read_image(self.registry, self.repository, tag, platform=self.platform)
        except NotFound:
            return None
        _MEMORY.keep((str(self.repository), version.digest, str(self.platform or "")), version)
        return version


class _Memory:
    """What digests stand for; they never change. Asking needs a digest the registry has just stated to us."""

    def __init__(self) -> None:
        self._images: OrderedDict[tuple[str, str, str], ImageVersion] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, key: tuple[str, str, str]) -> ImageVersion | None:
        with self._lock:
            if key in self._images:
                self._images.move_to_end(key)
            return self._images.get(key)

    def keep(self, key: tuple[str, str, str], version: ImageVersion) -> None:
        with self._lock:
            self._images[key] = version
            while len(self._images) > _REMEMBERED:
                self._images.popitem(last=False)


_MEMORY = _Memory()


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
        shelf = _open_shelf(spec, around, client)
        chosen, ignored = _STRATEGIES[strategy](spec, shelf)
    return Discovery(found=tuple(_to_json(version) for version in chosen), ignored=tuple(ignored))


def _open_shelf(spec: Mapping[str, Any], around: Surroundings, client: HttpClient) -> _Shelf:
    credentials = None if isinstance(around.credentials, SshKey) else around.credentials
    use_found = spec.get("cacheByTag") and spec.get("imageSelectionStrategy") != "Digest"
    platform = spec.get("platform")
    try:
        wanted = parse_platform(platform) if platform else None
    except ValueError as error:
        raise SubscriptionUnusable(str(error)) from error
    return _Shelf(
        registry=Registry(client, credentials),
        repository=parse_repository(spec["repoURL"]),
        platform=wanted,
        should_stop=around.should_stop,
        known={item["tag"]: _from_json(item, wanted) for item in around.found} if use_found else {},
    )


_Outcome = tuple[list[ImageVersion], list[tuple[str, str]]]


def _by_version(spec: Mapping[str, Any], shelf: _Shelf) -> _Outcome:
    constraint = spec.get("constraint")
    return _read_in_order(
        spec,
        shelf,
        select_semver(
            shelf.registry.list_tags(shelf.repository),
            constraint=parse_constraint(constraint) if constraint else None,
            strict=spec.get("strictSemvers") is not False,
            tags=_tag_filter(spec),
        ),
    )


def _by_text(spec: Mapping[str, Any], shelf: _Shelf) -> _Outcome:
    tags = shelf.registry.list_tags(shelf.repository)
    return _read_in_order(spec, shelf, select_lexical(tags, tags=_tag_filter(spec)))


def _by_build_date(spec: Mapping[str, Any], shelf: _Shelf) -> _Outcome:
    passed = _tag_filter(spec).select(shelf.registry.list_tags(shelf.repository))
    pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="registry")
    try:
        read = list(pool.map(shelf.read, passed.taken))
    finally:
        # After an error nobody waits for thousands of further requests.
        pool.shutdown(cancel_futures=True)
    fitting: list[ImageVersion] = []
    ignored: list[tuple[str, str]] = []
    for tag, version in zip(passed.taken, read, strict=True):
        _sort_out(tag, version, shelf.platform, fitting, ignored)
    newest = select_newest_builds(fitting, limit=_limit(spec))
    too_old = [(version.tag, reason) for version, reason in newest.ignored]
    return list(newest.taken), [*ignored, *_newest_looking_first(passed.ignored), *too_old]


def _by_digest(spec: Mapping[str, Any], shelf: _Shelf) -> _Outcome:
    tag = spec.get("constraint")
    if not tag:
        raise SubscriptionUnusable(
            'The strategy Digest needs the tag to follow. Set "constraint" to it, for example constraint: latest.'
        )
    chosen = select_digest(tag, shelf.read(tag))
    fitting: list[ImageVersion] = []
    ignored = [(str(name), reason) for name, reason in chosen.ignored]
    for version in chosen.taken:
        if isinstance(version, ImageVersion):
            _sort_out(tag, version, shelf.platform, fitting, ignored)
    return fitting, ignored


_STRATEGIES: dict[str, Callable[[Mapping[str, Any], _Shelf], _Outcome]] = {
    "SemVer": _by_version,
    "Lexical": _by_text,
    "NewestBuild": _by_build_date,
    "Digest": _by_digest,
}


def _read_in_order(spec: Mapping[str, Any], shelf: _Shelf, selection: Selection[str]) -> _Outcome:
    """Read the tags from the best on until enough fit."""
    limit = _limit(spec)
    fitting: list[ImageVersion] = []
    ignored: list[tuple[str, str]] = []
    seen = 0
    while seen < len(selection.taken) and len(fitting) < limit:
        tag = selection.taken[seen]
        _sort_out(tag, shelf.read(tag), shelf.platform, fitting, ignored)
        seen += 1
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
    }


def _from_json(item: Mapping[str, Any], platform: Platform | None) -> ImageVersion:
    created = item.get("createdAt")
    return ImageVersion(
        item["tag"],
        item["digest"],
        datetime.fromisoformat(created) if created else None,
        item.get("annotations") or {},
        (platform,) if platform else (),
    )


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
