"""Fresh private keys for tests: GPG with its own little keyring, and OpenSSH."""

import subprocess
import tempfile
from pathlib import Path


def make_gpg_key(name: str, email: str, *, passphrase: str = "", expired: bool = False, usage: str = "sign") -> str:
    """An armored private key."""
    made_at = ["--faked-system-time", "20200101T000000"] if expired else []
    # Its own short directory: the agent's sockets must fit into a path of a hundred characters.
    with tempfile.TemporaryDirectory(prefix="key-") as home:
        gpg = ["gpg", "--homedir", home, "--batch", "--no-tty", "--pinentry-mode", "loopback"]
        gpg += ["--passphrase", passphrase, *made_at]
        # Guarding a passphrase well takes seconds.
        (Path(home) / "gpg-agent.conf").write_text("s2k-count 65536\n")
        try:
            _run([*gpg, "--quick-generate-key", f"{name} <{email}>", "ed25519", usage, "1d" if expired else "never"])
            return _run([*gpg, "--armor", "--export-secret-keys"])
        finally:
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=False)


def make_ssh_key(directory: Path, *, passphrase: str = "") -> tuple[str, str]:
    """Private and public half."""
    file = directory / "ssh-key"
    file.unlink(missing_ok=True)
    _run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "test", "-f", str(file)])
    return file.read_text(), file.with_suffix(".pub").read_text()


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
