"""Path selectors of git subscriptions: does a change of these files concern us?

Source: Kargo docs "Working with Warehouses" (includePaths, excludePaths).
Differs: a plain selector `conf` also covers files whose own name contains two dots (`conf/a..b`), which Kargo
misses.
"""

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from freight.selection.patterns import parse_prefixed


@dataclass(frozen=True)
class PathSelector:
    """A rule over one repository path: `glob:...`, `regex:...`, or a file or directory name."""

    text: str
    matches: Callable[[str], bool]


@dataclass(frozen=True)
class PathFilter:
    """includePaths and excludePaths of a subscription; no includePaths means every path is included."""

    include: tuple[PathSelector, ...] = ()
    exclude: tuple[PathSelector, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.include or self.exclude)

    def explain(self, paths: Iterable[str]) -> str | None:
        """Why a change of `paths` is left out, or None: one path must be included and not excluded itself."""
        included = [path for path in paths if not self.include or _any_matches(self.include, path)]
        if not included:
            return "touches no path of includePaths" if self.include else "touches no file"
        if all(_any_matches(self.exclude, path) for path in included):
            return "touches only paths of excludePaths"
        return None


def parse_path_filter(*, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> PathFilter:
    """Read both lists; raises InvalidPattern naming the selector."""
    return PathFilter(tuple(map(parse_path_selector, include)), tuple(map(parse_path_selector, exclude)))


def parse_path_selector(text: str) -> PathSelector:
    """Read one path selector; raises InvalidPattern."""
    return PathSelector(text, parse_prefixed(text) or _below(text))


def _below(base: str) -> Callable[[str], bool]:
    if posixpath.normpath(base).partition("/")[0] == ".." or base.startswith("/"):
        # Outside of the repository, where no changed path lies.
        return lambda path: False
    wanted = _clean_segments(base)
    return lambda path: _clean_segments(path)[: len(wanted)] == wanted


def _clean_segments(path: str) -> list[str]:
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            segments[-1:] = []
        elif segment not in ("", "."):
            segments.append(segment)
    return segments


def _any_matches(selectors: tuple[PathSelector, ...], path: str) -> bool:
    return any(selector.matches(path) for selector in selectors)
