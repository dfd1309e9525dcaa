"""File steps against the bare library call or tool that does the same work: a 1 MB values file, a 5,000-file tree.

Each pair runs in turn in this process, and the best of its rounds counts. Seconds are processor time, that of tools
included: the ratio holds on a machine that is not quiet.
"""

import io
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomlkit
from ruamel.yaml import YAML

from benchmarks.figures import report
from promotions.steps.base import StepContext
from promotions.steps.execution import execute
from promotions.steps.registry import find_step

_SERVICES, _FOLDERS, _FILES_EACH = 6500, 50, 100
_BUDGET = 3.0

Work = Callable[[], object]


def main() -> int:
    """Run all pairs; exit code 1 when a step is slower than its budget."""
    with tempfile.TemporaryDirectory(prefix="kargoweb-bench-") as name:
        workdir = Path(name)
        _write_documents(workdir)
        _write_tree(workdir / "tree")
        bench = _Bench(workdir)
        kept = [
            *(bench.compare(kind, config, bare, rounds=1) for kind, config, bare in _documents(workdir)),
            *(bench.compare(kind, config, bare, rounds=3) for kind, config, bare in _trees(workdir)),
            bench.compare_delete(),
        ]
    return 0 if all(kept) else 1


class _Bench:
    def __init__(self, workdir: Path) -> None:
        self._workdir = workdir

    def compare(self, kind: str, config: dict[str, Any], bare: Work, *, rounds: int) -> bool:
        """Time the step and the bare work in turn."""
        times = [(_time(lambda: self._run(kind, config)), _time(bare)) for _ in range(rounds)]
        return self._report(kind, times)

    def compare_delete(self) -> bool:
        """delete needs something to delete, each time."""
        times = []
        for _ in range(3):
            for copy in ("ours", "theirs"):
                shutil.copytree(self._workdir / "tree", self._workdir / copy)
            step = _time(lambda: self._run("delete", {"path": "ours"}))
            times.append((step, _time(lambda: _call("rm", "-rf", str(self._workdir / "theirs")))))
        return self._report("delete", times)

    def _run(self, kind: str, config: dict[str, Any]) -> None:
        step = find_step(kind)
        assert step is not None
        context = StepContext(
            workdir=self._workdir,
            project="bench",
            stage="bench",
            promotion="bench",
            alias="step",
            log=lambda text, stream: None,
            should_stop=lambda: False,
        )
        execute(step, config, context)

    def _report(self, kind: str, times: list[tuple[float, float]]) -> bool:
        step, bare = min(pair[0] for pair in times), min(pair[1] for pair in times)
        note = f"({step:.3f} s against {bare:.3f} s)"
        return report(f"{kind} against the bare call", step / bare, "x", budget=_BUDGET, note=note)


def _documents(workdir: Path) -> list[tuple[str, dict[str, Any], Work]]:
    """Step, its config, and the same work with the bare library."""
    text = json.dumps({"a": "x" * 1_000_000})
    return [
        ("yaml-update", _update("v.yaml", "svc5.image.tag"), lambda: _edit_yaml(workdir / "v.yaml", "v.yaml")),
        ("yaml-merge", {"inFiles": ["v.yaml", "over.yaml"], "outFile": "m.yaml"}, lambda: _merge_yaml(workdir)),
        ("yaml-parse", _parse("v.yaml"), lambda: YAML(typ="safe", pure=True).load((workdir / "v.yaml").read_text())),
        ("json-update", _update("v.json", "svc5.image.tag"), lambda: _edit_json(workdir / "v.json")),
        ("json-parse", _parse("v.json"), lambda: json.loads((workdir / "v.json").read_bytes())),
        ("toml-update", _update("v.toml", "svc5.image.tag"), lambda: _edit_toml(workdir / "v.toml")),
        ("toml-parse", _parse("v.toml"), lambda: tomlkit.parse((workdir / "v.toml").read_text())),
        (
            "file-write",
            {"path": "w.json", "contents": text, "overwrite": True},
            lambda: (workdir / "w2.json").write_text(text),
        ),
    ]


def _trees(workdir: Path) -> list[tuple[str, dict[str, Any], Work]]:
    tree, packed, out = str(workdir / "tree"), str(workdir / "bare.tar"), workdir / "bare-out"
    return [
        ("copy", {"inPath": "tree", "outPath": "copied"}, lambda: _call("cp", "-r", tree, str(workdir / "copied2"))),
        ("tar", {"inPath": "tree", "outPath": "t.tar"}, lambda: _call("tar", "cf", packed, "-C", tree, ".")),
        ("untar", {"inPath": "t.tar", "outPath": "out"}, lambda: _unpack(packed, out)),
    ]


def _unpack(packed: str, out: Path) -> None:
    _call("rm", "-rf", str(out))
    out.mkdir()
    _call("tar", "xf", packed, "-C", str(out))


def _update(path: str, key: str) -> dict[str, Any]:
    return {"path": path, "updates": [{"key": key, "value": f"v{time.monotonic_ns()}"}]}


def _parse(path: str) -> dict[str, Any]:
    return {"path": path, "outputs": [{"name": "tag", "fromExpression": "svc5.image.tag"}]}


def _edit_yaml(path: Path, name: str) -> None:
    yaml = YAML()
    document = yaml.load(path.read_text())
    document["svc5"]["image"]["tag"] = "v9"
    with (path.parent / f"bare-{name}").open("w") as file:
        yaml.dump(document, file)


def _merge_yaml(workdir: Path) -> None:
    yaml = YAML()
    document, over = (yaml.load((workdir / name).read_text()) for name in ("v.yaml", "over.yaml"))
    for key, value in over.items():
        document[key].update(value)
    stream = io.StringIO()
    yaml.dump(document, stream)
    (workdir / "bare-m.yaml").write_text(stream.getvalue())


def _edit_json(path: Path) -> None:
    document = json.loads(path.read_text())
    document["svc5"]["image"]["tag"] = "v9"
    (path.parent / "bare.json").write_text(json.dumps(document, indent=2))


def _edit_toml(path: Path) -> None:
    document: Any = tomlkit.parse(path.read_text())
    document["svc5"]["image"]["tag"] = "v9"
    (path.parent / "bare.toml").write_text(tomlkit.dumps(document))


def _write_documents(workdir: Path) -> None:
    services = {
        f"svc{number}": {
            "replicas": number % 7,
            "image": {"repository": f"registry.example.com/team/service-{number}", "tag": f"v1.{number}.0"},
            "ports": [80, 443],
        }
        for number in range(_SERVICES)
    }
    over = {name: {"replicas": 9} for name in list(services)[::10]}
    for name, data in (("v.yaml", services), ("over.yaml", over)):
        with (workdir / name).open("w") as file:
            YAML().dump(data, file)
    (workdir / "v.json").write_text(json.dumps(services, indent=2))
    (workdir / "v.toml").write_text(tomlkit.dumps(services))


def _write_tree(top: Path) -> None:
    for folder in range(_FOLDERS):
        place = top / f"dir-{folder:02}"
        place.mkdir(parents=True)
        for number in range(_FILES_EACH):
            (place / f"file-{number:03}.yaml").write_text(f"name: {folder}-{number}\n" * 40)


def _call(*command: str) -> None:
    subprocess.run(command, check=True)


def _time(work: Work) -> float:
    before = _spent()
    work()
    return _spent() - before


def _spent() -> float:
    """Processor seconds of this process and of the tools it has waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    sys.exit(main())
