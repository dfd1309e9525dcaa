"""github-push: push the commits of a work tree to GitHub so that GitHub signs them ("Verified").

The commits go to GitHub under a hidden ref, `refs/kargo/staging/<promotion>`, and its API makes them again. Those
that a trusted key signed (or all, when the operator wants it so) are made in the name of the token's account, and
GitHub signs them; an author who is somebody else is kept as a `Co-authored-by` trailer. The others keep author and
committer and stay unsigned. The password of the git credential is the token; that of a GitHub App suits best.

Source: Kargo docs `promotion-steps/github-push.md`, code `runner/builtin/github_pusher.go`.
Differs: the lock of a branch is shared by all workers; a new branch without commits of its own is made, too.
"""

from dataclasses import dataclass

from pydantic import ConfigDict, Field, model_validator

from integrations.credentials import SshKey
from integrations.errors import IntegrationConflict, IntegrationError, PushRejected, Rejected
from integrations.git.environment import Remote
from integrations.git.mirrors import mirrors_at
from integrations.git.names import check_name
from integrations.git.worktree import PushPolicy, Worktree
from integrations.gitproviders.addresses import read_address
from integrations.gitproviders.github_commits import Comparison, GitHubCommits, connect_commits, replay
from integrations.gitproviders.github_staging import read_signature, take_over, upload
from integrations.gitproviders.inference import commit_url
from integrations.gitproviders.registry import find_token
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
from promotions.steps.private import read_note, write_note
from promotions.steps.push_tries import try_until_accepted
from promotions.steps.rules import at_most_one, with_rules
from promotions.steps.whole_numbers import Whole

_NOTE = "github-push"


class Config(StepConfig):
    model_config = ConfigDict(json_schema_extra=with_rules(at_most_one("targetBranch", "generateTargetBranch")))

    path: str = Field(min_length=1, description="Work tree to push from.")
    target_branch: str = Field("", description="Branch to push to; the current one when empty.")
    generate_target_branch: bool = Field(False, description="Push to a branch named after the promotion.")
    force: bool = Field(False, description="Overwrite what the remote branch has.")
    max_attempts: Whole = Field(
        10, ge=1, le=2147483647, description="How often to try when the remote branch moves on."
    )
    insecure_skip_tls_verify: bool = Field(
        False, alias="insecureSkipTLSVerify", description="Trust any certificate of the API."
    )

    @model_validator(mode="after")
    def allow_one_target(self) -> "Config":
        if self.target_branch and self.generate_target_branch:
            raise ValueError("at most one of targetBranch and generateTargetBranch is allowed")
        return self


@dataclass(frozen=True, slots=True)
class _Push:
    """One push: where from, where to, and how."""

    context: StepContext
    worktree: Worktree
    remote: Remote
    api: GitHubCommits
    branch: str
    staging_ref: str
    force: bool


def run(context: StepContext, config: Config) -> Done:
    worktree = load_worktree(context, config.path)
    push = _prepare(context, config, worktree)
    context.log(f"Pushing to branch {push.branch} of {push.remote.address} through GitHub's API", "info")
    try:
        commit = try_until_accepted(
            context, lambda: _push_once(push), branch=push.branch, max_attempts=config.max_attempts
        )
    finally:
        _remove_staging_ref(push)
    take_over(worktree, push.branch, commit, push.remote, console=console(context))
    mirrors_at(given(context.can.git).mirrors_dir).adopt(push.remote, push.branch, commit, source=worktree.repository)
    link = commit_url("github", worktree.origin_url(), commit)
    output = {"commit": commit, "branch": push.branch, "commitURL": link}
    return Done({key: value for key, value in output.items() if value})


def would(context: StepContext, config: Config) -> Would:
    """GitHub makes the commits, so their ids are not known before."""
    worktree = load_worktree(context, config.path)
    branch, force = _choose_branch(context, config, worktree), config.force or config.generate_target_branch
    url = worktree.origin_url()
    text = f'would push {worktree.head()} to branch "{branch}" of {url} through GitHub\'s API'
    return Would(text, {"branch": branch}, (WouldPush(url, config.path, branch, force=force),))


def _prepare(context: StepContext, config: Config, worktree: Worktree) -> _Push:
    url = worktree.origin_url()
    credentials = given(context.can.credentials).find("git", url)
    if credentials is None:
        raise StepFailed(f"no credentials found for {url}: GitHub's API wants a token; add a git credential")
    if isinstance(credentials, SshKey):
        raise StepFailed(f"found an SSH key for {url}, but GitHub's API wants a token; add a git credential with one")
    _, token = find_token(credentials)
    if not token:
        raise StepFailed(f"credentials for {url} are missing a password/token")
    return _Push(
        context=context,
        worktree=worktree,
        remote=find_remote(context, worktree),
        api=connect_commits(
            given(context.can.http), read_address(url), token, verify_tls=not config.insecure_skip_tls_verify
        ),
        branch=_choose_branch(context, config, worktree),
        staging_ref=f"refs/kargo/staging/{context.promotion}",
        force=config.force or config.generate_target_branch,
    )


def _choose_branch(context: StepContext, config: Config, worktree: Worktree) -> str:
    if config.generate_target_branch:
        return f"kargo/promotion/{context.promotion}"
    branch = config.target_branch or worktree.current_branch()
    if not branch:
        raise StepErrored(
            f'"{config.path}" is not on a branch (a tag or commit is checked out); set targetBranch.',
            permanent=True,
        )
    return branch


def _push_once(push: _Push) -> str:
    """The commit that the branch is at then."""
    context, worktree = push.context, push.worktree
    git = given(context.can.git)
    with git.push_lock(worktree.origin_url(), push.branch, should_stop=context.should_stop):
        before = {"worktree": worktree_id(worktree), "branch": push.branch, "commit": worktree.head()}
        target = push.api.find_branch(push.branch)
        if target is not None and read_note(context, _NOTE) == {**before, "made": target}:
            context.log("An interrupted try had pushed already", "info")
            return target
        if not push.force:
            _integrate(push, PushPolicy(git.push_policy), target)
        head = worktree.head()
        upload(worktree, head, push.staging_ref, push.remote, console=console(context))
        comparison = _compare(push, target, head)
        if comparison.status == "identical" and target is not None:
            return target
        made = replay(
            push.api,
            comparison,
            find_signature=lambda commit: read_signature(worktree, commit),
            verify_untrusted=given(context.can.github_push).verify_untrusted,
        )
        write_note(context, _NOTE, {**before, "made": made})
        if target is None:
            push.api.create_branch(push.branch, made)
        else:
            push.api.move_branch(push.branch, made, force=push.force)
        context.log(f"GitHub made {len(comparison.commits)} commits, the last is {made}", "info")
        return made


def _integrate(push: _Push, policy: PushPolicy, target: str | None) -> None:
    """Bring in what the branch has; one that is to be made (`target` None) has nothing."""
    try:
        check_name("branch", push.branch)
        if target is None:
            return
        push.worktree.integrate(push.branch, push.remote, policy=policy, console=console(push.context))
    except (IntegrationConflict, Rejected) as error:
        raise StepFailed(str(error)) from error


def _compare(push: _Push, target: str | None, head: str) -> Comparison:
    """What has to be made again. Raises PushRejected when the branch has to be brought in first."""
    base = target or _find_base(push)
    comparison = push.api.compare(base, head)
    if comparison.status not in ("identical", "ahead", "behind", "diverged"):
        text = f'unexpected comparison status "{comparison.status}" for {base}..{head}'
        raise StepErrored(text, permanent=True)
    if comparison.status in ("behind", "diverged") and not push.force:
        raise PushRejected(f'Branch "{push.branch}" has commits that are not here, and force is not set')
    limit = given(push.context.can.github_push).max_commits
    if comparison.total_commits > limit:
        raise StepErrored(
            f"{comparison.total_commits} commits would have to be made again, the limit here is {limit}: make fewer "
            "commits, push with git-push, or ask the operator for a higher limit.",
            permanent=True,
        )
    return comparison


def _find_base(push: _Push) -> str:
    current = push.worktree.current_branch()
    base = push.api.find_branch(current) if current else None
    if base is None:
        raise StepErrored(
            f'Neither branch "{push.branch}" nor the branch that is checked out exists on GitHub: there is nothing '
            "to start from. Push with git-push once."
        )
    return base


def _remove_staging_ref(push: _Push) -> None:
    try:
        push.api.delete_ref(push.staging_ref)
    except IntegrationError as error:
        push.context.log(f"The staging ref could not be removed: {error}", "info")


STEP = Step(
    "github-push",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Commits that are there already are not made again; a branch made for the promotion is overwritten.",
    outputs={
        "commit": "SHA of the last commit, as GitHub made it.",
        "branch": "Branch pushed to.",
        "commitURL": "Web page of the commit.",
    },
    needs=("git", "credentials", "http", "github_push"),
    would=would,
)
