"""How git gets its credentials, and that they are gone afterwards."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from integrations.credentials import BasicAuth, SshKey, Token
from integrations.git.environment import Place, Remote, run_git

ROOT = Path(__file__).parents[3]


def wait_until(fact, seconds=20):
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT], ids=["killed outright", "interrupted"])
def test_the_secret_file_is_private_and_does_not_outlive_a_dead_worker(tmp_path, ending):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with socket.create_server(("127.0.0.1", 0)) as mute:
        code = (
            "from integrations.git.environment import Remote; from integrations.git.remote import list_refs; "
            "from integrations.credentials import BasicAuth; "
            f"list_refs(Remote('http://127.0.0.1:{mute.getsockname()[1]}/a', BasicAuth('me', 'hunter2')))"
        )
        worker = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
        wait_until(lambda: any(file.stat().st_size for file in tmp_path.glob("*/git-*/secret")))
        (secret,) = tmp_path.glob("*/git-*/secret")
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (secret, secret.parent, secret.parents[1])]

        worker.send_signal(ending)
        worker.wait()

    assert modes == [0o600, 0o700, 0o700]
    wait_until(lambda: not list(tmp_path.iterdir()))


def test_settings_of_the_machine_and_the_repository_do_not_count(tmp_path, monkeypatch):
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Machine\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "Environment")

    result = run_git("config", "user.name", place=Place(directory=tmp_path))

    assert result.stdout == ""


def test_ssh_gets_the_key_and_the_passphrase_through_private_files(tmp_path, monkeypatch):
    seen = tmp_path / "seen"
    fake = tmp_path / "bin" / "ssh"
    fake.parent.mkdir()
    fake.write_text(
        "#!/bin/sh\n"
        f'for word; do if [ -f "$word" ]; then stat -c %a "$word"; cat "$word"; fi; done > {seen}\n'
        f'"$SSH_ASKPASS" "Enter passphrase" >> {seen}\n'
        f'echo "$@" >> {seen}; env >> {seen}.environment\n'
        "exit 255\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    remote = Remote("git@host.invalid:org/repo.git", SshKey("KEY TEXT\n", "open sesame"))

    run_git("ls-remote", remote.address, place=Place(directory=tmp_path), remote=remote)

    lines = seen.read_text().splitlines()
    assert lines[:3] == ["600", "KEY TEXT", "open sesame"]
    assert "open sesame" not in lines[3]
    assert "sesame" not in Path(f"{seen}.environment").read_text()


@pytest.mark.parametrize(
    "credentials", [BasicAuth("me", "hunter2"), Token("hunter2"), SshKey("hunter2", "hunter2")], ids=type
)
def test_credentials_show_no_secret(credentials):
    assert "hunter2" not in f"{credentials!r} {credentials} {Remote('https://host/r', credentials)!r}"
    assert "hunter2" in credentials.secrets()
