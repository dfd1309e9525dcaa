"""gh-search-issues: read one issue on GitHub, or search the issues of a repository.

A search knows what was written up to a minute ago, and gives 30 issues at most; reading by number knows everything.

Source: Kargo docs `promotion-steps/gh-search-issues.md`.
"""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext
from promotions.steps.github_issues import Insecure, RepoUrl, connect

_OTHER_REPOSITORY = re.compile(r"(?:^|\s)-?(?:repo|org|user):", re.IGNORECASE)


def _whole(value: object) -> object:
    """Expressions give whole numbers as floats at times; JSON does not tell them apart either."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Config(StepConfig):
    repo_url: RepoUrl
    issue_number: Annotated[int, BeforeValidator(_whole)] = Field(
        0, description="Number of the issue; either this or query."
    )
    query: str = Field("", description="Words and qualifiers of GitHub's search, such as is:open label:bug.")
    insecure_skip_tls_verify: Insecure = False

    @model_validator(mode="after")
    def choose_one(self) -> "Config":
        has_number = "issue_number" in self.model_fields_set
        if has_number == bool(self.query):
            raise ValueError("give either issueNumber or query")
        if has_number and self.issue_number < 1:
            raise ValueError("issueNumber: must be at least 1")
        if _OTHER_REPOSITORY.search(self.query):
            raise ValueError("query: leave repo:, org: and user: out; the search is in the repository of repoURL")
        return self


def run(context: StepContext, config: Config) -> Done:
    issues = connect(context, config.repo_url, insecure=config.insecure_skip_tls_verify)
    found = issues.search(config.query) if config.query else [issues.get(config.issue_number)]
    context.log(f"Found {len(found)} issues: {', '.join(f'#{issue.number}' for issue in found) or 'none'}", "info")
    return Done({"issues": [issue.to_json() for issue in found]})


STEP = Step(
    "gh-search-issues",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Reads again; changes nothing.",
    outputs={
        "issues": "List of {number, title, body, state, labels, assignees, url}; labels and assignees are names."
    },
    needs=("credentials", "http"),
    # Reading changes nothing, so a preview does it.
    would=run,
)
