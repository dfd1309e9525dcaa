import pytest

from integrations.errors import IntegrationError, RateLimited, Rejected, Unauthorized, Unreachable
from promotions.steps.base import Done, StepErrored, StepFailed
from promotions.steps.execution import execute
from tests.promotions.steps.messages.sending import STEP, make_channel, make_context
from tests.servers import slack
from tests.servers.api import Reply
from tests.servers.slack import SlackServer


@pytest.fixture(scope="module")
def slack_server():
    server = SlackServer()
    yield server
    server.close()


@pytest.fixture
def slack_channel(slack_server):
    slack_server.forget()
    return make_channel({"slack": {"channelID": "C1", "apiURL": slack_server.api_url}}, {"apiKey": slack.TOKEN})


@pytest.fixture
def hook_channel(slack_server):
    slack_server.forget()
    return make_channel({"slack": {"channelID": "C1"}}, {"webhookURL": slack_server.webhook_url})


def test_a_message_starts_a_thread_and_another_answers_in_it(send, slack_server, slack_channel):
    first = send(slack_channel, "It starts")
    again = send(slack_channel, "It ended", slack={"threadTS": "1700000000.000001", "channelID": "C2"})

    assert first == Done({"slack": {"threadTS": "1700000000.000001"}})
    assert again == Done({"slack": {"threadTS": "1700000000.000001"}})
    assert slack_server.messages == [
        {"text": "It starts", "channel": "C1"},
        {"text": "It ended", "thread_ts": "1700000000.000001", "channel": "C2"},
    ]


def test_a_plain_message_cannot_call_the_channel_or_disguise_a_link(send, slack_server, slack_channel):
    send(slack_channel, "<!channel> see <https://evil.example|our docs> & <@U1>")

    text = slack_server.messages[0]["text"]
    assert text == "&lt;!channel&gt; see &lt;https://evil.example|our docs&gt; &amp; &lt;@U1&gt;"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("json", '{"blocks": [{"type": "divider"}], "channel": "C2", "icon_emoji": ":fire:"}'),
        ("yaml", "blocks:\n- type: divider\nchannel: C2\nicon_emoji: ':fire:'"),
        ("xml", "<m><blocks><type>divider</type></blocks><channel>C2</channel><icon_emoji>:fire:</icon_emoji></m>"),
    ],
)
def test_a_whole_payload_comes_in_three_languages_and_the_rest_does_not_count(
    send, slack_server, slack_channel, encoding, text
):
    send(slack_channel, text, encodingType=encoding, slack={"channelID": "C1", "threadTS": "1"})

    assert slack_server.messages == [{"blocks": [{"type": "divider"}], "channel": "C2", "icon_emoji": ":fire:"}]


@pytest.mark.parametrize(
    ("encoding", "text", "said"),
    [
        ("json", "{", "not the JSON that encodingType says"),
        ("json", "[1]", "must be a map in JSON"),
        ("json", '{"bloks": []}', 'unknown field, did you mean "blocks"'),
        ("json", '{"channel": "C1"}', "needs text, blocks or attachments"),
        ("yaml", "a: [", "not the YAML"),
        ("xml", "<a><b></a>", "not the XML"),
        (
            "xml",
            '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><text>&x;</text></a>',
            "entities are not read",
        ),
        ("xml", "<a>" * 60 + "</a>" * 60, "nested too deeply"),
        ("json", '"' + "x" * 600_000 + '"', "larger than 512 KiB"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_payload_that_cannot_be_read_fails(send, slack_server, slack_channel, encoding, text, said):
    with pytest.raises(StepFailed, match=said):
        send(slack_channel, text, encodingType=encoding)

    assert not slack_server.messages


@pytest.mark.parametrize(
    ("reason", "kind", "remedy"),
    [
        ("channel_not_found", Rejected, "invite the app"),
        ("not_in_channel", Rejected, "Invite the app"),
        ("token_revoked", Unauthorized, "Check the token"),
        ("internal_error", Unreachable, "tried again later"),
        ("ratelimited", RateLimited, "tried again later"),
        ("something_new", Rejected, "docs of chat.postMessage"),
    ],
)
def test_what_slack_refuses_is_told_with_its_remedy(send, slack_server, slack_channel, reason, kind, remedy):
    slack_server.refuse = reason

    with pytest.raises(kind, match=remedy) as caught:
        send(slack_channel)

    assert f'"{reason}"' in str(caught.value)


def test_a_wrong_token_a_limit_and_garbage(send, slack_server, slack_channel):
    with pytest.raises(Unauthorized, match="invalid_auth"):
        send(make_channel(dict(slack_channel.spec), {"apiKey": "wrong-token"}))
    slack_server.faults = [Reply(429, b"", (("Retry-After", "7"),))]
    with pytest.raises(RateLimited):
        send(slack_channel)
    slack_server.faults = [Reply(200, b"<html>proxy</html>")]
    with pytest.raises(IntegrationError, match="not with JSON") as caught:
        send(slack_channel)
    assert not caught.value.permanent


def test_a_webhook_takes_the_message_and_its_address_stays_secret(send, slack_server, hook_channel):
    lines = []
    assert send(hook_channel, "hi", lines=lines) == Done({"slack": {}})
    slack_server.refuse = "channel_is_archived"
    with pytest.raises(Rejected) as caught:
        send(hook_channel, "hi", lines=lines)

    assert slack_server.hooked == [{"text": "hi"}]
    assert "s3cretpath" not in f"{caught.value}{lines}"


def test_a_slack_channel_without_a_key_says_which_it_needs(send, slack_channel):
    with pytest.raises(StepErrored, match="key apiKey") as caught:
        send(make_channel(dict(slack_channel.spec), {"other": "x"}))

    assert caught.value.permanent


def test_a_channel_that_does_not_exist_fails(send):
    with pytest.raises(StepFailed, match='MessageChannel "team" does not exist in this project'):
        send(None)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"channel": {"kind": "Slack", "name": "a"}, "message": "x"},
        {"channel": {"kind": "MessageChannel", "name": ""}, "message": "x"},
        {"channel": {"kind": "MessageChannel", "name": "a"}, "message": ""},
        {"channel": {"kind": "MessageChannel", "name": "a"}, "message": "x", "encodingType": "toml"},
        {"channel": {"kind": "MessageChannel", "name": "a"}, "message": "x", "slack": {"threadTS": 1.5}},
        {"channel": {"kind": "MessageChannel", "name": "a"}, "message": "x", "smtp": {"to": 5}},
    ],
)
def test_refuses_these_configs(tmp_path, config):
    with pytest.raises(StepFailed, match="invalid send-message config"):
        execute(STEP, config, make_context(tmp_path, None, object()))


def test_says_what_it_would_do_and_sends_nothing(tmp_path, slack_server, slack_channel):
    config = STEP.config.model_validate({"channel": {"kind": "MessageChannel", "name": "team"}, "message": "a\nb"})

    would = STEP.would(make_context(tmp_path, slack_channel), config)

    assert (would.message, would.output) == ('would send a message to MessageChannel "team": a', None)
    assert not slack_server.calls
