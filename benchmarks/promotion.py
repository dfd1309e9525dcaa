"""A whole promotion against the same git commands in a shell script, alternating.

Two checkouts, clear, edit, copy, commit, push: through gates, plan, engine, log and stage bookkeeping on our side.
The script clones as Kargo does, each time anew; our mirror is warm. Small repository: 20 files. Large one: 200 MB
of history that cannot be compressed, 27 MB of it checked out.
"""

import base64
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import report
from benchmarks.git_host import GitHost
from benchmarks.site import configure, run_all_due
from integrations.loopback.git_repositories import GitRepositories

_SMALL_RUNS, _LARGE_RUNS = 11, 3
_VERSIONS, _FILES, _FILE_BYTES = 10, 20, 1024 * 1024

_SCRIPT = """
set -e
mkdir "$1"; cd "$1"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
git clone --quiet --bare "$2" repo
cd repo
git config user.name Script; git config user.email script@example.com
git worktree add --quiet --detach ../src main
git worktree add --quiet ../out env/script
cd ../out
git add .
git rm -rfq --ignore-unmatch .
cd ..
sed -i "s/^revision: .*/revision: $3/" src/env/values.yaml
cp -r src/env/. out
cd out
git add .
git commit --quiet -m "Release $3"
git push --quiet origin HEAD:refs/heads/env/script
cd /
rm -rf "$1"
"""

_MANIFESTS = """
apiVersion: kargo.akuity.io/v1alpha1
kind: Project
metadata: {{name: bench}}
---
apiVersion: kargo.akuity.io/v1alpha1
kind: Warehouse
metadata: {{name: {name}, namespace: bench}}
spec:
  subscriptions:
  - git: {{repoURL: {url}, branch: main}}
---
apiVersion: kargo.akuity.io/v1alpha1
kind: Stage
metadata: {{name: {name}, namespace: bench}}
spec:
  requestedFreight:
  - origin: {{kind: Warehouse, name: {name}}}
    sources: {{direct: true}}
  promotionTemplate:
    spec:
      steps:
      - uses: git-clone
        config:
          repoURL: {url}
          checkout:
          - commit: ${{{{ commitFrom('{url}').ID }}}}
            path: ./src
          - branch: env/kargoweb
            path: ./out
      - uses: git-clear
        config: {{path: ./out}}
      - uses: yaml-update
        config:
          path: ./src/env/values.yaml
          updates:
          - key: revision
            value: ${{{{ ctx.promotion }}}}
      - uses: copy
        config: {{inPath: ./src/env, outPath: ./out}}
      - uses: git-commit
        config: {{path: ./out, message: "Release ${{{{ ctx.promotion }}}}"}}
      - uses: git-push
        config: {{path: ./out}}
"""


def measure(name: str, url: str, runs: int, directory: Path) -> tuple[list[float], list[float]]:
    """Seconds of our promotions and of the script, in turn."""
    _apply(name, url)
    ours, script = [], []
    for number in range(runs + 1):
        first, second = _promote(name), _run_script(url, directory / "script", f"{name}-{number}")
        if number:  # the first warms the mirror and the caches of the disk
            ours.append(first)
            script.append(second)
    return ours, script


def fill(repositories: GitRepositories, name: str, *, is_large: bool) -> None:
    """A repository with rendered branches for both sides; `is_large` adds history of 200 MB."""
    files = {f"env/part-{number}.yaml": f"number: {number}\n" * 20 for number in range(19)}
    repositories.create(name, {**files, "env/values.yaml": "revision: none\n"})
    if is_large:
        chance = random.Random(1)  # noqa: S311 (the same noise each time)
        for version in range(_VERSIONS):
            noise = {f"assets/{number}.bin": _noise(chance) for number in range(_FILES)}
            repositories.commit(name, dict(noise), f"Assets {version}")
    for branch in ("env/kargoweb", "env/script"):
        repositories.commit(name, {"env.yaml": "empty\n"}, "Begin", branch=branch)
    # A host keeps its repositories packed; else each clone would pay for it.
    subprocess.run(["git", "-C", repositories.path(name), "repack", "-adq", "--window=1"], check=True)


def _noise(chance: random.Random) -> str:
    """Text that packs to `_FILE_BYTES`."""
    return base64.encodebytes(chance.randbytes(_FILE_BYTES)).decode()


def _apply(name: str, url: str) -> None:
    from django.utils import timezone

    from freight.discovery import check_warehouse
    from freight.models import Warehouse
    from projects.actors import OPERATOR
    from promotions.changesets import SourceText, apply_changes, plan_changes

    changes = plan_changes([SourceText("bench.yaml", _MANIFESTS.format(name=name, url=url))])
    assert not changes.errors, changes.errors
    apply_changes(OPERATOR, changes, now=timezone.now())
    check_warehouse(Warehouse.objects.get(name=name).pk)
    run_all_due()


def _promote(name: str) -> float:
    from django.utils import timezone

    from freight.models import Freight
    from projects.actors import OPERATOR
    from promotions.models import Stage
    from promotions.requests import request_promotion

    stage, freight = Stage.objects.get(name=name), Freight.objects.get(warehouse_name=name)
    started_at = time.perf_counter()
    promotion: Any = request_promotion(OPERATOR, stage, freight, rights=None, now=timezone.now())
    run_all_due()
    seconds = time.perf_counter() - started_at
    promotion.refresh_from_db()
    assert promotion.phase == "Succeeded", promotion.message
    return seconds


def _run_script(url: str, directory: Path, revision: str) -> float:
    started_at = time.perf_counter()
    subprocess.run(["/bin/sh", "-c", _SCRIPT, "script", str(directory), url, revision], check=True)
    return time.perf_counter() - started_at


def main() -> int:
    """Measure both repositories."""
    kept = True
    with tempfile.TemporaryDirectory(prefix="kargoweb-bench-") as name:
        directory = Path(name)
        configure(directory / "data")
        with GitHost(directory / "git") as host:
            for repository, runs, budget in (("small", _SMALL_RUNS, 1.3), ("large", _LARGE_RUNS, 0.3)):
                fill(host.repositories, repository, is_large=repository == "large")
                ours, script = measure(repository, host.url(repository), runs, directory)
                note = f"{statistics.median(ours):.2f} s against {statistics.median(script):.2f} s"
                ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, script, strict=True))
                kept &= report(f"whole promotion, {repository} repository", ratio, "x", budget=budget, note=note)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
