"""Slack: chat.postMessage with a token, or an incoming webhook (also of what speaks like Slack).

Source: Slack docs, chat.postMessage, incoming webhooks, formatting text.
"""

import json
from collections.abc import Mapping
from typing import Any

from integrations.errors import IntegrationError, RateLimited, Rejected, Unauthorized, Unreachable
from integrations.http import HttpClient, HttpResponse

API_URL = "https://slack.com/api"

_TO = "send a message to Slack"
_OF_CREDENTIALS = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "no_permission"}
)
_PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
_LIMITS = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_REMEDIES = {
    "channel_not_found": "Check the channel's ID, and invite the app to it if the channel is private.",
    "not_in_channel": "Invite the app to the channel.",
    "is_archived": "The channel is archived. Choose another one.",
    "missing_scope": "The app needs the scope chat:write.",
    "invalid_blocks": "Look at the blocks in Slack's Block Kit Builder.",
    "msg_too_long": "Shorten the message.",
    "no_text": "The message is empty.",
    "no_service": "The webhook was removed or disabled. Make a new one.",
}


def escape_text(text: str) -> str:
    """Plain text as Slack wants it: nothing in it can call a channel or disguise a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def post_message(client: HttpClient, token: str, payload: Mapping[str, Any], *, api_url: str = API_URL) -> str:
    """Send to a channel; answers the timestamp that names the message."""
    response = _post(
        client, f"{api_url.rstrip('/')}/chat.postMessage", payload, (("authorization", f"Bearer {token}"),)
    )
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError) as error:
        raise IntegrationError(
            "Slack answered, but not with JSON. It is tried again later.", permanent=False
        ) from error
    if not isinstance(answer, dict) or not answer.get("ok"):
        raise _explain(str(answer.get("error") or "unknown_error") if isinstance(answer, dict) else "unknown_error")
    return str(answer.get("ts") or "")


def post_webhook(client: HttpClient, url: str, payload: Mapping[str, Any]) -> None:
    """Send through an incoming webhook, which belongs to one channel. The URL is a secret and in no message."""
    _post(client, url, payload, ())


def _post(
    client: HttpClient, url: str, payload: Mapping[str, Any], headers: tuple[tuple[str, str], ...]
) -> HttpResponse:
    response = client.request(
        "POST",
        url,
        headers=(("content-type", "application/json; charset=utf-8"), *headers),
        content=json.dumps(payload).encode(),
        retry=False,
        max_body_bytes=256 * 1024,
    )
    if 200 <= response.status < 300:
        return response
    reason = response.body[:200].decode(errors="replace").strip()
    if response.status in (400, 403, 404, 410) and reason.replace("_", "").isalpha() and reason.islower():
        raise _explain(reason)
    response.raise_for_status(_TO)
    return response


def _explain(reason: str) -> IntegrationError:
    said = f'Slack refused the message: "{reason[:100]}".'
    if reason in _LIMITS:
        return RateLimited(f"{said} It is tried again later.")
    if reason in _PASSING:
        return Unreachable(f"{said} It is tried again later.")
    if reason in _OF_CREDENTIALS:
        return Unauthorized(f"{said} Check the token in the channel's secret.")
    return Rejected(f"{said} {_REMEDIES.get(reason, 'See this word in the docs of chat.postMessage.')}")
