"""Errors of selection: a SelectorError is raised when a rule a person wrote cannot be understood.

SelectorError(ValueError)
├── InvalidPattern      a glob or a regular expression
└── InvalidConstraint   a semver constraint
"""


class SelectorError(ValueError):
    """A selection rule cannot be understood; the message names it and says what is wrong."""


class InvalidPattern(SelectorError):
    """A glob or regular expression cannot be compiled."""


class InvalidConstraint(SelectorError):
    """A semver constraint cannot be parsed."""
