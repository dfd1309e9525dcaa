"""What a person may be shown.

DomainError            a rule said no; message names the thing, the expectation and the way out
    PermissionRefused  a member lacks the right (403); names the role that has it
    ObjectNotFound     it does not exist, or the person may not know that it does (404)
    InvalidRequest     what was sent cannot be understood (422)
    StaleVersion       somebody else changed the thing meanwhile (409)
"""


class DomainError(Exception):
    """A refusal with a message for people. `status` is the HTTP status that pages and API answer with."""

    status = 409

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class PermissionRefused(DomainError):
    """The actor is known to the project but may not do this."""

    status = 403


class ObjectNotFound(DomainError):
    """There is no such thing, as far as this actor may know."""

    status = 404


class InvalidRequest(DomainError):
    """A value in the form or the request is none of those it may be."""

    status = 422


class StaleVersion(DomainError):
    """The form was drawn from a version that is no longer current."""
