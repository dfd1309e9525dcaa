"""Do the warehouses that a stage requests offer what its expressions look for, and are the fields spelt right? Pure.

Source: Kargo docs, Expressions (commitFrom, imageFrom, chartFrom: which warehouse they look at).
"""

from collections.abc import Callable, Iterator, Sequence

from expressions import Call, Guard, Literal, Member, Name, Node
from integrations.git.urls import normalize_git_url
from integrations.oci.references import normalize_image
from projects.manifest_errors import suggest
from promotions.changesets.checks.chains import Visit, text_of
from promotions.changesets.checks.doubts import Doubt
from promotions.changesets.checks.places import Place
from promotions.planning.artifacts import Offer, RequestedOrigin

FIELDS: dict[str, tuple[str, ...]] = {
    "commitFrom": ("RepoURL", "ID", "Branch", "Tag", "Message", "Author", "Committer", "SubscriptionName"),
    "imageFrom": ("RepoURL", "Tag", "Digest", "Annotations", "SubscriptionName"),
    "chartFrom": ("RepoURL", "Name", "Version", "SubscriptionName"),
    "artifactFrom": ("ArtifactType", "SubscriptionName", "Version", "Metadata"),
}
_KINDS = {"commitFrom": "git", "imageFrom": "image", "chartFrom": "chart"}
_WORDS = {"git": "git repository", "image": "image", "chart": "chart"}


def list_doubts(place: Place, visits: list[Visit]) -> Iterator[Doubt]:
    """All doubts about artifacts in one expression of a stage or task."""
    if not place.is_template:
        return
    for seen in visits:
        if isinstance(seen.node, Member):
            yield from _doubt_field(seen, seen.node)
        elif isinstance(seen.node, Call) and seen.node.name in _KINDS and place.scope.origins is not None:
            yield from _doubt_offer(place, place.scope.origins, seen, seen.node)


def _doubt_field(seen: Visit, member: Member) -> Iterator[Doubt]:
    base = member.base.chain if isinstance(member.base, Guard) else member.base
    if not isinstance(base, Call) or base.name not in FIELDS or member.name in FIELDS[base.name]:
        return
    message = f"What {base.name}() returns has no field {member.name}."
    hint = suggest(member.name, FIELDS[base.name], what="Fields")
    is_error = seen.is_certain and not member.optional
    yield Doubt("unknown-artifact-field", message, hint, member.position, is_error=is_error)


def _doubt_offer(place: Place, origins: Sequence[RequestedOrigin], seen: Visit, call: Call) -> Iterator[Doubt]:
    url = resolve(place, call.arguments[0]) if call.arguments else None
    rest = call.arguments[1:]
    name = ""
    if call.name == "chartFrom" and rest and not _is_origin(rest[0]):
        resolved = resolve(place, rest[0])
        if resolved is None:
            return
        name, rest = resolved, rest[1:]
    if not url or (rest and _named_origin(place, rest[0]) is None):
        return
    kind = _KINDS[call.name]
    what = f'{_WORDS[kind]} "{url}"' + (f' named "{name}"' if name else "")
    asked = _named_origin(place, rest[0]) if rest else None
    chosen = [origin for origin in origins if asked in {None, origin.warehouse}]
    if asked is not None and not chosen:
        message = f'This stage requests no freight of Warehouse "{asked}", so {call.name}() gives nil.'
        hint = suggest(asked, [origin.warehouse for origin in origins], what="Requested")
        yield Doubt("artifact-not-offered", message, hint, call.position)
        return
    offers = [(origin, offer) for origin in chosen for offer in origin.offers or () if offer.kind == kind]
    fits = _matcher(kind, url, name)
    found = [origin.warehouse for origin, offer in offers if fits(offer)]
    if not found:
        message = f"No warehouse that this stage requests freight of offers the {what}, so {call.name}() gives nil."
        hint = suggest(url, [offer.repo_url for _, offer in offers], what="Offered")
        yield Doubt("artifact-not-offered", message, hint or "Check the subscriptions.", call.position)
    elif len(found) > 1 and asked is None:
        message = f"The {what} is offered by more than one subscription: {', '.join(dict.fromkeys(found))}."
        hint = f'Name the origin: add warehouse("{found[0]}") as the last argument.'
        yield Doubt("ambiguous-artifact", message, hint, call.position, is_error=seen.is_certain)


def _matcher(kind: str, url: str, name: str) -> Callable[[Offer], bool]:
    if kind == "git":
        return lambda offer: normalize_git_url(offer.repo_url) == normalize_git_url(url)
    if kind == "image":
        return lambda offer: normalize_image(offer.repo_url) == normalize_image(url)
    return lambda offer: (offer.repo_url, offer.chart_name) == (url, name)


def _is_origin(node: Node) -> bool:
    return isinstance(node, Call) and node.name == "warehouse"


def _named_origin(place: Place, node: Node) -> str | None:
    if isinstance(node, Call) and node.name == "warehouse" and len(node.arguments) == 1:
        return resolve(place, node.arguments[0])
    return None


def resolve(place: Place, node: Node) -> str | None:
    """The text of a literal, or of a variable that is plain text; None when it is known only at run time."""
    if isinstance(node, Literal):
        return text_of(node)
    if isinstance(node, Member) and isinstance(node.base, Name) and node.base.name == "vars":
        text = place.scope.vars.get(node.name)
        return text if text and "${" not in text else None
    return None
