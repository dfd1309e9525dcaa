"""`python -m kargoweb.demo`: the git server and the registry of the demo, until SIGTERM."""

import os
import signal
import threading
from pathlib import Path

from integrations.loopback.git_server import GitServer
from integrations.loopback.oci_registry import OciRegistry
from kargoweb.demo.environment import demo_dir, read_ports


def serve(data_dir: Path) -> None:
    """Serve both on the ports that the manifests name."""
    ports, directory = read_ports(data_dir), demo_dir(data_dir)
    git = GitServer(directory / "git", port=ports["git"])
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with OciRegistry(port=ports["registry"], storage=directory / "images"):
        git.start()
        stop.wait()
        git.stop()


if __name__ == "__main__":
    serve(Path(os.environ["KARGOWEB_DATA_DIR"]))
