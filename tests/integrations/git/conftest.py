"""The cast of the git tests: a server, the mirrors of this machine, a promotion's workspace."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from integrations.credentials import Credentials
from integrations.git.environment import Remote
from integrations.git.identity import Identity
from integrations.git.mirror import Wanted
from integrations.git.mirrors import Mirrors
from integrations.git.repository import Repository
from integrations.git.worktree import Worktree
from integrations.loopback.git_server import GitServer
from tests.servers.git import git_server

__all__ = ["git_server"]


@dataclass
class Workspace:
    """One promotion's directories: `work` is what steps see, `clones` is out of their reach."""

    work: Path
    clones: Path
    mirrors: Mirrors
    server: GitServer
    name: str

    def remote(self, repository: str, credentials: Credentials | None = None) -> Remote:
        return Remote(self.server.url(repository), credentials)

    def clone(self, repository: str, wanted: Wanted, credentials: Credentials | None = None) -> Repository:
        return Repository.create(
            self.clones,
            self.mirrors,
            self.remote(repository, credentials),
            wanted=wanted,
            identity=Identity(),
            keep_as=self.name,
        )

    def checkout(self, repository: str, branch: str = "main", path: str = "src") -> Worktree:
        return self.clone(repository, Wanted(branches=(branch,))).add_worktree(self.work / path, branch=branch)

    def load(self, path: str) -> Worktree:
        return Worktree.load(self.work / path, self.clones)


def make_workspace(base: Path, mirrors: Mirrors, server: GitServer, name: str) -> Workspace:
    work = base / name / "work"
    work.mkdir(parents=True)
    return Workspace(work, base / name / "clones", mirrors, server, name)


@pytest.fixture
def mirrors(tmp_path: Path) -> Mirrors:
    return Mirrors(tmp_path / "mirrors")


@pytest.fixture
def workspace(tmp_path: Path, mirrors: Mirrors, git_server: GitServer) -> Workspace:
    return make_workspace(tmp_path, mirrors, git_server, "promotion-1")


@pytest.fixture
def other_workspace(tmp_path: Path, mirrors: Mirrors, git_server: GitServer) -> Workspace:
    return make_workspace(tmp_path, mirrors, git_server, "promotion-2")
