"""The strategy SemVer: highest version first.

Source: Kargo docs "Working with Warehouses" (SemVer, strictSemvers).
"""

from collections.abc import Iterable

from freight.selection.constraints import Constraint
from freight.selection.outcome import Selection
from freight.selection.patterns import TagFilter
from freight.selection.versions import SemVer, explain_unparsable, parse_version


def select_semver(
    names: Iterable[str], *, constraint: Constraint | None, strict: bool, tags: TagFilter | None = None
) -> Selection[str]:
    """Names that are versions within the constraint, highest first; equal versions by text, descending.

    Without a constraint prereleases are candidates. The names stay as written (`v1.2.3` stays `v1.2.3`).
    """
    passed = (tags or TagFilter()).select(names)
    versions: list[tuple[SemVer, str]] = []
    ignored: list[tuple[str, str]] = []
    for name in passed.taken:
        version = parse_version(name, strict=strict)
        if version is None:
            ignored.append((name, explain_unparsable(name, strict=strict)))
        elif constraint is not None and not constraint.admits(version):
            ignored.append((name, constraint.explain(version)))
        else:
            versions.append((version, name))
    versions.sort(key=lambda found: (found[0].precedence, found[1].encode()), reverse=True)
    return Selection(tuple(name for _, name in versions), passed.ignored + tuple(ignored))


def select_chart_versions(tags: Iterable[str], *, constraint: Constraint | None) -> Selection[str]:
    """Chart versions among the tags of an OCI repository, highest first.

    A tag cannot hold `+`, so Helm writes it as `_`; the answer has it back. No leading `v` is allowed.
    """
    versions = [tag.replace("_", "+") for tag in tags]
    with_prefix = tuple(
        (version, "starts with v, chart versions do not") for version in versions if version[:1] == "v"
    )
    rest = [version for version in versions if version[:1] != "v"]
    chosen = select_semver(rest, constraint=constraint, strict=True)
    return Selection(chosen.taken, with_prefix + chosen.ignored)
