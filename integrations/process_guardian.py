"""Kills the commands of this process when this process is killed outright.

A worker that gets SIGKILL cannot clean up. So each process that runs commands has one small companion, a
shell of about one megabyte in a session of its own. It is told the process groups as they come and go
through a pipe; the kernel closes the pipe when we die, and the companion kills what is still on its list.

PR_SET_PDEATHSIG would reach only the direct child (not git's own children), is tied to the thread that
started it and needs code between fork and exec, which is not safe with threads.
"""

import atexit
import contextlib
import os
import subprocess
import threading

_SCRIPT = """
trap '' HUP INT TERM
groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) groups="${groups%% "$group" *} ${groups#* "$group" }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done 2>/dev/null
exit 0
"""

_lock = threading.Lock()
_companion: subprocess.Popen[bytes] | None = None


def make_ready() -> None:
    """Start the companion, so that nothing slow lies between the start of a command and `watch`."""
    global _companion
    with _lock:
        if _companion is None:
            _companion = _start()


def watch(group: int) -> None:
    """Let this process group die with us."""
    _tell(f"+ {group}\n")


def forget(group: int) -> None:
    """Take a process group that has ended off the list: its number may be given to somebody else."""
    _tell(f"- {group}\n")


def _tell(message: str) -> None:
    global _companion
    with _lock:
        for _ in range(2):
            if _companion is None:
                _companion = _start()
            pipe = _companion.stdin
            try:
                os.write(pipe.fileno(), message.encode())  # type: ignore[union-attr]
            except BrokenPipeError:
                # Somebody killed the companion. Groups it knew are not told again: they end on their own.
                _stop()
            else:
                return


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", _SCRIPT],
        cwd="/",
        env={},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _stop() -> None:
    global _companion
    if _companion is None:
        return
    companion, _companion = _companion, None
    with contextlib.suppress(BrokenPipeError):
        companion.stdin.close()  # type: ignore[union-attr]
    companion.wait()


def _leave_to_parent() -> None:
    """In a forked child: close our copy of the pipe, else the parent's death would go unnoticed."""
    global _companion, _lock
    _lock = threading.Lock()
    if _companion is not None:
        companion, _companion = _companion, None
        companion.stdin.close()  # type: ignore[union-attr]
        companion.returncode = 0  # not ours to wait for


atexit.register(_stop)
os.register_at_fork(after_in_child=_leave_to_parent)
