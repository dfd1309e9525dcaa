"""The companion that cleans up after a killed process is itself gone soon after."""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORGETFUL = """
from integrations import process_guardian
process_guardian.make_ready()
for group in range(60):
    process_guardian.forget(900_000 + group)
print(process_guardian._companion.pid, flush=True)
"""


def test_it_ends_with_its_process_even_when_told_to_forget_what_it_never_knew():
    result = subprocess.run(
        [sys.executable, "-c", FORGETFUL], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    companion = Path("/proc") / result.stdout.strip()

    deadline = time.monotonic() + 20
    while companion.exists() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert not companion.exists(), "it still works on its list"
