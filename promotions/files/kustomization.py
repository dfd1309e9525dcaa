"""What a kustomization refers to: judged before kustomize runs, so that it reads nothing outside the work tree.

Kustomize resolves paths and follows links by itself, and fetches what looks like a URL. So everything in a
kustomization that may be a path is looked at, whatever field it is in; only fields known to hold plain text are not.
"""

import posixpath
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from promotions.files.documents import read_document
from promotions.files.errors import DocumentError
from promotions.files.links import check_inside, check_links
from promotions.files.manifests import read_documents
from promotions.files.yaml import read_yaml

FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MAX_PLACES = 2000

# Fields that hold text for manifests, whatever it looks like.
_TEXT_FIELDS = """
annotations apiVersion buildMetadata commonAnnotations commonLabels fieldPaths fieldSpecs images
jsonOp kind labels literals metadata namePrefix nameSuffix namespace options patch replicas target
targets valuesInline vars version versions
"""
_TEXT = frozenset(_TEXT_FIELDS.split())
_CONFIGURE_PLUGINS = frozenset({"generators", "transformers", "validators"})
_CHARTS = frozenset({"helmCharts", "helmChartInflationGenerator"})
_SCHEME = re.compile(r"(?:git::)?[A-Za-z][A-Za-z0-9+.-]*://|git::|gh:|git@|[\w.-]+@[\w.-]+:")
# `github.com/acme/app//deploy?ref=v1`, which kustomize takes for a repository.
_SHORTHAND = re.compile(r"[\w-]+(?:\.[\w-]+)+/\S+|\S*\?(?:ref|version|timeout|submodules)=\S*")


def inspect_kustomization(root: Path, directory: Path, *, allow_remote: bool) -> list[str]:
    """Follow everything `directory` refers to; both are real paths, and `root` is the work tree.

    Answers what would be fetched, as it is written there. Raises DocumentError for a path that leads out of `root`
    and, unless allowed, for what would be fetched.
    """
    walk = _Walk(root, allow_remote)
    walk.todo.append(_Place(directory, (directory,), configures_plugins=False))
    while walk.todo:
        walk.visit(walk.todo.popleft())
    return sorted(walk.remote)


@dataclass(frozen=True, slots=True)
class _Place:
    """A directory with a kustomization, and the directories its plugins' paths may start at."""

    directory: Path
    bases: tuple[Path, ...]
    configures_plugins: bool


@dataclass
class _Walk:
    root: Path
    allow_remote: bool
    todo: deque[_Place] = field(default_factory=deque)
    seen: set[_Place] = field(default_factory=set)
    remote: set[str] = field(default_factory=set)

    def visit(self, place: _Place) -> None:
        if place in self.seen:
            return
        self.seen.add(place)
        if len(self.seen) > MAX_PLACES:
            raise DocumentError(f"it refers to more than {MAX_PLACES} directories")
        for name in FILE_NAMES:
            file = place.directory / name
            if file.is_symlink() or file.is_file():
                check_inside(self.root, file, name)
                self._inspect(place, _as_map(read_yaml(read_document(file, format_name="YAML"))))
                return

    def _inspect(self, place: _Place, document: Mapping[str, Any]) -> None:
        for key, value in document.items():
            if key in _CHARTS:
                home = _as_map(document.get("helmGlobals")).get("chartHome")
                for chart in value if isinstance(value, list) else []:
                    self._inspect_chart(place.bases, _as_map(chart), home)
            for text in _strings(key, value):
                plugins = key in _CONFIGURE_PLUGINS or (place.configures_plugins and key == "resources")
                self._inspect_text(place, text, key, plugins=plugins)

    def _inspect_text(self, place: _Place, text: str, key: str, *, plugins: bool) -> None:
        if plugins and ":" in text:
            # Kustomize takes what it can read as a manifest for one, also in a single line.
            self._inspect_plugins(place.bases, text.encode())
        if "\n" in text:
            return
        for reference in _references(text, key):
            for base in place.bases:
                target = self._resolve(base, reference)
                if target is None:
                    continue
                if target.is_dir() and key not in ("helmGlobals", *_CHARTS):
                    bases = (target, *place.bases) if plugins else (target,)
                    self.todo.append(_Place(target, bases, plugins))
                elif target.is_file() and plugins:
                    self._inspect_plugins(place.bases, read_document(target, format_name="YAML"))

    def _inspect_plugins(self, bases: tuple[Path, ...], data: bytes) -> None:
        """The configuration of built-in generators and transformers; their files are paths too."""
        for document in _documents(data):
            body = _as_map(document)
            if "helm" in str(body.get("kind", "")).lower():
                self._inspect_chart(bases, body, body.get("chartHome"))
            for key, value in body.items():
                for text in _strings(key, value):
                    for reference in _references(text, key):
                        for base in bases:
                            self._resolve(base, reference)

    def _inspect_chart(self, bases: tuple[Path, ...], chart: Mapping[str, Any], home: object) -> None:
        name = str(chart.get("name") or chart.get("chartName") or "")
        for key, value in chart.items():
            # Helm would take it for an option, and one of its options runs programs.
            if isinstance(value, str) and value.startswith("-"):
                raise DocumentError(f'the chart "{name}" has "{value}" as {key}, which begins with a hyphen')
        repository = str(chart.get("repo") or chart.get("chartRepoUrl") or "")
        home = str(chart.get("chartHome") or home or "charts")
        version = chart.get("version") or chart.get("chartVersion") or ""
        is_local = False
        for base in bases:
            for place in (f"{home}/{name}", f"{home}/{name}-{version}/{name}"):
                target = self._resolve(base, place)
                if target is not None and target.is_dir():
                    is_local = True
                    check_links(self.root, target)
        if repository and not is_local:
            self._refuse_remote(repository, f"the chart {name} of {repository}")

    def _resolve(self, base: Path, reference: str) -> Path | None:
        """The existing file or directory, None when there is none; raises DocumentError for what is outside."""
        if _SCHEME.match(reference):
            self._refuse_remote(reference)
            return None
        target = Path(posixpath.normpath(base / reference))
        if not target.is_relative_to(self.root):
            raise DocumentError(f'"{reference}" is outside the work tree')
        if target.is_symlink() or target.exists():
            return check_inside(self.root, target, reference)
        if _SHORTHAND.fullmatch(reference):
            self._refuse_shorthand(reference)
        return None

    def _refuse_shorthand(self, reference: str) -> None:
        # Names of annotations, images and files look like it; only a slash after a host, or a query, tells.
        host, _, rest = reference.partition("/")
        if "?" in reference or ("//" in rest or host in ("github.com", "gitlab.com", "bitbucket.org")):
            self._refuse_remote(reference)

    def _refuse_remote(self, address: str, what: str = "") -> None:
        self.remote.add(address)
        if not self.allow_remote:
            raise DocumentError(
                f"{_without_login(what or address)} would be fetched from elsewhere, which is not allowed here: "
                "it is not part of the freight, so nobody knows which version is rendered. Put a copy into the "
                "repository, or let the operator set KARGOWEB_ALLOW_REMOTE_BASES"
            )


def _references(text: str, key: str) -> list[str]:
    """The path in a string; `name=path` in the lists of generators."""
    plain = text.strip()
    if not plain or "\n" in plain:
        return []
    name, mark, path = plain.partition("=")
    if key in ("configMapGenerator", "secretGenerator", "files") and mark and "/" not in name:
        return [path]
    return [plain]


def _documents(data: bytes) -> list[Any]:
    try:
        return read_documents(data)
    except DocumentError:
        return []  # kustomize will not read it either


def _strings(key: str, value: object) -> Iterator[str]:
    if key in _TEXT:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from _strings(str(name), item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(key, item)


def _as_map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _without_login(text: str) -> str:
    return re.sub(r"://[^/@\s]*@", "://", text)
