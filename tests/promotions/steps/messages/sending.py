"""What the tests of send-message share: a channel that is known, and a context to run the step in."""

from dataclasses import dataclass, field

from promotions.steps.base import StepContext
from promotions.steps.capabilities import Capabilities
from promotions.steps.channels import Channel
from promotions.steps.registry import find_step

STEP = find_step("send-message")


@dataclass
class KnownChannels:
    channel: Channel | None = None
    asked: list = field(default_factory=list)

    def find(self, kind, name):
        self.asked.append((kind, name))
        if self.channel is None or (kind, name) != (self.channel.kind, self.channel.name):
            return None
        return self.channel


def make_channel(spec, secret=None):
    return Channel("MessageChannel", "team", spec, secret or {})


def make_context(tmp_path, channel, client=None, lines=None):
    return StepContext(
        workdir=tmp_path,
        project="shop",
        stage="uat",
        promotion="uat.01jab.fine",
        alias="tell",
        log=lambda text, stream: lines.append(text) if lines is not None else None,
        should_stop=lambda: False,
        can=Capabilities(messages=KnownChannels(channel), http=client),
    )
