"""A real Gitea on a free port, with its data in a directory of its own; `tests/install-forge` builds it."""

import os
import socket
import subprocess
import time
from pathlib import Path

import httpx

HOME = Path(os.environ.get("KARGOWEB_FORGE_DIR") or Path.home() / ".cache/kargoweb-tests/gitea-v1.26.0")
_STARTS_WITHIN_SECONDS = 60
_SETTINGS = """
RUN_MODE = prod
RUN_USER = {user}
WORK_PATH = {root}
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
DISABLE_SSH = true
OFFLINE_MODE = true
STATIC_ROOT_PATH = {home}
[database]
DB_TYPE = sqlite3
PATH = {root}/gitea.db
[repository]
ROOT = {root}/repositories
[repository.pull-request]
WORK_IN_PROGRESS_PREFIXES = WIP:
[security]
INSTALL_LOCK = true
SECRET_KEY = only-for-tests
PASSWORD_HASH_ALGO = pbkdf2$1$50
[service]
DISABLE_REGISTRATION = true
[indexer]
ISSUE_INDEXER_TYPE = db
[cron]
ENABLED = false
[log]
MODE = console
LEVEL = warn
"""


class RealGitea:
    """The user `alice` owns everything; `token` is hers."""

    def __init__(self, root: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._settings = root / "app.ini"
        user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
        self._settings.write_text(_SETTINGS.format(user=user, root=root, port=port, home=HOME))
        # It refuses to run as root, which tests in containers are.
        self._environment = {**os.environ, "GITEA_I_AM_BEING_UNSAFE_RUNNING_AS_ROOT": "true", "HOME": str(root)}
        self._run("migrate")
        person = ("--username", "alice", "--password", "Passw0rd-of-tests", "--email", "alice@example.com")
        self._run("admin", "user", "create", *person, "--admin", "--must-change-password=false")
        token = ("generate-access-token", "--username", "alice", "--raw", "--scopes", "all")
        self.token = self._run("admin", "user", *token).split()[-1]
        self._log = (root / "web.log").open("wb")
        command = [HOME / "gitea", "--config", self._settings, "web"]
        self._process = subprocess.Popen(command, env=self._environment, stdout=self._log, stderr=subprocess.STDOUT)
        self.api = httpx.Client(base_url=f"{self.url}/api/v1", headers={"Authorization": f"token {self.token}"})
        self._wait_until_it_answers(root)

    def stop(self) -> None:
        self.api.close()
        self._process.terminate()
        self._process.wait(30)
        self._log.close()

    def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Call the API as alice; anything but success is a failure of the test."""
        answer = self.api.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer

    def _run(self, *arguments: str) -> str:
        command = [HOME / "gitea", "--config", self._settings, *arguments]
        ended = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def _wait_until_it_answers(self, root: Path) -> None:
        end = time.monotonic() + _STARTS_WITHIN_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            try:
                if self.api.get("/version").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        self._process.kill()
        raise AssertionError(f"Gitea did not start:\n{(root / 'web.log').read_text()[-2000:]}")
