"""git-open-pr: open a pull request between two branches of a repository, or adopt the one that is there.

When the branches hold the same files there is nothing to merge: the step is skipped and has no output, so guard the
steps after it by `if: ${{ status('open-pr') == 'Succeeded' }}`. Bitbucket has no labels; in Gitea they must exist.

Source: Kargo docs `promotion-steps/git-open-pr.md`, code `runner/builtin/git_pr_opener.go`.
Differs: an output of an earlier try that is null does not make later ones fail; the branches are read from the local
mirror instead of a clone of their own.
"""

from typing import Annotated

from pydantic import Field

from integrations.git.environment import Remote
from integrations.git.mirrors import mirrors_at
from integrations.gitproviders.addresses import without_login
from integrations.gitproviders.base import NewPullRequest, Provider, PullRequest, find_open
from integrations.gitproviders.branches import Head, read_heads
from promotions.steps.base import Done, Effect, Output, Skipped, Step, StepConfig, StepContext, StepErrored, Would
from promotions.steps.capabilities import given
from promotions.steps.git_work import console
from promotions.steps.pull_requests import Insecure, ProviderName, RepoUrl, connect


class Config(StepConfig):
    repo_url: RepoUrl
    source_branch: str = Field(min_length=1, description="Branch with the changes; must be pushed already.")
    target_branch: str = Field(min_length=1, description="Branch to merge into; must exist.")
    title: str = Field("", min_length=1, description="Title; first line of the last commit message when left out.")
    description: str = Field("", min_length=1, description="Text; rest of the last commit message when left out.")
    labels: list[Annotated[str, Field(min_length=1)]] = Field(
        default_factory=list, description="Labels to put on it."
    )
    provider: ProviderName = ""
    insecure_skip_tls_verify: Insecure = False
    create_target_branch: bool = Field(False, description="Accepted, without any effect.")


def run(context: StepContext, config: Config) -> Done | Skipped:
    if (earlier := _earlier_output(context)) is not None:
        context.log("The pull request was opened by an earlier try", "info")
        return Done(earlier)
    heads = _read_heads(context, config)
    source = heads.get(config.source_branch)
    if source is None:
        raise StepErrored(
            f'source branch "{config.source_branch}" does not exist in {config.repo_url}; push it first'
        )
    provider = connect(context, config.repo_url, config.provider, insecure=config.insecure_skip_tls_verify)
    found = find_open(provider, source=config.source_branch, target=config.target_branch, head=source.commit)
    if found is not None:
        context.log(f"Pull request {found.number} is open already: {found.url}", "info")
        provider.finish(found.number, tuple(config.labels))
        return Done(_output(found))
    target = heads.get(config.target_branch)
    if target is None:
        raise StepErrored(f'target branch "{config.target_branch}" does not exist in {config.repo_url}')
    if source.tree == target.tree:
        text = f'"{config.source_branch}" and "{config.target_branch}" hold the same files: nothing to merge'
        context.log(text, "info")
        return Skipped(message=text)
    pull = _open(context, config, provider, source)
    context.log(f"Opened pull request {pull.number}: {pull.url}", "info")
    return Done(_output(pull))


def would(context: StepContext, config: Config) -> Would:
    """Nobody knows the number of a pull request before it is opened."""
    if (earlier := _earlier_output(context)) is not None:
        return Would("the pull request is open already", earlier)
    title = f' "{config.title}"' if config.title else ""
    return Would(
        f'would open a pull request{title} from "{config.source_branch}" to "{config.target_branch}" of '
        f"{without_login(config.repo_url)}, unless both hold the same files"
    )


def _earlier_output(context: StepContext) -> Output | None:
    pull = (context.previous_output or {}).get("pr")
    number = pull.get("id") if isinstance(pull, dict) else None
    return context.previous_output if isinstance(number, int | float) and not isinstance(number, bool) else None


def _read_heads(context: StepContext, config: Config) -> dict[str, Head]:
    git = given(context.can.git)
    remote = Remote(
        config.repo_url,
        credentials=given(context.can.credentials).find("git", config.repo_url),
        skip_tls_verify=config.insecure_skip_tls_verify,
        allow_local=git.allow_file_protocol,
        reach=git.reach,
    )
    branches = (config.source_branch, config.target_branch)
    return read_heads(mirrors_at(git.mirrors_dir), remote, branches, console=console(context))


def _open(context: StepContext, config: Config, provider: Provider, source: Head) -> PullRequest:
    first_line, _, rest = source.message.partition("\n")
    description = config.description or (source.message if config.title else rest)
    if context.stage_url:
        description = f"{description}\n\n[View in Kargo UI]({context.stage_url})"
    if config.labels and not provider.has_labels:
        context.log("This provider has no labels for pull requests; they are left out", "info")
    new = NewPullRequest(
        title=config.title or first_line,
        description=description,
        source=config.source_branch,
        target=config.target_branch,
        labels=tuple(config.labels),
    )
    return provider.create(new)


def _output(pull: PullRequest) -> Output:
    return {"pr": {"id": pull.number, "url": pull.url}}


STEP = Step(
    "git-open-pr",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Adopts the open pull request with the same branches and head commit, as one that an interrupted try made.",
    outputs={"pr": "Map with `id`, the number of the pull request, and `url`, its web page."},
    needs=("git", "credentials", "http"),
    would=would,
)
