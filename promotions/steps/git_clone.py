"""git-clone: clone a repository and check out branches, tags or commits of it.

Source: Kargo docs `promotion-steps/git-clone.md`, code `runner/builtin/git_cloner.go`.
Differs: without a ref the remote's default branch is checked out; a work tree of an earlier run is replaced
(Kargo fails then); the clone borrows its objects from a mirror on this machine, so `blobless` saves nothing;
an OpenSSH private key signs too.

Files of Git LFS stay pointers, hooks and filters of the repository do not run. Submodules are fetched only from
addresses that this installation may reach, and only those on the repository's own host get its password.
"""

import posixpath
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from integrations.git.environment import Remote
from integrations.git.identity import Identity
from integrations.git.mirror import Wanted
from integrations.git.mirrors import mirrors_at
from integrations.git.repository import Repository
from integrations.git.signing import BadSigningKey
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored, Would, WouldPush
from promotions.steps.capabilities import GitAccess, given
from promotions.steps.git_work import Author, clones_dir, console, read_identity
from promotions.steps.rules import at_most_one, with_rules


class Checkout(StepConfig):
    model_config = ConfigDict(json_schema_extra=with_rules(at_most_one("branch", "commit", "tag")))

    path: str = Field(min_length=1, description="Where to check out.")
    as_: str = Field("", alias="as", description="Key of this checkout in the output; the path when empty.")
    branch: str = Field("", description="Branch to check out; at most one of branch, commit and tag.")
    commit: str = Field("", description="Commit to check out.")
    tag: str = Field("", description="Tag to check out.")
    create: bool = Field(False, description="Make the branch, empty, when the remote does not have it.")
    sparse: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=list, min_length=1, description="Directories to check out."
    )

    @model_validator(mode="after")
    def allow_one_ref(self) -> "Checkout":
        if sum(map(bool, (self.branch, self.commit, self.tag))) > 1:
            raise ValueError("at most one of branch, commit and tag is allowed")
        return self


class Config(StepConfig):
    repo_url: str = Field(alias="repoURL", min_length=1, description="Repository to clone.")
    checkout: list[Checkout] = Field(min_length=1, description="What to check out where.")
    author: Author | None = Field(None, description="Who commits and signs in this clone; else the system.")
    insecure_skip_tls_verify: bool = Field(
        False, alias="insecureSkipTLSVerify", description="Trust any certificate, also when pushing later."
    )
    recurse_submodules: bool = Field(False, description="Check out submodules, nested ones too.")
    blobless: bool = Field(False, description="Accepted; the local mirror makes it needless.")

    @model_validator(mode="before")
    @classmethod
    def refuse_null_author(cls, data: object) -> object:
        if isinstance(data, dict) and "author" in data and data["author"] is None:
            raise ValueError("author: must be a map, got null")
        return data

    @model_validator(mode="after")
    def require_unique_aliases(self) -> "Config":
        seen: set[str] = set()
        for index, checkout in enumerate(self.checkout):
            if checkout.as_ and checkout.as_ in seen:
                raise ValueError(f'duplicate checkout alias "{checkout.as_}" at checkout[{index}]')
            seen.add(checkout.as_)
        return self


def run(context: StepContext, config: Config) -> Done:
    commits, _ = _clone(context, config, push=True)
    return Done({"commits": commits})


def would(context: StepContext, config: Config) -> Done | Would:
    """The real clone; only a new branch stays in it."""
    commits, made = _clone(context, config, push=False)
    if not made:
        return Done({"commits": commits})
    names = ", ".join(f'"{push.branch}"' for push in made)
    return Would(f"would create branch {names} in {made[0].repo_url}", {"commits": commits}, made)


def _clone(context: StepContext, config: Config, *, push: bool) -> tuple[dict[str, str], tuple[WouldPush, ...]]:
    """Commits by alias or path, and the branches made."""
    git = given(context.can.git)
    remote = Remote(
        config.repo_url,
        credentials=given(context.can.credentials).find("git", config.repo_url),
        skip_tls_verify=config.insecure_skip_tls_verify,
        allow_local=git.allow_file_protocol,
        reach=git.reach,
    )
    targets = _find_targets(context, config)
    context.log(f"Cloning {remote.address}", "info")
    repository = _create_clone(context, config, remote)
    commits: dict[str, str] = {}
    made: list[WouldPush] = []
    for checkout, target in zip(config.checkout, targets, strict=True):
        if checkout.branch and checkout.create and not repository.has_branch(checkout.branch):
            _create_branch(context, repository, checkout.branch, remote if push else None)
            made.append(WouldPush(config.repo_url, checkout.path, checkout.branch))
        commit = _check_out(context, config, repository, checkout, target, remote)
        commits[checkout.as_ or checkout.path] = commit
    return commits, tuple(made)


def _create_clone(context: StepContext, config: Config, remote: Remote) -> Repository:
    git = given(context.can.git)
    try:
        return Repository.create(
            clones_dir(context),
            mirrors_at(git.mirrors_dir),
            remote,
            wanted=_wanted(config),
            identity=_choose_identity(config, git),
            keep_as=context.promotion,
            console=console(context),
        )
    except BadSigningKey as error:
        if config.author:
            raise
        raise StepErrored(
            f"{error}. It is the key of this installation: its operator can correct KARGOWEB_GIT_SIGNING_KEY, "
            "KARGOWEB_GIT_NAME and KARGOWEB_GIT_EMAIL; or set an author here.",
            permanent=True,
        ) from error


def _create_branch(context: StepContext, repository: Repository, branch: str, remote: Remote | None) -> None:
    context.log(f"Creating branch {branch}" + ("" if remote else " (in this clone only)"), "info")
    repository.create_orphan_branch(branch, remote, console=console(context))


def _check_out(
    context: StepContext,
    config: Config,
    repository: Repository,
    checkout: Checkout,
    target: Path,
    remote: Remote,
) -> str:
    output = console(context)
    worktree = repository.add_worktree(
        target,
        branch=checkout.branch,
        commit=checkout.commit,
        tag=checkout.tag,
        sparse=checkout.sparse,
        console=output,
    )
    if config.recurse_submodules:
        worktree.update_submodules(remote, console=output)
    commit = worktree.head()
    context.log(f"Checked out {commit} at {checkout.path}", "info")
    return commit


def _find_targets(context: StepContext, config: Config) -> list[Path]:
    targets: list[Path] = []
    for index, checkout in enumerate(config.checkout):
        # The last part is not followed: a symlink there is something in the way, not a way.
        parent, name = posixpath.split(posixpath.normpath(f"/{checkout.path}").lstrip("/"))
        target = context.path(parent) / name
        context.path(context.shown(target))
        if not name:
            raise StepErrored(
                f'checkout[{index}]: path "{checkout.path}" is the working directory itself; name a directory in it'
            )
        if target in targets:
            raise StepErrored(f'checkout[{index}]: path "{checkout.path}" already exists')
        targets.append(target)
    return targets


def _wanted(config: Config) -> Wanted:
    return Wanted(
        branches=tuple(c.branch for c in config.checkout if c.branch),
        tags=tuple(c.tag for c in config.checkout if c.tag),
        commits=tuple(c.commit for c in config.checkout if c.commit),
        default_branch=any(not (c.branch or c.tag or c.commit) for c in config.checkout),
    )


def _choose_identity(config: Config, git: GitAccess) -> Identity:
    if config.author:
        return read_identity(config.author)
    return Identity(git.identity.name, git.identity.email, git.identity.signing_key)


STEP = Step(
    "git-clone",
    Config,
    run,
    effect=Effect.WORKSPACE,
    rerun="Clones again and replaces the work trees of the run before, with all changes made in them.",
    outputs={"commits": "Map from each checkout's `as` (or path) to the commit checked out."},
    needs=("git", "credentials"),
    would=would,
)
