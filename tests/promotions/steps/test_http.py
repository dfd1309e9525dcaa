from datetime import timedelta

import pytest

from integrations.errors import IntegrationError, Unreachable
from integrations.http import BlockedAddress
from promotions.steps.base import Done, StepErrored, StepFailed, Waiting
from tests.servers.http_recorder import HttpRecorder

JSON = [("Content-Type", "application/json; charset=utf-8"), ("X-Count", "1"), ("x-count", "2")]


@pytest.fixture
def server():
    server = HttpRecorder()
    yield server
    server.close()


@pytest.fixture
def ask(bench, server):
    """Run the step against a path of the server that gives one answer."""

    def ask(status=200, answer=b"", headers_sent=(), /, **config):
        server.answers["/x"] = [(status, list(headers_sent), answer)]
        return bench.run("http", {"url": f"{server.url}/x", **config})

    return ask


def test_a_success_needs_no_expressions(ask, server):
    assert ask(204) == Done({})
    assert [(seen[0], seen[1]) for seen in server.seen] == [("GET", "/x")]


def test_takes_outputs_from_the_answer(ask):
    outputs = {
        "all": "response.status",
        "deep": "response.body.a[1].b",
        "map": "response.body",
        "header": 'response.header("x-COUNT")',
        "missing": 'response.header("nope")',
        "headers": 'response.headers["X-Count"]',
    }

    result = ask(
        200,
        b'{"a": [1, {"b": "c"}]}',
        JSON,
        outputs=[{"name": name, "fromExpression": text} for name, text in outputs.items()],
    )

    assert result == Done(
        {
            "all": 200,
            "deep": "c",
            "map": {"a": [1, {"b": "c"}]},
            "header": "1",
            "missing": "",
            "headers": ["1", "2"],
        }
    )


def test_sends_method_headers_query_and_body(ask, server):
    ask(
        method="POST",
        url=f"{server.url}/x?z=1&a=%20b",
        headers=[{"name": "X-A", "value": "1"}, {"name": "X-A", "value": "2"}],
        queryParams=[{"name": "m", "value": "&"}, {"name": "a", "value": "c"}],
        body="hello",
    )

    method, path, headers, body = server.seen[0]
    assert (method, path, body) == ("POST", "/x?a=+b&a=c&m=%26&z=1", b"hello")
    assert headers.get_all("X-A") == ["1", "2"]


def test_leaves_a_query_alone_that_needs_no_more(ask, server):
    ask(url=f"{server.url}/x?z=1&a=%20b")

    assert server.seen[0][1] == "/x?z=1&a=%20b"


def test_sends_a_file(bench, ask, server):
    bench.write("body.json", "{}")

    ask(method="PUT", bodyFromFile="body.json", body="")

    assert server.seen[0][3] == b"{}"


@pytest.mark.parametrize(("name", "message"), [("nope", "does not exist"), ("big", "larger than 2 MiB")])
def test_a_file_that_cannot_be_sent_ends_the_step_for_good(bench, ask, server, name, message):
    bench.write("big", "x" * (2 * 1024 * 1024 + 1))

    with pytest.raises(StepErrored, match=f'"{name}".*{message}') as caught:
        ask(method="PUT", bodyFromFile=name)

    assert caught.value.permanent
    assert server.seen == []


@pytest.mark.parametrize(
    ("success", "failure", "status", "expected"),
    [
        ("", "", 200, Done),
        ("", "", 404, Waiting),
        ("", "", 503, Waiting),
        ("response.status == 404", "", 404, Done),
        ("response.status == 404", "", 200, Waiting),
        ("", "response.status == 404", 404, StepFailed),
        ("", "response.status == 404", 200, Waiting),
        ("true", "true", 200, StepFailed),
        ("true", "false", 500, Done),
        ("false", "false", 200, Waiting),
        ("false", "true", 200, StepFailed),
    ],
)
def test_decides_by_its_expressions(ask, success, failure, status, expected):
    config = {"successExpression": success, "failureExpression": failure}

    if expected is StepFailed:
        with pytest.raises(StepFailed, match=rf"^HTTP \({status}\) response met failure criteria$") as caught:
            ask(status, **config)
        assert not caught.value.retry
    else:
        assert isinstance(ask(status, **config), expected)


def test_asks_again_after_the_poll_interval_and_names_the_code(ask, server):
    result = ask(503, pollInterval="1m30s")

    assert result == Waiting("HTTP (503) response is not a success; asking again", timedelta(seconds=90))
    assert ask(503).check_again_in == timedelta(seconds=30)
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("response.body.error", ': "no space"'),
        ('"code " + string(response.status)', ': "code 200"'),
        ("response.status", ""),
        ('""', ""),
        ("response.body.error.deeper.still", ""),
    ],
)
def test_explains_a_failure_with_the_error_expression(ask, expression, message):
    with pytest.raises(StepFailed) as caught:
        ask(200, b'{"error": "no space"}', JSON, failureExpression="true", errorExpression=expression)

    assert str(caught.value) == f"HTTP (200) response met failure criteria{message}"


@pytest.mark.parametrize(
    "config",
    [
        {"successExpression": "response.status =="},
        {"failureExpression": "response.status =="},
        {"failureExpression": "true", "errorExpression": "1 +"},
        {"outputs": [{"name": "a", "fromExpression": "1 +"}]},
    ],
)
def test_an_expression_that_does_not_compile_ends_the_step_for_good(ask, config):
    with pytest.raises(StepErrored, match="error compiling") as caught:
        ask(200, **config)

    assert caught.value.permanent


@pytest.mark.parametrize(
    "config",
    [
        {"successExpression": "response.status.nope.deeper"},
        {"successExpression": "response.status"},
        {"failureExpression": '"yes"'},
        {"outputs": [{"name": "a", "fromExpression": "1 / {}"}]},
    ],
)
def test_an_expression_that_cannot_be_evaluated_is_an_error_that_may_pass(ask, config):
    with pytest.raises(StepErrored) as caught:
        ask(200, **config)

    assert not caught.value.permanent


@pytest.mark.parametrize(
    ("media_type", "override", "body", "expected"),
    [
        ("application/json", "", b"", {}),
        ("application/json", "", b"[1, 1.5, null]", [1, 1.5, None]),
        ("text/plain", "", b'{"a": 1}', '{"a": 1}'),
        ("application/yaml", "", b"a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}),
        ("text/yaml; charset=utf-8", "", b"a: 2024-01-01", {"a": "2024-01-01"}),
        ("application/octet-stream", "", b'{"a": 1}', {"a": 1}),
        ("application/octet-stream", "", b"a: 1", {}),
        ("text/html", "", b"NaN", {}),
        ("text/plain", "application/json", b'{"a": 1}', {"a": 1}),
        ("application/json", "text/plain", b"not json", "not json"),
        ("text/html", "application/yaml", b"a: 1", {"a": 1}),
    ],
)
def test_reads_the_body_by_its_media_type(ask, media_type, override, body, expected):
    result = ask(
        200,
        body,
        [("Content-Type", media_type)],
        outputs=[{"name": "body", "fromExpression": "response.body"}],
        **({"responseContentType": override} if override else {}),
    )

    assert result.output == {"body": expected}


@pytest.mark.parametrize(
    ("media_type", "body", "message"),
    [
        ("application/json", b"{", "not the JSON"),
        ("application/json", b"[" * 100_000, "not the JSON"),
        ("application/yaml", b"a: [", "not the YAML"),
        ("text/plain", b"x" * (2 * 1024 * 1024 + 1), "larger than 2097152 bytes"),
    ],
)
def test_a_body_that_cannot_be_read_is_an_error_that_may_pass(ask, media_type, body, message):
    with pytest.raises(StepErrored, match=message) as caught:
        ask(200, body, [("Content-Type", media_type)])

    assert not caught.value.permanent


def test_a_server_that_is_away_is_unreachable(bench):
    with pytest.raises(Unreachable):
        bench.run("http", {"url": "http://127.0.0.1:1/"})


@pytest.mark.parametrize("url", ["ftp://host/x", "no url", "http://[bad/"])
def test_a_bad_url_ends_the_step_for_good(bench, url):
    with pytest.raises((IntegrationError, StepErrored)) as caught:
        bench.run("http", {"url": url})

    assert caught.value.permanent


def test_link_local_addresses_are_out_of_bounds(bench):
    with pytest.raises(BlockedAddress):
        bench.run("http", {"url": "http://169.254.169.254/latest/meta-data"})


def test_goes_through_a_proxy(bench, server):
    server.answers["http://example.invalid/x"] = [(200, [], b"")]

    assert bench.run("http", {"url": "http://example.invalid/x", "proxy": server.url}) == Done({})


def test_no_request_holds_a_worker_longer_than_five_minutes(ask, bench):
    assert ask(204, timeout="24h") == Done({})
    assert ("info", "timeout 24h is longer than a request may take; waiting for 5m at most") in bench.lines


@pytest.mark.parametrize("timeout", ["abc1s", "1d2h", "5s junk"])
def test_a_timeout_that_is_no_duration_ends_the_step_for_good(ask, timeout):
    with pytest.raises(StepErrored, match=r"timeout: .* is not a duration") as caught:
        ask(timeout=timeout)

    assert caught.value.permanent


def test_a_poll_interval_that_is_no_duration_is_an_error_when_it_is_needed(ask):
    with pytest.raises(StepErrored, match=r"pollInterval: .* is not a duration") as caught:
        ask(503, pollInterval="1d2h")

    assert not caught.value.permanent


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"method": "get"}, "method: must be one of"),
        ({"method": "OPTIONS"}, "method: must be one of"),
        ({"headers": [{"name": "a", "value": ""}]}, r"headers\[0\].value: must not be empty"),
        ({"headers": [{"name": "a", "value": 1}]}, r"headers\[0\].value: must be a string"),
        ({"body": "a", "bodyFromFile": "b"}, "at most one of body and bodyFromFile"),
        ({"timeout": "10"}, "timeout: must match"),
        ({"proxy": "socks5://x"}, "proxy: must match"),
        ({"responseContentType": "text/html"}, "responseContentType: must be one of"),
        ({"responseContentType": ""}, "responseContentType: must be one of"),
        ({"outputs": [{"name": "a"}]}, r"outputs\[0\].fromExpression: is required"),
    ],
)
def test_refuses_a_config_that_breaks_the_rules(ask, config, message):
    with pytest.raises(StepFailed, match=f"invalid http config: .*{message}"):
        ask(**config)


def test_the_log_shows_no_path_and_no_query(bench, ask, server):
    ask(url=f"{server.url}/x?token=s3cret")

    assert bench.lines == [("info", "GET 127.0.0.1"), ("info", "HTTP 200, 0 bytes")]
