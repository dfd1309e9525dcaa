"""A server that stands for GitHub, AWS, Google and Azure, and a client that may call it."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from integrations.http import HttpClient, HttpPolicy
from tests.servers.http_recorder import HttpRecorder


@pytest.fixture(scope="module")
def recorder() -> Iterator[HttpRecorder]:
    server = HttpRecorder()
    yield server
    server.close()


@pytest.fixture
def issuer(recorder: HttpRecorder) -> HttpRecorder:
    """The server without memory of earlier tests."""
    recorder.answers.clear()
    recorder.seen.clear()
    return recorder


@pytest.fixture
def client() -> Iterator[HttpClient]:
    with HttpClient(HttpPolicy(allow_loopback=True), "kargoweb/test", sleep=lambda _: None) as opened:
        yield opened


@pytest.fixture(scope="session")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def pem(rsa_key: rsa.RSAPrivateKey) -> str:
    return rsa_key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
