"""Runs steps with their effects outside cut off, and notes what they would have done."""

import dataclasses
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils import timezone

from integrations.errors import IntegrationError
from integrations.git.comparison import Comparison, compare_push, is_ancestor
from integrations.git.environment import Remote
from integrations.git.mirrors import mirrors_at
from integrations.git.remote import Refs
from integrations.git.urls import mirror_key
from promotions.steps import git_clone
from promotions.steps.base import Done, Effect, Result, Step, StepContext, Waiting, Would, WouldPush
from promotions.steps.capabilities import given
from promotions.steps.execution import execute, read_config
from promotions.steps.git_work import console, find_remote, load_worktree


@dataclasses.dataclass(frozen=True, slots=True)
class Base:
    """A branch of a remote that the preview stands on; `sha` is empty when the remote has no such branch."""

    repo_url: str
    branch: str
    sha: str
    skip_tls_verify: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Push:
    """A push that was not made; `aliases`: the steps that would have made it."""

    aliases: tuple[str, ...]
    would: WouldPush
    comparison: Comparison


class CutOff:
    """Stands in for `steps.execution.execute` during a preview."""

    def __init__(self) -> None:
        self.pushes: list[Push] = []
        self.bases: dict[tuple[str, str], Base] = {}
        # Commits that the preview made and would have pushed, and their trees.
        self.made: dict[str, str] = {}
        # Of the step run last: what it would do; why the preview cannot go on behind it.
        self.would: Would | None = None
        self.blocked = ""
        # (repository, branch) -> the step that would have pushed there.
        self._pushed: dict[tuple[str, str], str] = {}

    def execute(self, step: Step[Any], config: Any, context: StepContext) -> Result:
        """Run the step once, without its effects. Raises as `steps.execution.execute`."""
        self.would, self.blocked = None, ""
        parsed = read_config(step, config)
        if isinstance(parsed, git_clone.Config) and (alias := self._find_pusher(parsed)):
            # It would check out the branch as it was before.
            self.blocked = f"needs the commits that step {alias} would have pushed, which it did not"
            return Waiting(self.blocked)

        def run(context: StepContext, config: Any) -> Result:
            return self._run(step, context, config)

        return execute(dataclasses.replace(step, run=run), config, context)

    def _run(self, step: Step[Any], context: StepContext, config: Any) -> Result:
        began_at = timezone.now()
        result: Result | Would
        if step.would is not None:
            result = step.would(context, config)
        elif step.effect is Effect.OUTSIDE:
            result = Would(f"would run {step.kind}")
        else:
            result = step.run(context, config)
        if isinstance(config, git_clone.Config) and not isinstance(result, Waiting):
            self._note_clone(context, config, began_at)
        if not isinstance(result, Would):
            return result
        for push in result.pushes:
            self._note_push(context, push, began_at)
        self.would = result
        return Done(result.output, result.message)

    def _find_pusher(self, config: git_clone.Config) -> str:
        key = _key(config.repo_url)
        return next((found for c in config.checkout if (found := self._pushed.get((key, c.branch)))), "")

    def _note_clone(self, context: StepContext, config: git_clone.Config, began_at: datetime) -> None:
        git = given(context.can.git)
        remote = Remote(
            config.repo_url,
            credentials=given(context.can.credentials).find("git", config.repo_url),
            skip_tls_verify=config.insecure_skip_tls_verify,
            allow_local=git.allow_file_protocol,
            reach=git.reach,
        )
        refs = _observe(context, remote, began_at)
        for checkout in config.checkout:
            if checkout.commit or checkout.tag:
                continue
            branch = checkout.branch or refs.head_branch or ""
            self._note_base(config.repo_url, branch, refs.heads.get(branch, ""), remote)

    def _note_push(self, context: StepContext, push: WouldPush, began_at: datetime) -> None:
        """Compare now: the next step may delete the work tree."""
        worktree = load_worktree(context, push.path)
        remote = find_remote(context, worktree)
        refs = _observe(context, remote, began_at)
        base = refs.heads.get(push.branch) if push.branch else None
        comparison = compare_push(
            worktree.repository,
            worktree.head(),
            branch=push.branch,
            base=base,
            others=refs.heads.values(),
            remote=remote,
            console=console(context),
        )
        self.made |= {commit.id: commit.tree for commit in comparison.commits}
        self.made[comparison.head] = comparison.head_tree
        self._add(Push((context.alias,), push, comparison), worktree.repository)
        if push.branch:
            self._pushed.setdefault((_key(push.repo_url), push.branch), context.alias)
            self._note_base(push.repo_url, push.branch, base or "", remote)

    def _add(self, push: Push, repository: Path) -> None:
        """One entry a branch: a later push takes the place of one whose commits it brings too."""
        head, target = push.comparison.head, _target(push)
        brought = [
            earlier
            for earlier in self.pushes
            if _target(earlier) == target and is_ancestor(repository, earlier.comparison.head, head)
        ]
        aliases = tuple(alias for earlier in (*brought, push) for alias in earlier.aliases)
        kept = [earlier for earlier in self.pushes if earlier not in brought]
        self.pushes = [*kept, dataclasses.replace(push, aliases=aliases)]

    def _note_base(self, repo_url: str, branch: str, sha: str, remote: Remote) -> None:
        self.bases.setdefault((_key(repo_url), branch), Base(repo_url, branch, sha, remote.skip_tls_verify))


def _observe(context: StepContext, remote: Remote, began_at: datetime) -> Refs:
    """The refs as they were when the step began or later; what the step itself has asked for is not asked again."""
    mirrors = mirrors_at(given(context.can.git).mirrors_dir)
    return mirrors.observe(remote, seen_after=began_at, console=console(context))


def _target(push: Push) -> tuple[str, str, str]:
    return _key(push.would.repo_url), push.would.branch, push.would.tag


def _key(repo_url: str) -> str:
    try:
        return mirror_key(repo_url)
    except (IntegrationError, ValueError):
        return repo_url
