"""git: commits of a branch, or commits that tags point at, by one of four strategies.

Source: Kargo docs "Working with Warehouses" (Git Repository Subscriptions), code `pkg/controller/warehouses/git.go`
and `pkg/subscription/git`.
Differs: a branch that the remote does not have is an error that lists those it has; all warehouses share one copy
of a repository, so `blobless` changes nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from freight.models import ArtifactKind
from freight.selection.constraints import parse_constraint
from freight.selection.lexical import select_lexical
from freight.selection.outcome import Selection
from freight.selection.paths import PathFilter, parse_path_filter
from freight.selection.patterns import TagFilter, parse_tag_filter
from freight.selection.semver import select_semver
from freight.subscriptions.base import (
    MAX_IGNORED,
    ArtifactDraft,
    Discovery,
    SubscriptionType,
    SubscriptionUnusable,
    Surroundings,
    refuse_old_tag_filters,
)
from freight.subscriptions.expression_filter import explain_mismatch
from integrations.git.environment import Console, Remote
from integrations.git.history import Commit, Tag, list_changed_files, list_tags, log_first_parent
from integrations.git.mirror import Mirror, MirrorDamaged, Wanted
from integrations.git.mirrors import mirrors_at
from integrations.git.remote import Refs

MAX_OBSERVED_TAGS = 1000
MAX_BATCH = 1000

_Chosen = tuple[list[dict[str, Any]], list[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class _Rules:
    """A subscription's spec, read."""

    strategy: str
    branch: str
    paths: PathFilter
    tags: TagFilter
    expression: str
    since: datetime | None
    limit: int
    select_tags: Callable[[Sequence[str]], Selection[str]]


def discover(spec: Mapping[str, Any], around: Surroundings) -> Discovery:
    """Commits, best first; asks the remote for its refs only, as long as they are those of the last look."""
    rules = _read_rules(spec)
    mirrors = mirrors_at(around.mirrors)
    skip_tls_verify = bool(spec.get("insecureSkipTLSVerify"))
    remote = Remote(spec["repoURL"], around.credentials, skip_tls_verify, reach=around.policy)
    console = Console(should_stop=around.should_stop)
    refs = mirrors.observe(remote, seen_after=around.seen_after, console=console)
    observed = _observe(rules, refs, remote)
    if observed and observed == around.observed:
        return Discovery(around.found, around.ignored, observed)
    on_branch = rules.strategy == "NewestFromBranch"
    if on_branch and not rules.branch and refs.head is None:
        return Discovery((), (("HEAD", "the repository has no commit yet"),))
    wanted = Wanted(all_tags=True)
    if on_branch:
        wanted = Wanted(branches=(rules.branch,)) if rules.branch else Wanted(default_branch=True)
    mirror, refs = mirrors.update(remote, wanted, seen_after=around.seen_after, console=console)
    choose = _choose_commits if on_branch else _choose_tags
    try:
        found, ignored = choose(rules, mirror, refs, console)
    except MirrorDamaged:
        found, ignored = choose(rules, mirrors.rebuild(remote, console=console), refs, console)
    return Discovery(tuple(found), tuple(ignored), _observe(rules, refs, remote))


def _read_rules(spec: Mapping[str, Any]) -> _Rules:
    strategy = spec.get("commitSelectionStrategy") or "NewestFromBranch"
    tags = parse_tag_filter(allow=spec.get("allowTagsRegexes") or (), ignore=spec.get("ignoreTagsRegexes") or ())
    constraint = parse_constraint(spec["semverConstraint"]) if spec.get("semverConstraint") else None
    selections: dict[str, Callable[[Sequence[str]], Selection[str]]] = {
        "NewestFromBranch": tags.select,
        "SemVer": lambda names: select_semver(
            names, constraint=constraint, strict=spec.get("strictSemvers") is not False, tags=tags
        ),
        "Lexical": lambda names: select_lexical(names, tags=tags),
        "NewestTag": tags.select,
    }
    if strategy not in selections:
        raise SubscriptionUnusable(
            f'commitSelectionStrategy "{strategy}" does not exist. Use one of {", ".join(selections)}.'
        )
    if strategy != "NewestFromBranch":
        refuse_old_tag_filters(spec)
    return _Rules(
        strategy=strategy,
        branch=spec.get("branch") or "",
        paths=parse_path_filter(include=spec.get("includePaths") or (), exclude=spec.get("excludePaths") or ()),
        tags=tags,
        expression=(spec.get("expressionFilter") or "").strip(),
        since=datetime.fromisoformat(spec["since"]) if spec.get("since") else None,
        limit=int(spec.get("discoveryLimit") or 20),
        select_tags=selections[strategy],
    )


def _observe(rules: _Rules, refs: Refs, remote: Remote) -> dict[str, Any]:
    """Kargo's observedRefs; empty when there is too much to compare."""
    if rules.strategy == "NewestFromBranch":
        head = refs.heads.get(rules.branch) if rules.branch else refs.head
        if rules.branch and head is None:
            there = ", ".join(sorted(refs.heads)[:10]) or "none"
            raise SubscriptionUnusable(
                f'"{remote.address}" has no branch "{rules.branch}". Its branches: {there}. Change "branch", '
                "or push the branch."
            )
        return {"branchHead": head} if head else {}
    names = sorted(rules.select_tags(list(refs.tags)).taken)
    if len(names) > MAX_OBSERVED_TAGS:
        return {}
    return {"tags": [{"name": name, "id": refs.tags[name].id} for name in names]}


def _choose_commits(rules: _Rules, mirror: Mirror, refs: Refs, console: Console) -> _Chosen:
    start = refs.heads[rules.branch] if rules.branch else str(refs.head)
    found: list[dict[str, Any]] = []
    ignored: list[tuple[str, str]] = []
    for batch in _batches(rules, mirror, start, console):
        changed = list_changed_files(mirror, [c.id for c in batch], console=console) if rules.paths else {}
        for commit in batch:
            reason = _explain_commit(rules, commit, changed)
            if reason is None:
                found.append(_commit_json(commit, branch=rules.branch))
            elif len(ignored) < MAX_IGNORED:
                ignored.append((commit.id, reason))
            if len(found) == rules.limit:
                return found, ignored
    return found, ignored


def _batches(rules: _Rules, mirror: Mirror, start: str, console: Console) -> Iterator[list[Commit]]:
    """History in growing pieces: most subscriptions have enough after the first."""
    size, skip = rules.limit, 0
    while True:
        batch = log_first_parent(mirror, start, limit=size, skip=skip, since=rules.since, console=console)
        if batch:
            yield batch
        if len(batch) < size:
            return
        skip, size = skip + size, min(size * 2, MAX_BATCH)


def _explain_commit(rules: _Rules, commit: Commit, changed: Mapping[str, tuple[str, ...]]) -> str | None:
    env = {
        "id": commit.id,
        "commitDate": commit.committed_at,
        "author": commit.author,
        "committer": commit.committer,
        "subject": commit.subject,
    }
    if reason := explain_mismatch(rules.expression, env):
        return reason
    return rules.paths.explain(changed[commit.id]) if rules.paths else None


def _choose_tags(rules: _Rules, mirror: Mirror, refs: Refs, console: Console) -> _Chosen:
    # The mirror may still have tags that the remote has dropped.
    tags = {tag.name: tag for tag in list_tags(mirror, console=console) if tag.name in refs.tags}
    selection = rules.select_tags(list(tags))
    found: list[dict[str, Any]] = []
    ignored: list[tuple[str, str]] = []
    beyond: list[tuple[str, str]] = []
    for seen, name in enumerate(selection.taken):
        if len(found) == rules.limit:
            why = f"lower or older than the first {rules.limit} (discovery limit)"
            beyond = [(other, why) for other in selection.taken[seen:]]
            break
        reason = _explain_tag(rules, tags[name], mirror, console)
        if reason is None:
            found.append(_tag_json(tags[name]))
        else:
            ignored.append((name, reason))
    return found, [*ignored, *sorted(selection.ignored, reverse=True), *beyond]


def _explain_tag(rules: _Rules, tag: Tag, mirror: Mirror, console: Console) -> str | None:
    env = {
        "tag": tag.name,
        "id": tag.commit.id,
        "creatorDate": tag.created_at,
        "author": tag.commit.author,
        "committer": tag.commit.committer,
        "subject": tag.commit.subject,
        "tagger": tag.tagger,
        "annotation": tag.annotation,
    }
    if reason := explain_mismatch(rules.expression, env):
        return reason
    if not rules.paths:
        return None
    return rules.paths.explain(list_changed_files(mirror, [tag.commit.id], console=console)[tag.commit.id])


def _commit_json(commit: Commit, *, branch: str) -> dict[str, Any]:
    return {
        "id": commit.id,
        "branch": branch,
        "tag": "",
        "subject": commit.subject,
        "author": commit.author,
        "committer": commit.committer,
        "creatorDate": commit.committed_at.isoformat(),
    }


def _tag_json(tag: Tag) -> dict[str, Any]:
    written = _commit_json(tag.commit, branch="")
    return {**written, "tag": tag.name, "creatorDate": tag.created_at.isoformat()}


def draft(spec: Mapping[str, Any], name: str, item: Mapping[str, Any]) -> ArtifactDraft:
    """The artifact of one found commit; the URL stays as it was written."""
    return ArtifactDraft(
        kind=ArtifactKind.COMMIT.value,
        repo_url=spec["repoURL"],
        subscription_name=name,
        commit_id=item["id"],
        branch=item.get("branch", ""),
        tag=item.get("tag", ""),
        message=item.get("subject", ""),
        author=item.get("author", ""),
        committer=item.get("committer", ""),
    )


SUBSCRIPTION = SubscriptionType(
    kind="git",
    credential_kind="git",
    nothing_found="No commits were discovered",
    discover=discover,
    draft=draft,
)
