"""The runner of commands: output, limits, and that nothing survives."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from integrations.errors import Aborted, IntegrationError, TimedOut
from integrations.process_output import CUT_MARK, MAX_LINE_BYTES, LineSplitter
from integrations.processes import run_process


def run(*argv, timeout=None, should_stop=lambda: False, lines=None, **options):
    on_line = (lambda stream, line: lines.append((stream, line))) if lines is not None else (lambda *_: None)
    options = {"cwd": Path("/"), "env": {}, **options}
    return run_process(argv, timeout=timeout, on_line=on_line, should_stop=should_stop, **options)


def python(code, **options):
    return run(sys.executable, "-c", code, **options)


def is_alive(pid):
    """A zombie counts as dead: nobody may be left to collect it here."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(fact, seconds=20):
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_hands_on_both_streams_line_by_line_and_tells_the_exit_code():
    lines = []

    result = run("sh", "-c", "echo one; echo two >&2; printf three; exit 3", lines=lines)

    assert sorted(lines) == [("stderr", "two"), ("stdout", "one"), ("stdout", "three")]
    assert (result.exit_code, result.stdout, result.stderr) == (3, "one\nthree", "two\n")


def test_lines_arrive_while_the_command_still_runs(tmp_path):
    proof = tmp_path / "heard"
    waiting = f"while not os.path.exists({str(proof)!r}): time.sleep(0.01)"
    code = f"import os, time\nprint('ready', flush=True)\n{waiting}"

    result = run_process(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={},
        timeout=timedelta(seconds=30),
        on_line=lambda _stream, _line: proof.touch(),
        should_stop=lambda: False,
    )

    assert result.exit_code == 0


def test_feeds_more_input_than_a_pipe_holds():
    data = b"x" * 3_000_000 + b"\n"

    assert run("cat", stdin=data).stdout.encode() == data


def test_a_command_that_does_not_read_its_input_is_no_error():
    assert run("true", stdin=b"x" * 3_000_000).exit_code == 0


def test_invalid_text_is_replaced():
    lines = []

    python(r"import sys; sys.stdout.buffer.write(b'a\xff\xfeb\n')", lines=lines)

    assert lines == [("stdout", "a\ufffd\ufffdb")]


def test_progress_is_thinned_out_but_its_end_is_kept():
    seen = []
    splitter = LineSplitter(seen.append)

    for percent in range(101):
        splitter.feed(f"Receiving {percent}%\r".encode())
    splitter.feed(b"\nReceiving done\r\n")
    splitter.feed(b"Half a li")
    splitter.finish()

    assert seen == ["Receiving 0%", "Receiving 100%", "Receiving done", "Half a li"]


def test_the_last_progress_line_is_not_lost_at_the_end():
    seen = []
    splitter = LineSplitter(seen.append)

    splitter.feed(b"1%\r2%\r100%\r")
    splitter.finish()

    assert seen == ["1%", "100%"]


def test_very_long_lines_are_cut():
    lines = []

    python("print('x' * 1_000_000); print('next')", lines=lines)

    assert lines == [("stdout", "x" * MAX_LINE_BYTES + CUT_MARK), ("stdout", "next")]


@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_secrets_are_masked_however_the_bytes_come(chunk):
    seen = []
    splitter = LineSplitter(seen.append, ["hunter2", "hunter2-long"])
    data = b"a hunter2-long b hunter2\n" + b"y" * (MAX_LINE_BYTES - 3) + b"hunter2-long tail\n"

    for start in range(0, len(data), chunk):
        splitter.feed(data[start : start + chunk])

    assert seen[0] == "a *** b ***"
    assert "hunt" not in seen[1]


def test_secrets_do_not_show_in_the_error_text():
    result = run("sh", "-c", "echo password is hunter2 >&2; exit 1", secrets=["hunter2"])

    assert result.stderr == "password is ***\n"


def test_the_environment_holds_nothing_of_ours(monkeypatch):
    monkeypatch.setenv("KARGOWEB_SECRET_KEY", "secret")
    monkeypatch.setenv("LD_PRELOAD_OF_OURS", "x")
    monkeypatch.setenv("https_proxy", "http://proxy:3128")

    names = run("env", env={"EXTRA": "1"}).stdout

    assert "KARGOWEB" not in names
    assert "OF_OURS" not in names
    assert "https_proxy=http://proxy:3128" in names
    assert "EXTRA=1" in names


def test_a_missing_command_is_named():
    with pytest.raises(IntegrationError, match='command "no-such-tool" was not found') as caught:
        run("no-such-tool")

    assert caught.value.permanent


def _family(tmp_path, trap=""):
    """A shell that starts a child in the background; both write their ids and stay."""
    return f"{trap} sleep 1000 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/parent; echo ready; wait; wait"


def _pids(tmp_path):
    return [int((tmp_path / name).read_text()) for name in ("parent", "child")]


@pytest.mark.parametrize("trap", ["", "trap '' TERM;"], ids=["polite", "stubborn"])
def test_a_stop_request_kills_the_whole_group(tmp_path, trap):
    with pytest.raises(Aborted, match="on request"):
        run("sh", "-c", _family(tmp_path, trap), should_stop=(tmp_path / "parent").exists)

    assert not any(is_alive(pid) for pid in _pids(tmp_path))


def test_a_timeout_kills_the_whole_group(tmp_path):
    with pytest.raises(TimedOut, match="longer than"):
        run("sh", "-c", _family(tmp_path), timeout=timedelta(seconds=0.5))

    assert not any(is_alive(pid) for pid in _pids(tmp_path))


def test_an_error_of_the_listener_kills_the_whole_group(tmp_path):
    def explode(_stream, _line):
        raise ValueError("listener")

    with pytest.raises(ValueError, match="listener"):
        run_process(
            ["sh", "-c", f"echo hello; {_family(tmp_path)}"],
            cwd=tmp_path,
            env={},
            timeout=timedelta(seconds=30),
            on_line=explode,
            should_stop=lambda: False,
        )

    pids = [int(path.read_text()) for path in (tmp_path / "parent", tmp_path / "child") if path.exists()]
    assert not any(is_alive(pid) for pid in pids)


def test_a_background_child_that_holds_the_pipes_does_not_hold_us(tmp_path):
    result = run("sh", "-c", f"sleep 1000 & echo $! > {tmp_path}/child", timeout=timedelta(seconds=30))

    assert result.exit_code == 0
    wait_until(lambda: not is_alive(int((tmp_path / "child").read_text())))


@pytest.mark.parametrize("trap", ["", "trap '' TERM HUP;"], ids=["polite", "stubborn"])
def test_everything_dies_when_the_worker_is_killed_outright(tmp_path, trap):
    code = (
        "from pathlib import Path; from integrations.processes import run_process; "
        f"run_process(['sh', '-c', {_family(tmp_path, trap)!r}], cwd=Path('/'), env={{}}, timeout=None, "
        f"on_line=lambda *_: Path({str(tmp_path / 'ready')!r}).touch(), should_stop=lambda: False)"
    )
    root = Path(__file__).parents[2]
    worker = subprocess.Popen([sys.executable, "-c", code], cwd=root)
    wait_until((tmp_path / "ready").exists)
    pids = _pids(tmp_path)
    assert all(is_alive(pid) for pid in pids)

    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()

    wait_until(lambda: not any(is_alive(pid) for pid in pids))


def test_a_forked_worker_has_a_guardian_of_its_own(tmp_path):
    code = f"""
import os, time
from pathlib import Path
from integrations.processes import run_process
ready = Path({str(tmp_path / "ready")!r})
def run(*argv):
    touch = lambda *_: ready.touch()
    run_process(argv, cwd=Path("/"), env={{}}, timeout=None, on_line=touch, should_stop=bool)
run("true")
child = os.fork()
if child == 0:
    run("sh", "-c", {_family(tmp_path)!r})
Path({str(tmp_path / "worker")!r}).write_text(str(child))
os.wait()
"""
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    wait_until((tmp_path / "ready").exists)
    wait_until(lambda: (tmp_path / "worker").exists() and (tmp_path / "worker").read_text())

    os.kill(int((tmp_path / "worker").read_text()), signal.SIGKILL)

    wait_until(lambda: not any(is_alive(pid) for pid in _pids(tmp_path)))
    assert parent.wait() == 0


def test_a_private_directory_that_the_machine_cleaned_up_is_made_anew_and_still_deleted_at_the_end(tmp_path):
    code = f"""
import shutil, sys
from pathlib import Path
from integrations import process_guardian
first = process_guardian.make_ready()
shutil.rmtree(first)
second = process_guardian.make_ready()
(second / "secret").touch()
Path({str(tmp_path / "there")!r}).write_text(str(second))
sys.stdin.read()
"""
    worker = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2], stdin=subprocess.PIPE)
    wait_until(lambda: (tmp_path / "there").exists() and (tmp_path / "there").read_text())
    directory = Path((tmp_path / "there").read_text())
    assert (directory / "secret").exists()
    assert directory.stat().st_mode & 0o777 == 0o700

    os.kill(worker.pid, signal.SIGKILL)
    worker.communicate()

    wait_until(lambda: not directory.exists())
