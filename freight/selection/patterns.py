"""Rules over names: globs, regular expressions, name selectors and the tag filters of subscriptions.

Every pattern ends as a google-re2 expression, so that no rule a person writes can take more than linear time;
that is why globs are translated here instead of by a library built on backtracking.

Source: Kargo docs "Working with Warehouses" (tag filters), "Promotion Policies" (name selectors); the glob
syntax is that of the Go library doublestar.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import re2

from freight.selection.errors import InvalidPattern
from freight.selection.outcome import Selection

MAX_GLOB_ALTERNATIVES = 256

_ANY_BYTE = re.compile(r"(?<!\\)(?:\\\\)*\\C")
_ENDS_IN_STAR = re.compile(r"[^*\\]\*+$")
# Fits no text at all.
_NOTHING = r"[^\x{0}-\x{10ffff}]"

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False


def compile_regex(pattern: str) -> Any:
    """Compile an RE2 expression; raises InvalidPattern."""
    if _ANY_BYTE.search(pattern):
        raise InvalidPattern(f'"{pattern}" has \\C, which Kargo does not know. Write a dot for any character.')
    try:
        return re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        detail = error.args[0].decode() if isinstance(error.args[0], bytes) else error
        raise InvalidPattern(
            f'"{pattern}" is not a regular expression of RE2 syntax: {detail}. Look-around and '
            "back-references do not exist there."
        ) from error


def compile_glob(pattern: str) -> Any:
    """Compile a glob to an RE2 expression for `fullmatch`; raises InvalidPattern.

    `*` and `?` stay within one path segment, a segment `**` spans any number of them; `{a,b}`, `[a-z]` work.
    """
    alternatives = [_translate_segments(plain, pattern) for plain in _expand_braces(pattern, pattern)]
    try:
        return compile_regex("(?s)" + "|".join(f"(?:{alternative})" for alternative in alternatives))
    except InvalidPattern as error:
        raise _invalid_glob(pattern, "a class such as [z-a] that cannot be read, or is too large") from error


@dataclass(frozen=True)
class NameSelector:
    """A rule over one name: `glob:...`, `regex:...` (or `regexp:...`), or the name itself."""

    text: str
    matches: Callable[[str], bool]


def parse_name_selector(text: str) -> NameSelector:
    """Read a name selector; raises InvalidPattern."""
    return NameSelector(text, parse_prefixed(text) or (lambda name: name == text))


def parse_prefixed(text: str) -> Callable[[str], bool] | None:
    """The test of a selector with a prefix, or None if `text` has none; raises InvalidPattern."""
    prefix, _, pattern = text.partition(":")
    if prefix == "glob":
        glob = compile_glob(pattern)
        return lambda value: glob.fullmatch(value) is not None
    if prefix in ("regex", "regexp"):
        regex = compile_regex(pattern)
        return lambda value: regex.search(value) is not None
    return None


@dataclass(frozen=True)
class TagFilter:
    """allowTagsRegexes and ignoreTagsRegexes of a subscription; expressions match anywhere in the tag."""

    allow: tuple[tuple[str, Any], ...] = ()
    ignore: tuple[tuple[str, Any], ...] = ()

    def explain(self, tag: str) -> str | None:
        """Why `tag` is left out, or None if it passes."""
        for pattern, regex in self.ignore:
            if regex.search(tag):
                return f'matches ignoreTagsRegexes "{pattern}"'
        if self.allow and not any(regex.search(tag) for _, regex in self.allow):
            return "matches none of allowTagsRegexes"
        return None

    def select(self, tags: Iterable[str]) -> Selection[str]:
        """The tags that pass, in the order given: the whole answer for the strategy NewestTag."""
        return Selection(tuple(tags)).reject(self.explain)


def parse_tag_filter(*, allow: Iterable[str] = (), ignore: Iterable[str] = ()) -> TagFilter:
    """Compile the two lists; raises InvalidPattern naming the expression."""
    return TagFilter(
        allow=tuple((pattern, compile_regex(pattern)) for pattern in allow),
        ignore=tuple((pattern, compile_regex(pattern)) for pattern in ignore),
    )


def _expand_braces(pattern: str, whole: str) -> list[str]:
    opening = _find_unescaped(pattern, "{", 0)
    if opening < 0:
        if _find_unescaped(pattern, "}", 0) >= 0:
            raise _invalid_glob(whole, "a } without its {")
        return [pattern]
    depth, start, options, position = 1, opening + 1, [], opening + 1
    while depth:
        position = _find_unescaped(pattern, "{},", position, skip_classes=False)
        if position < 0:
            raise _invalid_glob(whole, "a { without its }")
        character = pattern[position]
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0 or (depth == 1 and character == ","):
            options.append(pattern[start:position])
            start = position + 1
        position += 1
    expanded = []
    for option in options:
        expanded += _expand_braces(pattern[:opening] + option + pattern[position:], whole)
        if len(expanded) > MAX_GLOB_ALTERNATIVES:
            raise _invalid_glob(whole, f"more than {MAX_GLOB_ALTERNATIVES} combinations of braces")
    return expanded


def _find_unescaped(pattern: str, wanted: str, position: int, *, skip_classes: bool = True) -> int:
    """Index of the first wanted character outside escapes and [classes], or -1.

    Between braces a [ hides no comma: there `skip_classes` is False.
    """
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            position += 1
        elif character in wanted:
            return position
        elif skip_classes and character == "[" and (closing := _class_end(pattern, position)) > 0:
            position = closing
        position += 1
    return -1


def _class_end(pattern: str, opening: int) -> int:
    """Index of the ] that closes the class, or -1; a ] after \\ is a member. An empty class stays open."""
    position = opening + 1
    if pattern[position : position + 1] in ("!", "^"):
        position += 1
    if pattern[position : position + 1] == "]":
        return -1
    while position < len(pattern) and pattern[position] != "]":
        position += 2 if pattern[position] == "\\" else 1
    return position if position < len(pattern) else -1


def _translate_segments(pattern: str, whole: str) -> str:
    segments = _split_segments(pattern)
    # A path never ends in a slash, so of `a/**/` only `a` itself is left.
    has_nothing_below = segments[-2:] == ["**", ""] and len(segments) > 2
    if has_nothing_below:
        segments = segments[:-2]
        if segments[-1] == "**":
            return _NOTHING
    last = len(segments) - 1
    expression, separator = "", ""
    for index, segment in enumerate(segments):
        if segment != "**":
            expression += separator + _translate_segment(segment, whole)
            separator = "/"
        elif index == last:
            expression += f"(?:{separator}.*)?" if separator else ".*"
        else:
            expression += separator + "(?:[^/]+/)*"
            separator = ""
    # `a*/**` takes `ab` and what is below it or below `a`, but not a file `a`.
    if has_nothing_below:
        return expression + "[^/]" if _ENDS_IN_STAR.search(segments[-1]) else expression
    if last > 0 and segments[last] == "**" and _ENDS_IN_STAR.search(segments[last - 1]):
        return expression.removesuffix("(?:/.*)?") + "(?:[^/]|/.*)"
    return expression


def _split_segments(pattern: str) -> list[str]:
    segments, start = [], 0
    while (slash := _find_unescaped(pattern, "/", start)) >= 0:
        segments.append(pattern[start:slash])
        start = slash + 1
    return [*segments, pattern[start:]]


def _translate_segment(segment: str, whole: str) -> str:
    expression, position = "", 0
    while position < len(segment):
        character = segment[position]
        if character == "*":
            expression += "[^/]*"
        elif character == "?":
            expression += "[^/]"
        elif character == "[":
            closing = _class_end(segment, position)
            if closing < 0:
                raise _invalid_glob(whole, "a [ without its ]")
            expression += _translate_class(segment[position + 1 : closing])
            position = closing
        elif character == "\\":
            position += 1
            if position == len(segment):
                raise _invalid_glob(whole, "a \\ with nothing after it")
            expression += re.escape(segment[position])
        else:
            expression += re.escape(character)
        position += 1
    return expression


def _translate_class(members: str) -> str:
    """An RE2 class of the same members; a range that runs backwards, as in [z-a], has none."""
    is_negated = members[0] in "!^"
    ranges, position = [], 1 if is_negated else 0
    while position < len(members):
        first, position = _class_member(members, position)
        last = first
        if members[position : position + 1] == "-" and position + 1 < len(members):
            last, position = _class_member(members, position + 1)
        if first <= last:
            ranges.append(f"\\x{{{ord(first):x}}}-\\x{{{ord(last):x}}}")
    if not ranges:
        return r"(?s:.)" if is_negated else _NOTHING
    return f"[{'^' if is_negated else ''}{''.join(ranges)}]"


def _class_member(members: str, position: int) -> tuple[str, int]:
    """One character, a backslash before it taken away, and where the next one begins."""
    position += members[position] == "\\"
    return members[position], position + 1


def _invalid_glob(pattern: str, problem: str) -> InvalidPattern:
    return InvalidPattern(
        f'"{pattern}" is not a glob: it has {problem}. Put a \\ before a character to take it as is.'
    )
