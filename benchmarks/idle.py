"""What `kargoweb up` costs while nothing happens: memory of all its processes and share of one core.

PSS counts a page shared by two processes half in each; RSS counts it twice.
"""

import os
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.figures import report
from tests.servers.installation import Installation

_SETTLE_SECONDS, _WATCH_SECONDS = 10, 20


def main() -> int:
    """Start it with the demo's data, let it settle, watch."""
    with tempfile.TemporaryDirectory(prefix="kargoweb-bench-") as directory:
        settings = {"KARGOWEB_LOG_LEVEL": "WARNING"}
        with Installation(Path(directory), lease="30s", settings=settings) as site:
            up = site.start_all()
            site.wait_until_pages_answer()
            time.sleep(_SETTLE_SECONDS)
            before = _cpu_seconds(up.pid)
            time.sleep(_WATCH_SECONDS)
            after = _cpu_seconds(up.pid)
            sizes = {pid: (_kib(pid, "Pss"), _kib(pid, "Rss"), name) for pid, (_, name) in after.items()}
    for pid, (pss, rss, name) in sizes.items():
        percent = (after[pid][0] - before.get(pid, (0, ""))[0]) / _WATCH_SECONDS * 100
        print(f"  {name:40} PSS {pss / 1024:6.1f} MiB  RSS {rss / 1024:6.1f} MiB  CPU {percent:5.2f} %")
    spent = sum(seconds for seconds, _ in after.values()) - sum(seconds for seconds, _ in before.values())
    kept = report("idle: PSS of all processes", sum(s[0] for s in sizes.values()) / 1024, "MiB", budget=350)
    report("idle: RSS of all processes", sum(s[1] for s in sizes.values()) / 1024, "MiB")
    kept &= report("idle: share of one core", spent / _WATCH_SECONDS * 100, "%", budget=3)
    return 0 if kept else 1


def _cpu_seconds(root: int) -> dict[int, tuple[float, str]]:
    """CPU seconds and command of a process and everything below it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                parents[int(entry.name)] = _fields(int(entry.name))
    found = {root}
    while more := {pid for pid, fields in parents.items() if int(fields[1]) in found} - found:
        found |= more
    tick = os.sysconf("SC_CLK_TCK")
    return {pid: ((int(parents[pid][11]) + int(parents[pid][12])) / tick, _command(pid)) for pid in sorted(found)}


def _fields(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the third on: state, parent, ..."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _command(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return " ".join(word for word in words[1:] if word not in ("-m", "-c") and not word.startswith("\n"))[:40]


def _kib(pid: int, key: str) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


if __name__ == "__main__":
    sys.exit(main())
