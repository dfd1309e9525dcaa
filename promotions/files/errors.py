"""Errors of reading and editing documents."""


class DocumentError(Exception):
    """A document cannot be read, or an edit cannot be made; the message names what and why."""
