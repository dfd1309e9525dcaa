"""Refusals of change sets.

DomainError
    ChangesRefused   the change set holds errors, so nothing was changed; carries them
"""

from projects.documents import Problem
from projects.errors import DomainError


class ChangesRefused(DomainError):
    """Something in the manifests is wrong; `problems` say where and what to do."""

    status = 422

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first, more = problems[0], len(problems) - 1
        rest = f" There {'is 1 more problem' if more == 1 else f'are {more} more problems'}." if more else ""
        super().__init__(f"Nothing was changed. {first} {first.hint}".rstrip() + rest)
        self.problems = problems
