"""What the tests of steps share: a work tree, a context, and the step runner that the engine uses too."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from integrations.http import HttpClient, HttpPolicy
from promotions.references import FreightReference
from promotions.steps.base import Result, StepContext
from promotions.steps.capabilities import Capabilities, Credential, GitHubPushRules, GitIdentity
from promotions.steps.execution import execute
from promotions.steps.registry import find_step
from promotions.steps.target_freight import TargetFreight
from promotions.steps.tools import Tools


@dataclass
class LocalGit:
    """Git access of one test: mirrors in a directory, a lock nobody else holds."""

    mirrors_dir: Path
    identity: GitIdentity = field(default_factory=lambda: GitIdentity("Kargo", "no-reply@kargo.io"))
    push_policy: Literal["AlwaysRebase", "AlwaysMerge", "RebaseOrMerge", "RebaseOrFail"] = "AlwaysRebase"
    allow_file_protocol: bool = False
    reach: HttpPolicy | None = None
    locks: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def push_lock(self, repo_url: str, branch: str, *, should_stop: Callable[[], bool]) -> Iterator[None]:
        self.locks.append(branch)
        yield


@dataclass
class KnownCredentials:
    by_url: dict[str, Credential] = field(default_factory=dict)

    def find(self, kind: str, repo_url: str) -> Credential | None:
        return self.by_url.get(repo_url)


@dataclass
class KnownFreight:
    references: tuple[FreightReference, ...] = ()
    ambiguous: frozenset[str] = frozenset()

    def list_references(self) -> tuple[FreightReference, ...]:
        return self.references

    def list_ambiguous_images(self) -> frozenset[str]:
        return self.ambiguous


@dataclass
class KnownMetadata:
    by_name: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def merge(self, kind: str, name: str, values: dict[str, Any]) -> None:
        self.by_name[kind, name].update(values)


@dataclass
class KnownAliases:
    by_name: dict[str, str] = field(default_factory=dict)

    def rename(self, name: str, alias: str) -> str:
        old = self.by_name[name]
        if alias in self.by_name.values():
            raise ValueError(f'The alias "{alias}" is taken.')
        self.by_name[name] = alias
        return old


@dataclass
class KnownSecrets:
    own: dict[str, dict[str, str]] = field(default_factory=dict)
    shared: dict[str, dict[str, str]] = field(default_factory=dict)

    def secret(self, name: str) -> dict[str, str] | None:
        return self.own.get(name)

    def shared_secret(self, name: str) -> dict[str, str] | None:
        return self.shared.get(name)


@dataclass
class Bench:
    """A place to run steps; what they log is in `lines`."""

    workdir: Path
    git: LocalGit
    credentials: KnownCredentials = field(default_factory=KnownCredentials)
    freight: KnownFreight = field(default_factory=KnownFreight)
    metadata: KnownMetadata = field(default_factory=KnownMetadata)
    http: HttpClient | None = None
    tools: Tools = field(default_factory=Tools)
    aliases: KnownAliases = field(default_factory=KnownAliases)
    github_push: GitHubPushRules = field(default_factory=GitHubPushRules)
    secrets: KnownSecrets = field(default_factory=KnownSecrets)
    # What the step gave the last time it ended.
    previous_output: dict[str, Any] | None = None
    should_stop: Callable[[], bool] = lambda: False
    lines: list[tuple[str, str]] = field(default_factory=list)

    def run(self, kind: str, config: Any = None, *, alias: str = "step") -> Result:
        step = find_step(kind)
        assert step is not None
        return execute(step, config, self.context(alias))

    def context(self, alias: str = "step") -> StepContext:
        return StepContext(
            workdir=self.workdir,
            project="shop",
            stage="uat",
            promotion="uat.01jab.fine",
            alias=alias,
            log=lambda text, stream: self.lines.append((stream, text)),
            should_stop=lambda: self.should_stop(),
            can=Capabilities(
                git=self.git,
                credentials=self.credentials,
                freight=self.freight,
                metadata=self.metadata,
                http=self.http,
                tools=self.tools,
                aliases=self.aliases,
                github_push=self.github_push,
                secrets=self.secrets,
                target_freight=TargetFreight(self.metadata, "fine"),
            ),
            previous_output=self.previous_output,
        )

    def write(self, path: str, text: str = "", *, mode: int = 0o644) -> Path:
        file = self.workdir / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def read(self, path: str) -> str:
        return (self.workdir / path).read_text()

    def files(self) -> list[str]:
        """All files and links of the work tree, but not our own directory."""
        found = (path for path in self.workdir.rglob("*") if path.is_symlink() or not path.is_dir())
        names = (str(path.relative_to(self.workdir)) for path in found)
        return sorted(name for name in names if not name.startswith(".kargoweb"))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    workdir = tmp_path / "secret-place" / "work"
    workdir.mkdir(parents=True)
    with HttpClient(HttpPolicy(allow_loopback=True), "test", sleep=lambda _: None) as http:
        yield Bench(workdir, LocalGit(tmp_path / "mirrors"), http=http)
