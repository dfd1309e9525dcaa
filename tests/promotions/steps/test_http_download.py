import contextlib
import socket
import stat
import threading

import pytest

from integrations.errors import Aborted
from integrations.http import BlockedAddress
from promotions.steps.base import Done, StepErrored, StepFailed
from promotions.steps.downloads import MAX_BYTES
from tests.servers.http_recorder import HttpRecorder


@pytest.fixture
def server():
    server = HttpRecorder()
    server.answers["/file"] = [(200, [], b"content")]
    yield server
    server.close()


@pytest.fixture
def download(bench, server):
    def download(**config):
        return bench.run("http-download", {"url": f"{server.url}/file", "outPath": "dir/file.bin", **config})

    return download


def test_writes_the_body_to_a_private_file(bench, download):
    assert download() == Done()

    assert bench.read("dir/file.bin") == "content"
    assert stat.S_IMODE((bench.workdir / "dir/file.bin").stat().st_mode) == 0o600
    assert stat.S_IMODE((bench.workdir / "dir").stat().st_mode) == 0o700
    assert bench.files() == ["dir/file.bin"]


def test_sends_headers_and_query_and_logs_neither(bench, download, server):
    download(
        url=f"{server.url}/file?z=1&token=s3cret",
        headers=[{"name": "X-A", "value": "1"}, {"name": "X-A", "value": "2"}],
        queryParams=[{"name": "a", "value": "b c"}],
    )

    method, path, headers, _ = server.seen[0]
    assert (method, path) == ("GET", "/file?a=b+c&token=s3cret&z=1")
    assert headers.get_all("X-A") == ["1", "2"]
    assert bench.lines == [("info", "Downloading from 127.0.0.1"), ("info", "Wrote 7 bytes to dir/file.bin")]


def test_a_second_try_knows_the_file_of_the_first_one_again(bench, download, server):
    download()
    server.answers["/file"] = [(200, [], b"newer")]

    assert download() == Done()
    assert bench.read("dir/file.bin") == "newer"
    bench.write("dir/file.bin", "somebody else's")
    with pytest.raises(StepErrored, match="file already exists"):
        download()


def test_a_file_that_is_there_stays_unless_it_may_be_replaced(bench, download, server):
    bench.write("dir/file.bin", "old")

    with pytest.raises(StepErrored, match=r"file already exists at dir/file.bin .* allowOverwrite") as caught:
        download()
    assert caught.value.permanent
    assert (bench.read("dir/file.bin"), server.seen) == ("old", [])

    download(allowOverwrite=True)
    assert bench.read("dir/file.bin") == "content"


def test_stays_in_the_work_tree(bench, download):
    (bench.workdir / "link").symlink_to(bench.workdir.parent)

    download(outPath="../../escaped")
    download(outPath="link/linked")

    assert {"escaped", "linked"} <= {name.rpartition("/")[2] for name in bench.files()}
    assert sorted(path.name for path in bench.workdir.parent.iterdir()) == ["work"]


def test_a_directory_in_the_way_is_an_error(bench, download):
    (bench.workdir / "dir").mkdir()

    with pytest.raises(StepErrored, match="is a directory"):
        download(outPath="dir", allowOverwrite=True)


@pytest.mark.parametrize("status", [301, 404, 500])
def test_another_status_than_success_fails_and_counts(bench, download, server, status):
    server.answers["/file"] = [(status, [], b"sorry")]

    with pytest.raises(StepFailed, match=f"^HTTP request failed with status {status}$") as caught:
        download()

    assert caught.value.retry
    assert bench.files() == []


@contextlib.contextmanager
def raw_server(head, body):
    """The URL of a server that answers one request with these bytes."""

    def serve():
        connection, _ = listener.accept()
        with connection, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.recv(65536)
            connection.sendall(head)
            for piece in body:
                connection.sendall(piece)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


def test_a_declared_length_over_the_limit_fails_for_good(bench, download):
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {MAX_BYTES + 1}\r\n\r\n".encode()

    with raw_server(head, []) as url, pytest.raises(StepFailed, match="exceeds limit of 104857600 bytes") as caught:
        download(url=url)

    assert not caught.value.retry
    assert bench.files() == []


def test_a_body_over_the_limit_is_an_error_that_counts(bench, download):
    mebibyte = bytes(1024 * 1024)
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"

    with raw_server(head, [mebibyte] * 101) as url, pytest.raises(StepErrored, match="exceeds limit") as caught:
        download(url=url)

    assert not caught.value.permanent
    assert bench.files() == []


def test_connections_that_fail_are_errors_that_count(bench):
    with pytest.raises(StepErrored, match=r"Cannot reach 127\.0\.0\.1:1") as caught:
        bench.run("http-download", {"url": "http://127.0.0.1:1/x", "outPath": "o"})

    assert not caught.value.permanent


@pytest.mark.parametrize("url", ["ftp://host/x", "no url", "http://[bad/", "http:///x"])
def test_a_bad_url_ends_the_step_for_good(bench, url):
    with pytest.raises(StepErrored, match="error building HTTP request") as caught:
        bench.run("http-download", {"url": url, "outPath": "o"})

    assert caught.value.permanent


def test_link_local_addresses_are_out_of_bounds(bench):
    with pytest.raises(BlockedAddress, match="link-local"):
        bench.run("http-download", {"url": "http://169.254.169.254/latest", "outPath": "o"})


def test_an_abort_ends_the_download(bench, download):
    bench.should_stop = lambda: True

    with pytest.raises(Aborted):
        download()

    assert bench.files() == []


@pytest.mark.parametrize(("timeout", "message"), [("1d2h", "error parsing timeout"), ("10", "timeout: must match")])
def test_a_timeout_must_be_a_duration(download, timeout, message):
    with pytest.raises((StepErrored, StepFailed), match=message):
        download(timeout=timeout)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"url": ""}, "url: must not be empty"),
        ({"outPath": ""}, "outPath: must not be empty"),
        ({"headers": [{"name": "a"}]}, r"headers\[0\].value: is required"),
        ({"method": "POST"}, "method: unknown field"),
        ({"allowOverwrite": "yes"}, "allowOverwrite: must be true or false"),
    ],
)
def test_refuses_a_config_that_breaks_the_rules(download, config, message):
    with pytest.raises(StepFailed, match=f"invalid http-download config: .*{message}"):
        download(**config)
