"""`python -m benchmarks [NAME ...]`: run benchmarks, each in a process of its own; without a name, all of them."""

import subprocess
import sys

BENCHMARKS = {
    "promotion": "whole promotion against the same git commands in a shell script",
    "first_line": "click Promote to first log line in the browser",
    "recovery": "kill -9 of a worker to the next progress",
    "discovery": "57 warehouses on one repository, one push",
    "discovery_registry": "NewestBuild over 10,000 tags; warehouses beside a registry that says nothing",
    "steps": "file steps against the bare library call or tool",
    "expressions": "ten typical templates against Python, from the cache and compiled anew",
    "throughput": "promotions a minute with 1 to 8 worker slots, on SQLite and on PostgreSQL",
    "idle": "memory and processor of `kargoweb up` while nothing happens",
    "kill": "a worker killed at every step, 50 times: right ends, nothing twice",
    "kill_every_step": "a worker killed in each kind of step: right ends, each effect once",
}


def main(names: list[str]) -> int:
    """Exit code 1 when one of them missed its budget."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        listed = "\n".join(f"  {name:12} {text}" for name, text in BENCHMARKS.items())
        print(f"There is no benchmark {', '.join(unknown)}. There are:\n{listed}", file=sys.stderr)
        return 2
    codes = []
    for name in names or BENCHMARKS:
        print(f"\n{name}: {BENCHMARKS[name]}", flush=True)
        codes.append(subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode)
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
