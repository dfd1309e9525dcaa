"""Carries one message to a channel: the fields of the step or its whole payload, in the words of that channel."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from expressions import ExpressionError, evaluate
from integrations.http import BodyTooLarge, HttpResponse
from integrations.messages.slack import API_URL, escape_text, post_message, post_webhook
from integrations.messages.smtp import Mail, Server, send_mail
from promotions.steps.base import StepContext, StepErrored, StepFailed
from promotions.steps.capabilities import given
from promotions.steps.channels import Channel
from promotions.steps.durations import parse_duration
from promotions.steps.http_response import BadBody, build_scope
from promotions.steps.message_payload import HttpPayload, SlackPayload, SmtpPayload, read_payload

_DEFAULT_TIMEOUT, _LONGEST_TIMEOUT = timedelta(seconds=10), timedelta(minutes=1)
_MOST_ANSWER = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Message:
    """What the step was given. With an `encoding` the text is the whole payload and the rest does not count."""

    text: str
    encoding: str = ""
    channel_id: str = ""
    thread_ts: str = ""
    to: tuple[str, ...] = ()
    subject: str = ""
    is_html: bool = False


def send_to_slack(context: StepContext, channel: Channel, message: Message) -> dict[str, Any]:
    """The step's output: the timestamp of the thread, when Slack tells one."""
    if message.encoding:
        payload = read_payload(message.text, message.encoding, SlackPayload)
        fields = payload.model_dump(exclude_none=True)
    else:
        fields = {"text": escape_text(message.text), "thread_ts": message.thread_ts, "channel": message.channel_id}
    fields = {key: value for key, value in fields.items() if value != ""}
    if not any(fields.get(key) for key in ("text", "blocks", "attachments")):
        raise StepFailed("message: a Slack message needs text, blocks or attachments")
    thread = str(fields.get("thread_ts", ""))
    client, spec = given(context.can.http), channel.spec["slack"]
    if url := channel.secret.get("webhookURL"):
        # It belongs to one channel and refuses to be told another.
        post_webhook(client, url, {key: value for key, value in fields.items() if key != "channel"})
        return {"slack": {"threadTS": thread} if thread else {}}
    token = _required(channel, "apiKey", "apiKey (a bot token) or webhookURL")
    fields.setdefault("channel", spec["channelID"])
    stamp = post_message(client, token, fields, api_url=spec.get("apiURL") or API_URL)
    return {"slack": {"threadTS": thread or stamp}}


def send_by_mail(context: StepContext, channel: Channel, message: Message) -> dict[str, Any]:
    """Mail has no output of its own."""
    spec = channel.spec["smtp"]
    to, subject, body, is_html = message.to, message.subject, message.text, message.is_html
    if message.encoding:
        payload = read_payload(message.text, message.encoding, SmtpPayload)
        to, subject, body, is_html = tuple(payload.to), payload.subject, payload.body, payload.html
    mail = Mail(
        sender=spec["from"],
        to=to or tuple(spec.get("to") or ()),
        subject=subject or f"Kargo: {context.project}/{context.stage}",
        body=body,
        is_html=is_html,
        key=f"{context.promotion}/{context.alias}",
    )
    server = Server(
        host=spec["host"],
        port=spec["port"],
        use_tls=spec.get("useTLS", True),
        verify_tls=not spec.get("insecureSkipVerify", False),
        username=channel.secret.get("username", ""),
        password=channel.secret.get("password", ""),
    )
    for refused in send_mail(server, mail, policy=given(context.can.http).policy):
        context.log(f"The mail server refused {refused}; the others get the mail", "err")
    return {"smtp": {}}


def send_to_web(context: StepContext, channel: Channel, message: Message) -> dict[str, Any]:
    """A plain message goes as {"text": ...}, which most chat systems understand."""
    spec = channel.spec["http"]
    payload = HttpPayload(body={"text": message.text})
    if message.encoding:
        payload = read_payload(message.text, message.encoding, HttpPayload)
    headers = {pair["name"]: pair["value"] for pair in spec.get("headers") or ()} | payload.headers
    is_text = isinstance(payload.body, str)
    if payload.body is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "text/plain; charset=utf-8" if is_text else "application/json"
    content = None if payload.body is None else (payload.body if is_text else json.dumps(payload.body)).encode()
    params = [(pair["name"], pair["value"]) for pair in spec.get("queryParams") or ()]
    response = given(context.can.http).request(
        payload.method or spec.get("method") or "POST",
        spec["url"],
        headers=[*headers.items(), *_authorization(channel)],
        params=[*params, *payload.query_params.items()],
        content=content,
        timeout=_read_timeout(spec.get("timeout") or ""),
        max_body_bytes=_MOST_ANSWER,
        retry=False,
        verify_tls=not spec.get("insecureSkipTLSVerify", False),
    )
    _judge(response, {**spec, **{k: v for k, v in payload.model_dump(by_alias=True).items() if v}})
    return {"http": {"status": response.status}}


def _authorization(channel: Channel) -> tuple[tuple[str, str], ...]:
    if whole := channel.secret.get("authorization"):
        return (("Authorization", whole),)
    if token := channel.secret.get("bearerToken"):
        return (("Authorization", f"Bearer {token}"),)
    return ()


def _read_timeout(text: str) -> timedelta:
    try:
        return min(parse_duration(text), _LONGEST_TIMEOUT) if text else _DEFAULT_TIMEOUT
    except ValueError as error:
        raise StepErrored(f"timeout of the channel: {error}", permanent=True) from error


def _judge(response: HttpResponse, rules: Mapping[str, Any]) -> None:
    """Raises unless the answer is what the channel calls a success."""
    to = "send the message"
    success, failure = rules.get("successExpression") or "", rules.get("failureExpression") or ""
    if response.is_rate_limited or not (success or failure):
        response.raise_for_status(to)
        return
    try:
        scope = build_scope(response, "")
        if failure and evaluate(failure, scope) is True:
            raise StepFailed(f"the channel took the message badly: HTTP {response.status} met its failureExpression")
        if success and evaluate(success, scope) is not True:
            raise StepErrored(
                f"the channel did not take the message: HTTP {response.status}, see its successExpression"
            )
    except (ExpressionError, BadBody, BodyTooLarge) as error:
        raise StepErrored(f"the expressions of the channel cannot judge the answer: {error}") from error


def _required(channel: Channel, key: str, wanted: str) -> str:
    value = channel.secret.get(key, "")
    if not value:
        raise StepErrored(f"{channel} needs a secret (secretRef) with the key {wanted}", permanent=True)
    return value
