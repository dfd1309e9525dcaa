"""git-push: push the commits of a work tree to a branch, or a tag.

Source: Kargo docs `promotion-steps/git-push.md`, code `runner/builtin/git_pusher.go`.
Differs: the lock of a branch is shared by all workers; a detached HEAD may push to a new branch; after a conflict
the work tree is as before; a branch that another one makes impossible (`a` and `a/b`) is not tried again and again.
"""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from integrations.errors import IntegrationConflict, PushRejected, Rejected
from integrations.git.environment import Remote
from integrations.git.mirrors import mirrors_at
from integrations.git.names import check_room
from integrations.git.remote import list_refs
from integrations.git.worktree import PushPolicy, Worktree
from integrations.gitproviders.inference import commit_url, infer_provider
from promotions.steps.base import (
    Done,
    Effect,
    Step,
    StepConfig,
    StepContext,
    StepErrored,
    StepFailed,
    Would,
    WouldPush,
)
from promotions.steps.capabilities import given
from promotions.steps.git_work import console, find_remote, load_worktree, worktree_id
from promotions.steps.private import clear_note, read_note, write_note
from promotions.steps.push_tries import try_until_accepted
from promotions.steps.rules import at_most_one, excludes, with_rules
from promotions.steps.whole_numbers import Whole


class Config(StepConfig):
    model_config = ConfigDict(
        json_schema_extra=with_rules(
            at_most_one("targetBranch", "generateTargetBranch", "tag"), excludes("force", "tag")
        )
    )

    path: str = Field(min_length=1, description="Work tree to push from.")
    target_branch: str = Field("", description="Branch to push to; the current one when empty.")
    generate_target_branch: bool = Field(False, description="Push to a branch named after the promotion.")
    tag: str = Field("", description="Push this tag and nothing else.")
    force: bool = Field(False, description="Overwrite what the remote branch has.")
    max_attempts: Whole = Field(
        10, ge=1, le=2147483647, description="How often to try when the remote branch moves on."
    )
    provider: Literal["", "azure", "bitbucket", "gitea", "github", "gitlab"] = Field(
        "", description="For the commit's URL; found by the host when left out."
    )

    @model_validator(mode="after")
    def allow_one_target(self) -> "Config":
        if sum(map(bool, (self.target_branch, self.generate_target_branch, self.tag))) > 1:
            raise ValueError("at most one of targetBranch, generateTargetBranch and tag is allowed")
        if self.tag and self.force:
            raise ValueError("force is not allowed with tag")
        if "provider" in self.model_fields_set and not self.provider:
            raise ValueError("provider: must be one of azure, bitbucket, gitea, github, gitlab")
        return self


def run(context: StepContext, config: Config) -> Done:
    worktree = load_worktree(context, config.path)
    remote = find_remote(context, worktree)
    branch = worktree.current_branch()
    if config.tag:
        context.log(f"Pushing tag {config.tag} to {remote.address}", "info")
        worktree.push_tag(config.tag, remote, console=console(context))
        commit = worktree.head()
    else:
        branch = _choose_branch(context, config, branch)
        commit = _push_until_accepted(context, config, worktree, remote, branch)
        mirrors_at(given(context.can.git).mirrors_dir).adopt(remote, branch, commit, source=worktree.repository)
    return Done(_output(config, worktree, commit, branch))


def would(context: StepContext, config: Config) -> Would:
    """All but the push: what others have pushed is brought in, so that the preview shows what would be there."""
    worktree = load_worktree(context, config.path)
    remote = find_remote(context, worktree)
    branch, url = worktree.current_branch(), worktree.origin_url()
    if config.tag:
        _refuse_other_tag(config.tag, worktree.tag_id(config.tag), remote)
        push = WouldPush(url, config.path, tag=config.tag)
        return Would(
            f'would push tag "{config.tag}" to {remote.address}',
            _output(config, worktree, worktree.head(), branch),
            (push,),
        )
    branch = _choose_branch(context, config, branch)
    force = config.force or config.generate_target_branch
    heads = list_refs(remote).heads
    check_room(branch, heads, remote.address)
    if not force and branch in heads:
        _integrate(context, worktree, remote, branch, PushPolicy(given(context.can.git).push_policy))
    commit = worktree.head()
    verb = "would force-push" if force and branch in heads else "would push"
    return Would(
        f'{verb} {commit} to branch "{branch}" of {remote.address}',
        _output(config, worktree, commit, branch),
        (WouldPush(url, config.path, branch, force=force),),
    )


def _output(config: Config, worktree: Worktree, commit: str, branch: str | None) -> dict[str, str]:
    url = worktree.origin_url()
    link = commit_url(config.provider or infer_provider(url), url, commit)
    output = {"commit": commit, "branch": branch, "commitURL": link}
    return {key: value for key, value in output.items() if value}


def _refuse_other_tag(tag: str, ours: str, remote: Remote) -> None:
    theirs = list_refs(remote).tags.get(tag)
    if theirs is not None and theirs.id != ours:
        raise Rejected(f'Tag "{tag}" exists in "{remote.address}" already and is a different one')


def _choose_branch(context: StepContext, config: Config, current: str | None) -> str:
    if config.generate_target_branch:
        return f"kargo/promotion/{context.promotion}"
    branch = config.target_branch or current
    if not branch:
        raise StepErrored(
            f'"{config.path}" is not on a branch (a tag or commit is checked out); set targetBranch.',
            permanent=True,
        )
    return branch


def _push_until_accepted(
    context: StepContext, config: Config, worktree: Worktree, remote: Remote, branch: str
) -> str:
    """The commit that is on the remote branch then."""
    context.log(f"Pushing to branch {branch} of {remote.address}", "info")
    if not config.force and not config.generate_target_branch:
        commit = _push_as_it_is(context, worktree, remote, branch)
        if commit is not None:
            return commit

    def attempt() -> str:
        try:
            return _push_once(context, config, worktree, remote, branch)
        except PushRejected:
            # Worth another try only when time can help.
            check_room(branch, list_refs(remote).heads, remote.address)
            raise

    return try_until_accepted(context, attempt, branch=branch, max_attempts=config.max_attempts)


def _push_once(context: StepContext, config: Config, worktree: Worktree, remote: Remote, branch: str) -> str:
    git = given(context.can.git)
    force = config.force or config.generate_target_branch
    with git.push_lock(worktree.origin_url(), branch, should_stop=context.should_stop):
        before = worktree.head()
        if not force:
            _integrate(context, worktree, remote, branch, PushPolicy(git.push_policy))
        commit = worktree.head()
        attempt = {"worktree": worktree_id(worktree), "branch": branch, "commit": before}
        if commit != before and read_note(context, "git-push") == attempt and _is_tip(remote, branch, commit):
            # An interrupted try had pushed; others have pushed on top of it since, nothing of ours was left.
            return before
        write_note(context, "git-push", {**attempt, "commit": commit})
        worktree.push(branch, remote, force=force, console=console(context))
        return commit


def _push_as_it_is(context: StepContext, worktree: Worktree, remote: Remote, branch: str) -> str | None:
    """Most often nobody else has pushed, and there is nothing to bring in. None when somebody has."""
    git = given(context.can.git)
    with git.push_lock(worktree.origin_url(), branch, should_stop=context.should_stop):
        commit = worktree.head()
        attempt = {"worktree": worktree_id(worktree), "branch": branch, "commit": commit}
        if read_note(context, "git-push") == attempt:
            return None  # an interrupted try may have pushed it: look before a push
        write_note(context, "git-push", attempt)
        try:
            worktree.push(branch, remote, console=console(context))
        except PushRejected:
            clear_note(context, "git-push")
            context.log(f"Branch {branch} has commits that are not here; bringing them in", "info")
            return None
        return commit


def _is_tip(remote: Remote, branch: str, commit: str) -> bool:
    return list_refs(remote).heads.get(branch) == commit


def _integrate(context: StepContext, worktree: Worktree, remote: Remote, branch: str, policy: PushPolicy) -> None:
    try:
        worktree.integrate(branch, remote, policy=policy, console=console(context))
    except (IntegrationConflict, Rejected) as error:
        raise StepFailed(str(error)) from error


STEP = Step(
    "git-push",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Commits that are there already are not pushed again; a branch made for the promotion is overwritten.",
    outputs={
        "commit": "SHA of the commit pushed, after remote changes were brought in.",
        "branch": "Branch pushed to; with tag, the current one.",
        "commitURL": "Web page of the commit, when the provider is known.",
    },
    needs=("git", "credentials"),
    would=would,
)
