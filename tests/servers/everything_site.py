"""An installation whose one project uses every step, with all the services that the steps talk to."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from integrations.process_guardian import forget, watch
from tests.servers.everything import PROJECT, STAGE, read_manifests
from tests.servers.installation import ROOT, Installation


class EverythingSite:
    """Use as a context manager. `site` is the installation, without workers yet; `freight` can be promoted."""

    def __init__(self, directory: Path, *, lease: str = "2s", settings: Mapping[str, str] | None = None) -> None:
        self._directory, self._lease, self._settings = directory, lease, dict(settings or {})

    def __enter__(self) -> "EverythingSite":
        self._directory.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-m", "tests.servers.everything", str(self._directory / "served")]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with (self._directory / "services.log").open("w") as log:
            self._services = subprocess.Popen(argv, cwd=ROOT, stderr=log, start_new_session=True, **pipes)
        watch(self._services.pid)
        try:
            line = self._services.stdout.readline()
            if not line:
                raise RuntimeError(f"The services did not start:\n{(self._directory / 'services.log').read_text()}")
            told = json.loads(line)
            self.addresses, self._credentials = told["addresses"], told["credentials"]
            self.site = Installation(
                self._directory / "site",
                lease=self._lease,
                settings={
                    "CONSOLE_PROJECT": PROJECT,
                    "KARGOWEB_ALLOW_CREDENTIALS_OVER_HTTP": "true",
                    "KARGOWEB_ARGOCD_URL": self.addresses["argocd"],
                    "KARGOWEB_ARGOCD_TOKEN": self.addresses["argocd_token"],
                    **self._settings,
                },
            )
            self.site.__enter__()
        except BaseException:
            self._stop_services()
            raise
        try:
            self._prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.site.__exit__()
        self._stop_services()

    def ask(self, call: str, *arguments: Any) -> Any:
        """One call of the services; see `serve` in tests/servers/everything.py."""
        self._services.stdin.write(json.dumps({"call": call, "args": arguments}) + "\n")
        self._services.stdin.flush()
        return json.loads(self._services.stdout.readline())["value"]

    def promote(self, stage: str = STAGE) -> int:
        """Ask for a promotion; to the stage that uses every step if no other is named."""
        promotion: int = self.site.ask("promote", stage, self.freight)
        return promotion

    def _prepare(self) -> None:
        self.site.ask("apply", read_manifests(self.addresses))
        for credential in self._credentials:
            self.site.ask("keep_credential", *credential)
        self.site.ask("add_member", "alice", "owner")
        self.freight = self.site.ask("discover", "images")

    def _stop_services(self) -> None:
        self._services.stdin.close()
        try:
            self._services.wait(10)
        except subprocess.TimeoutExpired:
            self._services.kill()
            self._services.wait()
        self._services.stdout.close()
        forget(self._services.pid)
