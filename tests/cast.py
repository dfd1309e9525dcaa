"""The cast of every page test: Alice owns, Bob promotes, Rita may only read, Charlie is a stranger."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.test import Client

from projects.models import Project
from tests.factories import make_member, make_project, make_user


@dataclass(frozen=True)
class Cast:
    """One project and the people around it."""

    project: Project
    alice: User
    bob: User
    rita: User
    charlie: User


def make_cast(name: str = "shop") -> Cast:
    """A fresh project with its people."""
    project = make_project(name)
    members = {
        username: make_member(project, username, role).user
        for username, role in (("alice", "owner"), ("bob", "promoter"), ("rita", "viewer"))
    }
    return Cast(project, members["alice"], members["bob"], members["rita"], make_user("charlie"))


def browser_of(user: User) -> Client:
    """A browser in which the person is signed in."""
    client = Client()
    client.force_login(user)
    return client
