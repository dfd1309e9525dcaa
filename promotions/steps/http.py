"""http: send an HTTP request and judge the answer by expressions.

Source: Kargo docs `promotion-steps/http.md`, code `runner/builtin/http_requester.go`.
Differs: an answer outside 2xx without any expression is asked again after pollInterval, and the message says so.
A request ends after five minutes, whatever timeout says.
"""

import dataclasses
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from pydantic import ConfigDict, Field, model_validator

from expressions import ExpressionError, evaluate, parse, to_json
from integrations.http import BodyTooLarge, HttpClient, HttpResponse
from promotions.steps.base import (
    Done,
    Effect,
    Step,
    StepConfig,
    StepContext,
    StepErrored,
    StepFailed,
    Waiting,
    Would,
)
from promotions.steps.capabilities import given
from promotions.steps.durations import SCHEMA_PATTERN, parse_duration
from promotions.steps.http_response import BadBody, build_scope
from promotions.steps.rules import at_most_one, with_rules

_MAX_BODY_BYTES = 2 * 1024 * 1024
_DEFAULT_TIMEOUT, _DEFAULT_POLL_INTERVAL = timedelta(seconds=10), timedelta(seconds=30)
# A request holds a worker, and an abort waits for its end.
_LONGEST_TIMEOUT = timedelta(minutes=5)
_USER_AGENT = "kargoweb"

# Methods that change nothing on the other side.
_READING = frozenset({"GET", "HEAD"})

Scope = dict[str, Any]


class Pair(StepConfig):
    name: str = Field(min_length=1, description="Name; may occur several times.")
    value: str = Field(min_length=1, description="Value.")


class Output(StepConfig):
    name: str = Field(min_length=1, description="Key in the output.")
    from_expression: str = Field(min_length=1, description="Expression over `response`, without ${{ }}.")


class Config(StepConfig):
    model_config = ConfigDict(json_schema_extra=with_rules(at_most_one("body", "bodyFromFile")))

    url: str = Field(min_length=1, description="Where to send the request.")
    method: Literal["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"] = Field("GET", description="HTTP method.")
    headers: list[Pair] = Field(default_factory=list, description="Headers to send.")
    query_params: list[Pair] = Field(default_factory=list, description="Added to the query of the URL.")
    body: str = Field("", description="Body to send; at most one of body and bodyFromFile.")
    body_from_file: str = Field("", min_length=1, description="File to send as the body, at most 2 MiB.")
    insecure_skip_tls_verify: bool = Field(False, alias="insecureSkipTLSVerify", description="Trust any certificate.")
    proxy: str = Field(
        "", pattern="^https?://.*$", description="Proxy to go through; the environment's when left out."
    )
    timeout: str = Field("", pattern=SCHEMA_PATTERN, description="For the request, at most 5m; 10s when left out.")
    poll_interval: str = Field("", pattern=SCHEMA_PATTERN, description="Wait before asking again; 30s when left out.")
    response_content_type: Literal["", "application/json", "application/yaml", "text/plain"] = Field(
        "", description="How to read the body, whatever the answer says."
    )
    outputs: list[Output] = Field(default_factory=list, description="What to take from the answer.")
    success_expression: str = Field("", description="True ends the step as Succeeded.")
    failure_expression: str = Field("", description="True ends the step as Failed.")
    error_expression: str = Field("", description="Text to add to the message of a failure.")

    @model_validator(mode="after")
    def check_combinations(self) -> "Config":
        if self.body and self.body_from_file:
            raise ValueError("at most one of body and bodyFromFile is allowed")
        if "response_content_type" in self.model_fields_set and not self.response_content_type:
            raise ValueError("responseContentType: must be one of application/json, application/yaml, text/plain")
        return self


def run(context: StepContext, config: Config) -> Done | Waiting:
    scope = _read_answer(context, config)
    status = scope["response"]["status"]
    succeeded = _decide(config.success_expression, scope, "successExpression")
    failed = _decide(config.failure_expression, scope, "failureExpression")
    if failed:
        raise StepFailed(f"HTTP ({status}) response met failure criteria{_say_error(config, scope)}")
    is_judged = bool(config.success_expression or config.failure_expression)
    if succeeded or (not is_judged and 200 <= status < 300):
        return Done(_take_outputs(config, scope))
    what = "does not meet the success criteria yet" if is_judged else "is not a success"
    return Waiting(f"HTTP ({status}) response {what}; asking again", _poll_interval(config))


def would(context: StepContext, config: Config) -> Done | Waiting | Would:
    """Reading changes nothing, so it is done; without `outputs` nothing of an answer can be needed later."""
    if config.method in _READING:
        return run(context, config)
    # Only the host: path and query may hold secrets; webhooks do so.
    message = f"would send {config.method} to {_build_url(config).hostname}"
    return Would(message, output=None if config.outputs else {})


def _read_answer(context: StepContext, config: Config) -> Scope:
    url, content = _build_url(config), _read_request_body(context, config)
    # Path and query may hold secrets; webhooks do so.
    context.log(f"{config.method} {url.hostname}", "info")
    try:
        response = _send(context, config, url.geturl(), content)
        context.log(f"HTTP {response.status}, {len(response.body)} bytes", "info")
        return build_scope(response, config.response_content_type)
    except (BodyTooLarge, BadBody) as error:
        raise StepErrored(str(error)) from error


def _send(context: StepContext, config: Config, url: str, content: bytes | None) -> HttpResponse:
    timeout = _read_duration(config.timeout, "timeout", permanent=True) or _DEFAULT_TIMEOUT
    if timeout > _LONGEST_TIMEOUT:
        context.log(f"timeout {config.timeout} is longer than a request may take; waiting for 5m at most", "info")
        timeout = _LONGEST_TIMEOUT
    with _open_client(given(context.can.http), config) as client:
        return client.request(
            config.method,
            url,
            headers=[(pair.name, pair.value) for pair in config.headers],
            content=content,
            timeout=timeout,
            max_body_bytes=_MAX_BODY_BYTES,
            # Expressions judge each answer; asking again is the step's business.
            retry=False,
        )


def _open_client(client: HttpClient, config: Config) -> AbstractContextManager[HttpClient]:
    if not config.insecure_skip_tls_verify and not config.proxy:
        return nullcontext(client)
    policy = dataclasses.replace(
        client.policy,
        verify_tls=client.policy.verify_tls and not config.insecure_skip_tls_verify,
        proxy=config.proxy or client.policy.proxy,
    )
    return HttpClient(policy, _USER_AGENT)


def _build_url(config: Config) -> SplitResult:
    try:
        parts = urlsplit(config.url)
    except ValueError as error:
        raise StepErrored(f"url cannot be read: {error}", permanent=True) from error
    if not config.query_params:
        return parts
    query = parse_qsl(parts.query, keep_blank_values=True)
    query += [(pair.name, pair.value) for pair in config.query_params]
    return parts._replace(query=urlencode(sorted(query, key=lambda item: item[0])))


def _read_request_body(context: StepContext, config: Config) -> bytes | None:
    if not config.body_from_file:
        return config.body.encode() if config.body else None
    path = context.path(config.body_from_file)
    if not path.is_file():
        raise StepErrored(f'bodyFromFile: file "{config.body_from_file}" does not exist', permanent=True)
    if path.stat().st_size > _MAX_BODY_BYTES:
        raise StepErrored(f'bodyFromFile: "{config.body_from_file}" is larger than 2 MiB', permanent=True)
    return path.read_bytes()


def _decide(expression: str, scope: Scope, field: str) -> bool | None:
    """None when there is no expression."""
    if not expression:
        return None
    _compile(expression, field)
    try:
        value = evaluate(expression, scope)
    except ExpressionError as error:
        raise StepErrored(f"error evaluating {field}: {error}") from error
    if not isinstance(value, bool):
        raise StepErrored(f"{field} must be true or false, but it evaluated to something else")
    return value


def _say_error(config: Config, scope: Scope) -> str:
    if not config.error_expression:
        return ""
    _compile(config.error_expression, "errorExpression")
    try:
        message = evaluate(config.error_expression, scope)
    except ExpressionError:
        # The failure itself is certain; only its explanation is missing.
        return ""
    return f': "{message}"' if isinstance(message, str) and message else ""


def _take_outputs(config: Config, scope: Scope) -> dict[str, Any]:
    outputs = {}
    for output in config.outputs:
        _compile(output.from_expression, f'output "{output.name}"')
        try:
            outputs[output.name] = to_json(evaluate(output.from_expression, scope))
        except ExpressionError as error:
            raise StepErrored(f'error evaluating output "{output.name}": {error}') from error
    return outputs


def _compile(expression: str, field: str) -> None:
    try:
        parse(expression)
    except ExpressionError as error:
        raise StepErrored(f"error compiling {field}: {error}", permanent=True) from error


def _poll_interval(config: Config) -> timedelta:
    return _read_duration(config.poll_interval, "pollInterval", permanent=False) or _DEFAULT_POLL_INTERVAL


def _read_duration(text: str, field: str, *, permanent: bool) -> timedelta | None:
    try:
        return parse_duration(text) if text else None
    except ValueError as error:
        raise StepErrored(f"{field}: {error}", permanent=permanent) from error


STEP = Step(
    "http",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Sends the request again: the other side should take it twice.",
    outputs={"<name>": "One key for each entry of outputs: the value of its expression."},
    needs=("http",),
    would=would,
)
