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

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False


def compile_regex(pattern: str) -> Any:
    """Compile an RE2 expression; raises InvalidPattern."""
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
        position = _find_unescaped(pattern, "{},", position)
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


def _find_unescaped(pattern: str, wanted: str, position: int) -> int:
    """Index of the first wanted character outside escapes and [classes], or -1."""
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            position += 1
        elif character in wanted:
            return position
        elif character == "[" and (closing := _class_end(pattern, position)) > 0:
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
    negated = members[0] in "!^"
    body = members[1:] if negated else members
    # Only these carry meaning inside an RE2 class; a backslash of the glob escapes there in the same way.
    body = body.replace("[", "\\[")
    body = "\\" + body if body[0] == "^" else body
    return f"[^{body}]" if negated else f"[{body}]"


def _invalid_glob(pattern: str, problem: str) -> InvalidPattern:
    return InvalidPattern(
        f'"{pattern}" is not a glob: it has {problem}. Put a \\ before a character to take it as is.'
    )
