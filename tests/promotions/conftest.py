"""Servers that the tests of promotions share."""

from tests.servers.git import git_server

__all__ = ["git_server"]
