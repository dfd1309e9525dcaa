"""A real OpenSSH server on the loopback interface, for git over ssh: one sshd a connection, handed the socket."""

import getpass
import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

from tests.servers.keys import make_ssh_key

_SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")


class SshServer:
    """Lets in whoever has the key `private_key`; what sshd says is in `log`."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        assert _SSHD, "OpenSSH's server is missing: run tests/install-system-packages"
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd, started by root, drops its rights
        (directory / "host").mkdir()
        make_ssh_key(directory / "host")
        self.private_key, public = make_ssh_key(directory)
        self._authorized = directory / "authorized"
        self.admit(public)
        self._log = directory / "log"
        self._config = directory / "config"
        self._config.write_text(
            f"HostKey {directory}/host/ssh-key\nAuthorizedKeysFile {directory}/authorized\nStrictModes no\n"
            "UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n"
        )
        self._sessions: list[subprocess.Popen[bytes]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def log(self) -> str:
        return self._log.read_text()

    def url(self, path: Path) -> str:
        """The clone URL of a repository on disk."""
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self._listener.getsockname()[1]}{path}"

    def admit(self, public_key: str) -> None:
        """Let the owner of this key in, too."""
        with self._authorized.open("a") as file:
            file.write(public_key)

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for session in self._sessions:
            session.wait(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # stopped
            with connection, self._log.open("ab") as log:
                command = [_SSHD, "-i", "-e", "-f", self._config]
                self._sessions.append(subprocess.Popen(command, stdin=connection, stdout=connection, stderr=log))
