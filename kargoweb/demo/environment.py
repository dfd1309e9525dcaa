"""What `up --demo` sets before anything starts, and what it tells at the end. Knows no Django."""

import json
import os
import socket
import sys
import threading
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

PASSWORD = "kargoweb-demo"  # noqa: S105 (shown on the sign-in page of the demo)
# User name, role in the demo project, stages it is limited to, what the person can show.
ACCOUNTS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("alice", "owner", (), "everything in the project"),
    ("mia", "maintainer", (), "edits warehouses, stages and tasks"),
    ("bob", "promoter", (), "promotes to every stage"),
    ("pat", "promoter", ("dev", "staging"), "promotes to dev and staging only"),
    ("nora", "approver", (), "votes on approvals"),
    ("rita", "viewer", (), "sees everything, changes nothing"),
)
ADMINISTRATOR = "admin"
_ROOT = Path(__file__).resolve().parent.parent.parent


def prepare_environment(*, port: int) -> None:
    """Point the settings at the demo: own data, loopback allowed, quick looks at the repositories."""
    defaults = {
        "KARGOWEB_DATA_DIR": str(_ROOT / "var" / "demo"),
        "KARGOWEB_DEMO": "true",
        "KARGOWEB_ALLOW_PRIVATE_ADDRESSES": "true",
        "KARGOWEB_MIN_WAREHOUSE_INTERVAL": "30s",
        "KARGOWEB_URL": f"http://localhost:{port}",
        "KARGOWEB_LOG_LEVEL": "WARNING",
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def demo_dir(data_dir: Path) -> Path:
    """Where the demo's repositories and images lie."""
    return data_dir / "served"


def read_ports(data_dir: Path) -> dict[str, int]:
    """{"git", "registry"}: free ports found at the first start and kept, for manifests name them."""
    file = demo_dir(data_dir) / "ports.json"
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            file.write_text(json.dumps({"git": one.getsockname()[1], "registry": other.getsockname()[1]}))
    ports: dict[str, int] = json.loads(file.read_text())
    return ports


def announce_demo(host: str, port: int, stop: threading.Event) -> None:
    """Print address and accounts as soon as the pages answer."""
    shown = "localhost" if host in ("127.0.0.1", "0.0.0.0") else host  # noqa: S104
    while not stop.wait(0.1):
        try:
            with urlopen(f"http://{host}:{port}/readyz", timeout=2) as answer:
                if answer.status == 200:
                    break
        except (URLError, OSError):
            continue
    else:
        return
    rows = [
        *((name, role, text) for name, role, _, text in ACCOUNTS),
        (ADMINISTRATOR, "administrator", "the installation"),
    ]
    lines = "\n".join(f"    {name:8} {role:14} {text}" for name, role, text in rows)
    sys.stdout.write(
        f"\n  kargoweb is ready:  http://{shown}:{port}\n\n  Sign in as (password {PASSWORD}):\n{lines}\n\n"
        "  Press Ctrl-C to stop.\n\n"
    )
    sys.stdout.flush()
