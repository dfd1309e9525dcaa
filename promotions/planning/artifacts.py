"""Which artifact of the freight collection an expression means. Pure.

Source: Kargo code, expression functions and freight search; Kargo docs, Expressions.
Differs: a chart that no warehouse offers is nil too, not an error; an image URL matches after normalisation
when nothing matches as written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from expressions import ExpressionError
from integrations.git.urls import normalize_git_url
from integrations.oci.references import normalize_image
from promotions.references import (
    ChartReference,
    CommitReference,
    FreightReference,
    ImageReference,
    OtherReference,
)

_KNOWN_KINDS = ("git", "image", "chart")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Offer:
    """One subscription of a warehouse. `kind` is git, image, chart or the type of a generic subscription."""

    kind: str
    repo_url: str = ""
    chart_name: str = ""
    subscription_name: str = ""


@dataclass(frozen=True, slots=True)
class RequestedOrigin:
    """A warehouse that the stage requests freight of; `offers` is None when the warehouse does not exist."""

    warehouse: str
    offers: tuple[Offer, ...] | None

    @property
    def key(self) -> str:
        """The origin key."""
        return f"Warehouse/{self.warehouse}"

    @classmethod
    def from_spec(cls, warehouse: str, spec: Mapping[str, Any] | None) -> "RequestedOrigin":
        """Read `subscriptions` of a Warehouse's spec: [{"name"?, "image": {"repoURL", ...}}]."""
        if spec is None:
            return cls(warehouse, None)
        return cls(warehouse, tuple(_read_offer(item) for item in spec.get("subscriptions") or ()))

    @classmethod
    def from_reference(cls, reference: FreightReference) -> "RequestedOrigin":
        """An origin that offers just what freight of it holds, for runs without a stage and its warehouses."""
        offers = (
            *(Offer("git", item.repo_url) for item in reference.commits),
            *(Offer("image", item.repo_url) for item in reference.images),
            *(Offer("chart", item.repo_url, item.name) for item in reference.charts),
            *(Offer(o.artifact_type, subscription_name=o.subscription_name) for o in reference.artifacts),
        )
        return cls(reference.origin.partition("/")[2], tuple(dict.fromkeys(offers)))


@dataclass(frozen=True, slots=True)
class Collection:
    """What a promotion brings: references of the target freight and of the freight that stays, by origin."""

    references: Sequence[FreightReference]
    requested: Sequence[RequestedOrigin]

    def find_commit(self, repo_url: str, origin: str | None) -> CommitReference | None:
        """The commit of a repository. Raises ExpressionError when several warehouses offer it."""
        wanted = normalize_git_url(repo_url)
        return self._find(
            f'git repository "{repo_url}"',
            origin,
            [lambda offer: offer.kind == "git" and normalize_git_url(offer.repo_url) == wanted],
            lambda reference: reference.commits,
            [lambda commit: normalize_git_url(commit.repo_url) == wanted],
        )

    def find_image(self, repo_url: str, origin: str | None) -> ImageReference | None:
        """The image of a repository. Raises as `find_commit`."""
        wanted = normalize_image(repo_url)
        return self._find(
            f'image "{repo_url}"',
            origin,
            [
                lambda offer: offer.kind == "image" and offer.repo_url == repo_url,
                lambda offer: offer.kind == "image" and normalize_image(offer.repo_url) == wanted,
            ],
            lambda reference: reference.images,
            [
                lambda image: image.repo_url == repo_url,
                lambda image: normalize_image(image.repo_url) == wanted,
            ],
        )

    def find_chart(self, repo_url: str, name: str, origin: str | None) -> ChartReference | None:
        """The chart of that name; `name` is empty for charts in OCI registries. Raises as `find_commit`."""
        return self._find(
            f'chart "{repo_url}"' + (f' named "{name}"' if name else ""),
            origin,
            [lambda offer: offer.kind == "chart" and (offer.repo_url, offer.chart_name) == (repo_url, name)],
            lambda reference: reference.charts,
            [lambda chart: (chart.repo_url, chart.name) == (repo_url, name)],
        )

    def find_other(self, subscription_name: str, origin: str | None) -> OtherReference | None:
        """The artifact of a generic subscription. Raises as `find_commit`."""
        return self._find(
            f'subscription "{subscription_name}"',
            origin,
            [lambda offer: offer.kind not in _KNOWN_KINDS and offer.subscription_name == subscription_name],
            lambda reference: reference.artifacts,
            [lambda artifact: artifact.subscription_name == subscription_name],
        )

    def _find(
        self,
        what: str,
        origin: str | None,
        offer_tests: Sequence[Callable[[Offer], bool]],
        items: Callable[[FreightReference], Sequence[Item]],
        item_tests: Sequence[Callable[[Item], bool]],
    ) -> Item | None:
        """The first item that passes the first test that any passes."""
        key = origin or self._choose_origin(what, offer_tests)
        if key is None:
            return None
        candidates = [item for ref in self.references if ref.origin == key for item in items(ref)]
        return next((item for fits in item_tests for item in candidates if fits(item)), None)

    def _choose_origin(self, what: str, tests: Sequence[Callable[[Offer], bool]]) -> str | None:
        for fits in tests:
            offering = [requested for requested in self.requested for _ in filter(fits, _offers_of(requested))]
            if len(offering) > 1:
                names = " and ".join(f'"{requested.warehouse}"' for requested in dict.fromkeys(offering))
                raise ExpressionError(
                    f"{what} is offered by more than one subscription of warehouse {names}",
                    hint=f'name the origin: add warehouse("{offering[0].warehouse}") as the last argument',
                )
            if offering:
                return offering[0].key
        return None


def _offers_of(requested: RequestedOrigin) -> tuple[Offer, ...]:
    if requested.offers is None:
        raise ExpressionError(
            f'warehouse "{requested.warehouse}", which this stage requests freight of, does not exist'
        )
    return requested.offers


def _read_offer(subscription: Mapping[str, Any]) -> Offer:
    kind, body = next((key, body) for key, body in subscription.items() if key != "name" and body is not None)
    return Offer(
        kind=kind,
        repo_url=body.get("repoURL") or "",
        chart_name=(body.get("name") or "") if kind == "chart" else "",
        subscription_name=subscription.get("name") or "",
    )
