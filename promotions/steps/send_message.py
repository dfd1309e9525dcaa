"""send-message: send a message to a channel: Slack, mail or a web address.

Channels are objects of the project (MessageChannel) or shared (ClusterMessageChannel). A plain message is sent as it
is: in Slack nothing in it calls people or hides a link. With `encodingType` the message is the whole payload of the
channel and `slack` and `smtp` do not count. A message may come twice when a worker dies right after it was sent.

Source: Kargo docs `promotion-steps/send-message.md`, message formatting.
Differs: channels of the kind http can be used too; Slack's incoming webhooks can be used (secret key `webhookURL`).
"""

from typing import Any, Literal

from pydantic import Field, field_validator

from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored, StepFailed, Would
from promotions.steps.capabilities import given
from promotions.steps.channels import Channel
from promotions.steps.message_delivery import Message, send_by_mail, send_to_slack, send_to_web


class ChannelChoice(StepConfig):
    kind: Literal["MessageChannel", "ClusterMessageChannel"] = Field(description="Of the project, or shared.")
    name: str = Field(min_length=1, description="Name of the channel.")


class SlackOptions(StepConfig):
    channel_id: str = Field("", alias="channelID", description="Slack channel; the channel's own when left out.")
    thread_ts: str = Field("", alias="threadTS", description="Message to answer in its thread; wrap it in quote().")


class SmtpOptions(StepConfig):
    to: list[str] = Field(default_factory=list, description="Recipients, or one; the channel's own when left out.")
    subject: str = Field("", description="Subject; names project and stage when left out.")
    html: bool = Field(False, description="The message is HTML.")

    @field_validator("to", mode="before")
    @classmethod
    def take_one(cls, value: Any) -> Any:
        """One address is a list of one; an empty one is none."""
        return ([value] if value else []) if isinstance(value, str) else value


class Config(StepConfig):
    channel: ChannelChoice = Field(description="Where to send it.")
    message: str = Field(min_length=1, description="The message, or with encodingType the whole payload.")
    encoding_type: Literal["", "json", "yaml", "xml"] = Field(
        "", description="The message is a payload in this form."
    )
    slack: SlackOptions = Field(default_factory=SlackOptions, description="For Slack.")
    smtp: SmtpOptions = Field(default_factory=SmtpOptions, description="For mail.")


def run(context: StepContext, config: Config) -> Done:
    channel = _find(context, config)
    message = Message(
        text=config.message,
        encoding=config.encoding_type,
        channel_id=config.slack.channel_id,
        thread_ts=config.slack.thread_ts,
        to=tuple(config.smtp.to),
        subject=config.smtp.subject,
        is_html=config.smtp.html,
    )
    for kind, send in (("slack", send_to_slack), ("smtp", send_by_mail), ("http", send_to_web)):
        if channel.spec.get(kind) is not None:
            output = send(context, channel, message)
            context.log(f"Sent to {channel} ({kind})", "info")
            return Done(output)
    raise StepErrored(f"{channel} has none of slack, smtp, http", permanent=True)


def would(context: StepContext, config: Config) -> Would:
    """The timestamp of a new thread is not known before; that of a given one is."""
    channel = _find(context, config)
    is_known = channel.spec.get("slack") is None or config.slack.thread_ts
    output = {"slack": {"threadTS": config.slack.thread_ts}} if config.slack.thread_ts else {}
    return Would(f"would send a message to {channel}: {_first_line(config)}", output if is_known else None)


def _first_line(config: Config) -> str:
    if config.encoding_type:
        return f"{len(config.message)} characters of {config.encoding_type.upper()}"
    line = config.message.strip().partition("\n")[0]
    return f"{line[:100]}…" if len(line) > 100 else line


def _find(context: StepContext, config: Config) -> Channel:
    kind, name = config.channel.kind, config.channel.name
    try:
        channel = given(context.can.messages).find(kind, name)
    except LookupError as error:
        raise StepErrored(
            f'{kind} "{name}" names a secret that does not exist: {error.args[0]}', permanent=True
        ) from error
    if channel is None:
        where = "in this project" if kind == "MessageChannel" else "among those that all projects share"
        raise StepFailed(f'{kind} "{name}" does not exist {where}; apply its manifest first')
    return channel


STEP = Step(
    "send-message",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Sends the message again; a mail has the same Message-ID then.",
    outputs={
        "slack": "For Slack: map with `threadTS`, the timestamp of the new or the given thread (not of a webhook).",
        "smtp": "For mail: an empty map.",
        "http": "For a web address: map with `status`.",
    },
    needs=("messages", "http"),
    would=would,
)
