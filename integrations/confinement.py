"""Runs a command that reads hostile files so that it reaches only the directories it was given, and no network.

Linux' Landlock does it, without rights of its own: this very file starts as a small program, locks itself in and
becomes the command. Where the kernel has no Landlock the command runs unlocked; who starts it checks its input too.
Locked are files and TCP; a name may still be looked up.
"""

import ctypes
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# The same numbers on all machines that Linux runs on today.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_RULE_PATH_BENEATH = 1
_VERSION_QUESTION = 1
_PR_SET_NO_NEW_PRIVS = 38

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
_OLDEST_RIGHTS = (1 << 13) - 1
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_ALL_TCP = 0b11
# The kernel's versions of Landlock that brought a right.
_SINCE = {_REFER: 2, _TRUNCATE: 3, _IOCTL_DEVICE: 5}
_TCP_SINCE = 4

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/dev/null", "/dev/urandom")
_FOR_NETWORK = (
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/run/systemd/resolve",
)


@dataclass(frozen=True, slots=True)
class Room:
    """What a command may touch: `read` and `write` are files or directories with all below them.

    `listed` are directories whose names may be read, but not the files in them. Programs and libraries of the
    system may be run; `programs` names further ones.
    """

    read: Sequence[Path] = ()
    write: Sequence[Path] = ()
    listed: Sequence[Path] = ()
    programs: Sequence[Path] = ()
    network: bool = False


def confine(argv: Sequence[str], room: Room) -> list[str]:
    """The command line that runs `argv` locked into the room; `argv[0]` must be an absolute path."""
    if not sys.platform.startswith("linux"):
        return list(argv)
    rules: dict[str, list[str]] = {
        "read": [*map(str, room.read), *(_FOR_NETWORK if room.network else ())],
        "run": [*_SYSTEM, *map(str, room.programs)],
        "write": [*map(str, room.write), "/dev/null"],
        "listed": [*map(str, room.listed)],
        "network": ["yes"] if room.network else [],
    }
    return [sys.executable, "-I", "-S", __file__, json.dumps(rules), *argv]


def is_available() -> bool:
    """Tell whether this kernel can lock commands in."""
    return sys.platform.startswith("linux") and _landlock_version(ctypes.CDLL(None, use_errno=True)) > 0


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("tcp", ctypes.c_uint64))


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("rights", ctypes.c_uint64), ("descriptor", ctypes.c_int32))


def _landlock_version(libc: ctypes.CDLL) -> int:
    return int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_QUESTION)))


def _lock(rules: dict[str, list[str]]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    version = _landlock_version(libc)
    if version <= 0:
        return
    every = _OLDEST_RIGHTS
    for right, since in _SINCE.items():
        every |= right if version >= since else 0
    tcp = _ALL_TCP if version >= _TCP_SINCE and not rules["network"] else 0
    attributes = _RulesetAttributes(every, tcp)
    size = ctypes.sizeof(attributes) if version >= _TCP_SINCE else 8
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "Landlock makes no rule set")
    read = _READ_FILE | _READ_DIR
    granted = {"read": read, "run": read | _EXECUTE, "write": every & ~_EXECUTE, "listed": _READ_DIR}
    for kind, rights in granted.items():
        for path in rules[kind]:
            _allow(libc, ruleset, path, rights & every)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)) != 0:
        raise OSError(ctypes.get_errno(), "Landlock does not lock")
    os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):
            rights &= _FILE_RIGHTS
        rule = _PathRule(rights, descriptor)
        if libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), ctypes.c_uint32(0)) != 0:
            raise OSError(ctypes.get_errno(), f"Landlock takes no rule for {path}")
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    _lock(json.loads(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606  # it becomes the command it was asked to lock in
