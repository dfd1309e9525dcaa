"""A changed rule against what was found last: no network, so what was never read of a version stays open. Pure.

A real look (freight.rule_trials) answers what stays open here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from freight.selection.constraints import parse_constraint
from freight.selection.lexical import select_lexical
from freight.selection.outcome import Selection
from freight.selection.patterns import TagFilter, parse_tag_filter
from freight.selection.semver import select_chart_versions, select_semver
from freight.subscriptions.base import refuse_old_tag_filters
from freight.subscriptions.expression_filter import explain_mismatch

Item = Mapping[str, Any]
Verdict = tuple[str, str]


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What a rule does with known versions: taken, best first; (version, rule) of those left out; (version, why) of
    those that only a look at the repository can judge.
    """

    taken: tuple[str, ...] = ()
    ignored: tuple[Verdict, ...] = ()
    unknown: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class LastLook:
    """What the last look knows: its rules, the items it found, best first, and the names of what it left out."""

    rules: Mapping[str, Any]
    found: Sequence[Item]
    ignored: Sequence[str]


def check_rule(kind: str, rules: Mapping[str, Any], last: LastLook) -> RuleOutcome:
    """Try the rules of one subscription. Raises SelectorError or SubscriptionUnusable for rules nobody can use."""
    if (rules.get("repoURL"), rules.get("name")) != (last.rules.get("repoURL"), last.rules.get("name")):
        names = [_name_of(kind, item) for item in last.found]
        return RuleOutcome(unknown=tuple((name, "found in another repository") for name in names))
    return _CHECKS[kind](rules, last)


def _check_image(rules: Mapping[str, Any], last: LastLook) -> RuleOutcome:
    strategy = rules.get("imageSelectionStrategy") or "SemVer"
    known = {str(item["tag"]): item for item in last.found}
    names = [*known, *(name for name in last.ignored if name not in known)]
    if strategy == "Digest":
        tag = str(rules.get("constraint") or "")
        rest = tuple((name, "another tag than the one to follow") for name in names if name != tag)
        if tag in known:
            return RuleOutcome((tag,), rest)
        return RuleOutcome((), rest, ((tag, "not among the versions found last"),))
    refuse_old_tag_filters(rules)
    if strategy == "NewestBuild":
        selection = _tag_filter(rules).select(names)
        dated = sorted(
            (name for name in selection.taken if name in known),
            key=lambda name: (str(known[name].get("createdAt") or ""), name),
            reverse=True,
        )
        undated = tuple((name, "when it was built is not known yet") for name in selection.taken if name not in known)
        return _outcome(Selection(tuple(dated), selection.ignored), rules, undated)
    selection = _select_names(strategy, rules, "constraint")(names)
    if not rules.get("platform"):
        return _outcome(selection, rules)
    unread = tuple((name, "its platforms are not known") for name in selection.taken if name not in known)
    is_same = rules.get("platform") == last.rules.get("platform")
    if not is_same:
        return RuleOutcome((), selection.ignored, tuple((n, "its platforms are not known") for n in selection.taken))
    return _outcome(Selection(tuple(n for n in selection.taken if n in known), selection.ignored), rules, unread)


def _check_chart(rules: Mapping[str, Any], last: LastLook) -> RuleOutcome:
    names = [*(str(item["version"]) for item in last.found), *last.ignored]
    wanted = rules.get("semverConstraint")
    constraint = parse_constraint(wanted) if wanted else None
    if str(rules["repoURL"]).lower().startswith("oci://"):
        return _outcome(select_chart_versions(names, constraint=constraint), rules)
    return _outcome(select_semver(names, constraint=constraint, strict=False), rules)


def _check_git(rules: Mapping[str, Any], last: LastLook) -> RuleOutcome:
    refuse_old_tag_filters(rules)
    strategy, before = (each.get("commitSelectionStrategy") or "NewestFromBranch" for each in (rules, last.rules))
    on_branch = strategy == "NewestFromBranch"
    known = {_name_of("git", item): item for item in last.found}
    is_same_history = on_branch and before == strategy and rules.get("branch") == last.rules.get("branch")
    if on_branch != (before == "NewestFromBranch") or (on_branch and not is_same_history):
        return RuleOutcome(unknown=tuple((name, "the last look read other commits") for name in known))
    names = [*known, *(name for name in last.ignored if name not in known)]
    selection = Selection(tuple(names)) if on_branch else _select_names(strategy, rules, "semverConstraint")(names)
    taken: list[str] = []
    ignored, unknown = list(selection.ignored), list[Verdict]()
    paths_changed = any(rules.get(key) != last.rules.get(key) for key in ("includePaths", "excludePaths"))
    for name in selection.taken:
        if name not in known or paths_changed:
            unknown.append((name, "which files it touches is not kept" if name in known else "it was never read"))
        elif reason := _explain_commit(rules, known[name], on_branch=on_branch):
            ignored.append((name, reason))
        else:
            taken.append(name)
    return _outcome(Selection(tuple(taken), tuple(ignored)), rules, tuple(unknown))


_CHECKS: dict[str, Callable[[Mapping[str, Any], LastLook], RuleOutcome]] = {
    "git": _check_git,
    "image": _check_image,
    "chart": _check_chart,
}


def _explain_commit(rules: Mapping[str, Any], item: Item, *, on_branch: bool) -> str | None:
    made_at = datetime.fromisoformat(item["creatorDate"]) if item.get("creatorDate") else None
    since = datetime.fromisoformat(rules["since"]) if on_branch and rules.get("since") else None
    if since and made_at and made_at < since:
        return f"older than {rules['since']} (since)"
    env = {"id": item["id"], "author": item["author"], "committer": item["committer"], "subject": item["subject"]}
    date = {"commitDate": made_at} if on_branch else {"creatorDate": made_at, "tag": item.get("tag", "")}
    # Who tagged, and with which words, is not kept.
    more = {} if on_branch else {"tagger": "", "annotation": ""}
    return explain_mismatch((rules.get("expressionFilter") or "").strip(), env | date | more)


def _select_names(
    strategy: str, rules: Mapping[str, Any], constraint_key: str
) -> Callable[[Iterable[str]], Selection[str]]:
    tags = _tag_filter(rules)
    if strategy == "Lexical":
        return lambda names: select_lexical(names, tags=tags)
    if strategy == "NewestTag":
        return tags.select
    wanted = rules.get(constraint_key)
    constraint = parse_constraint(wanted) if wanted else None
    strict = rules.get("strictSemvers") is not False
    return lambda names: select_semver(names, constraint=constraint, strict=strict, tags=tags)


def _tag_filter(rules: Mapping[str, Any]) -> TagFilter:
    return parse_tag_filter(allow=rules.get("allowTagsRegexes") or (), ignore=rules.get("ignoreTagsRegexes") or ())


def _outcome(selection: Selection[str], rules: Mapping[str, Any], unknown: tuple[Verdict, ...] = ()) -> RuleOutcome:
    cut = selection.cut(int(rules.get("discoveryLimit") or 20))
    return RuleOutcome(cut.taken, cut.ignored, unknown)


def _name_of(kind: str, item: Item) -> str:
    if kind == "chart":
        return str(item["version"])
    return str(item.get("tag") or item.get("id") or "")
