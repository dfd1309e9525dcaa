"""Cleans up after this process when it is killed outright: its commands die, its secret files are deleted.

A worker that gets SIGKILL cannot clean up. So each process that runs commands has one small companion, a
shell of about one megabyte in a session of its own. It is told the process groups as they come and go
through a pipe; the kernel closes the pipe when we die, and the companion kills what is still on its list and
deletes our private directory.

PR_SET_PDEATHSIG would reach only the direct child (not git's own children), is tied to the thread that
started it and needs code between fork and exec, which is not safe with threads.
"""

import atexit
import contextlib
import os
import stat
import subprocess
import tempfile
import threading
from pathlib import Path

_SCRIPT = """
trap '' HUP INT TERM
groups=' '
directory=$1
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    =) directory=$group ;;
    -) case "$groups" in
        *" $group "*) groups="${groups%% "$group" *} ${groups#* "$group" }" ;;
      esac ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done 2>/dev/null
rm -rf -- "$directory"
"""

_lock = threading.Lock()
_companion: subprocess.Popen[bytes] | None = None
_directory: Path | None = None


def make_ready() -> Path:
    """Start the companion, so that nothing slow lies between the start of a command and `watch`.

    Returns a directory of this process alone, for files that must not outlive it.
    """
    global _companion, _directory
    with _lock:
        if _directory is None or not _is_ours(_directory):
            _directory = Path(tempfile.mkdtemp(prefix="kargoweb-"))
            _show_directory(_directory)
        if _companion is None:
            _companion = _start(_directory)
        return _directory


def _is_ours(directory: Path) -> bool:
    """False when the machine has cleaned up its temporary files, whoever took the name since."""
    try:
        found = directory.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _show_directory(directory: Path) -> None:
    """Tell a companion that runs already which directory it has to delete."""
    if _companion is None:
        return
    try:
        os.write(_companion.stdin.fileno(), f"= {directory}\n".encode())  # type: ignore[union-attr]
    except BrokenPipeError:
        _stop()


def watch(group: int) -> None:
    """Let this process group die with us."""
    _tell(f"+ {group}\n")


def forget(group: int) -> None:
    """Take a process group that has ended off the list: its number may be given to somebody else."""
    _tell(f"- {group}\n")


def _tell(message: str) -> None:
    for _ in range(2):
        make_ready()
        with _lock:
            try:
                os.write(_companion.stdin.fileno(), message.encode())  # type: ignore[union-attr]
            except BrokenPipeError:
                # Somebody killed the companion. Groups it knew are not told again: they end on their own.
                _stop()
            else:
                return


def _start(directory: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", _SCRIPT, "kargoweb-guardian", str(directory)],
        cwd="/",
        env={"PATH": os.defpath},
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
    global _companion, _directory, _lock
    _lock = threading.Lock()
    _directory = None
    if _companion is not None:
        companion, _companion = _companion, None
        companion.stdin.close()  # type: ignore[union-attr]
        companion.returncode = 0  # not ours to wait for


atexit.register(_stop)
os.register_at_fork(after_in_child=_leave_to_parent)
