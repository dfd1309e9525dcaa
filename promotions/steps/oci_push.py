"""oci-push: copy an image, an index of images or a chart to another repository, or give it another tag.

`oci://` in front of a reference means credentials of type helm, else those of type image are used. What the target
has already is not sent again; inside one registry blobs are mounted. Annotations change the digest.

Source: Kargo docs `promotion-steps/oci-push.md`, code `runner/builtin/oci_pusher.go`.
Differs: the size of a copy is the sum of all blobs that its manifests name, each once.
"""

from pydantic import Field

from integrations.oci.copying import CopyPlan, carry_out, plan_copy, split_annotations
from integrations.oci.pushing import Pusher
from integrations.oci.references import InvalidReference
from integrations.oci.registry import Registry
from promotions.steps.base import (
    Done,
    Effect,
    Output,
    Step,
    StepConfig,
    StepContext,
    StepErrored,
    StepFailed,
    Would,
)
from promotions.steps.capabilities import given
from promotions.steps.oci_access import Artifact, find_login, open_client, read_artifact
from promotions.steps.private import private_dir

_NAME = r"^(oci://)?[a-zA-Z0-9._-]+(:\d+)?(/[a-zA-Z0-9._-]+)*"


class Config(StepConfig):
    src_ref: str = Field(
        min_length=1, pattern=rf"{_NAME}[@:][a-zA-Z0-9._:-]+$", description="What to copy, with its tag or digest."
    )
    dest_ref: str = Field(
        min_length=1, pattern=rf"{_NAME}[:][a-zA-Z0-9._-]+$", description="Where to, with the tag it gets."
    )
    annotations: dict[str, str] = Field(
        default_factory=dict,
        description="Annotations to add; keys with `index:` go to the index, others to each image manifest.",
    )
    insecure_skip_tls_verify: bool = Field(False, alias="insecureSkipTLSVerify", description="Trust any certificate.")


def run(context: StepContext, config: Config) -> Done:
    source, target = _read(config.src_ref, "source"), _read(config.dest_ref, "destination")
    with open_client(context, skip_tls_verify=config.insecure_skip_tls_verify) as client:
        registry = Registry(client, find_login(context, source))
        plan = _plan(context, config, registry, source, target)
        carry_out(
            plan,
            registry,
            Pusher(client, find_login(context, target)),
            target.reference.repository,
            target.name,
            scratch=private_dir(context),
            log=lambda line: context.log(line, "info"),
            should_stop=context.should_stop,
        )
    context.log(f"{target.reference.repository}:{target.name} is {plan.digest} now", "info")
    return Done(_output(config, target, plan))


def would(context: StepContext, config: Config) -> Would:
    """Manifests are only read, and tell the digest."""
    source, target = _read(config.src_ref, "source"), _read(config.dest_ref, "destination")
    with open_client(context, skip_tls_verify=config.insecure_skip_tls_verify) as client:
        plan = _plan(context, config, Registry(client, find_login(context, source)), source, target)
    message = (
        f"would push {source.reference.repository} ({plan.digest}) as {target.reference.repository}:{target.name}"
    )
    return Would(message, output=_output(config, target, plan))


def _plan(context: StepContext, config: Config, registry: Registry, source: Artifact, target: Artifact) -> CopyPlan:
    plan = plan_copy(registry, source.reference.repository, source.name, split_annotations(config.annotations))
    if source.reference.repository == target.reference.repository:
        context.log(f"Tagging {plan.digest} of {plan.source} as {target.name}", "info")
        return plan
    limit = given(context.can.tools).oci_push_max_bytes
    if limit == 0:
        raise StepErrored(
            "copies from one repository to another are not allowed here: KARGOWEB_OCI_PUSH_MAX_BYTES is 0",
            permanent=True,
        )
    if 0 < limit < plan.size_bytes:
        raise StepErrored(
            f"{plan.source} has {plan.size_bytes} bytes, more than the limit of {limit} that "
            "KARGOWEB_OCI_PUSH_MAX_BYTES sets",
            permanent=True,
        )
    context.log(
        f"Copying {plan.digest} of {plan.source} to {target.reference.repository}, {plan.size_bytes} bytes", "info"
    )
    return plan


def _read(text: str, what: str) -> Artifact:
    try:
        return read_artifact(text)
    except InvalidReference as error:
        raise StepFailed(f"failed to parse {what} reference: {error}") from error


def _output(config: Config, target: Artifact, plan: CopyPlan) -> Output:
    return {"image": config.dest_ref.removeprefix("oci://"), "digest": plan.digest, "tag": target.name}


STEP = Step(
    "oci-push",
    Config,
    run,
    effect=Effect.OUTSIDE,
    rerun="Puts the same manifests again; blobs that are there already are not sent.",
    outputs={
        "image": "The destination reference.",
        "digest": "Digest of what was pushed.",
        "tag": "The tag it got.",
    },
    needs=("http", "credentials", "tools"),
    would=would,
)
