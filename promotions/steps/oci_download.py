"""oci-download: write a layer of an image, chart or other artifact in a registry to a file of the work tree.

The layer is stored as the registry has it, compressed. Of an image for several platforms that for linux/amd64 is
taken. `oci://` in front of the reference means credentials of type helm, else those of type image are used.

Source: Kargo docs `promotion-steps/oci-download.md`, code `runner/builtin/oci_downloader.go`.
"""

from typing import Any

from pydantic import Field

from integrations.oci.manifests import INDEX_TYPES, SINGLE_TYPES
from integrations.oci.references import InvalidReference, Repository
from integrations.oci.registry import Registry, read_json_object
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored
from promotions.steps.downloads import MAX_BYTES, downloaded, prepare_target
from promotions.steps.oci_access import find_login, open_client, read_artifact

_PATTERN = r"^(oci://)?[a-zA-Z0-9._-]+(:\d+)?(/[a-zA-Z0-9._-]+)*[@:][a-zA-Z0-9._:-]+$"


class Config(StepConfig):
    image_ref: str = Field(min_length=1, pattern=_PATTERN, description="What to download, with its tag or digest.")
    out_path: str = Field(min_length=1, description="File to write, relative to the work tree.")
    allow_overwrite: bool = Field(False, description="Replace a file that is there.")
    media_type: str = Field("", min_length=1, description="Take the first layer of this type; else the first one.")
    insecure_skip_tls_verify: bool = Field(False, alias="insecureSkipTLSVerify", description="Trust any certificate.")


def run(context: StepContext, config: Config) -> Done:
    target = prepare_target(context, config.out_path, allow_overwrite=config.allow_overwrite)
    try:
        artifact = read_artifact(config.image_ref)
    except InvalidReference as error:
        raise StepErrored(str(error)) from error
    repository = artifact.reference.repository
    with open_client(context, skip_tls_verify=config.insecure_skip_tls_verify) as client:
        registry = Registry(client, find_login(context, artifact))
        layer = _choose_layer(registry, repository, artifact.name, config.media_type)
        size = layer.get("size")
        if not isinstance(size, int) or size > MAX_BYTES:
            raise StepErrored(f"layer size {size} exceeds maximum allowed size of {MAX_BYTES} bytes", permanent=True)
        context.log(f"Downloading {layer.get('digest')} of {repository}, {size} bytes", "info")
        with downloaded(context, target) as file:
            registry.download_blob(repository, str(layer.get("digest")), file, max_bytes=MAX_BYTES)
    return Done()


def _choose_layer(registry: Registry, repository: Repository, name: str, media_type: str) -> dict[str, Any]:
    layers = _read_image(registry, repository, name).get("layers")
    found = [layer for layer in layers if isinstance(layer, dict)] if isinstance(layers, list) else []
    if not found:
        raise StepErrored(f"{repository}:{name} has no layers")
    if not media_type:
        return found[0]
    chosen = next((layer for layer in found if layer.get("mediaType") == media_type), None)
    if chosen is None:
        offered = ", ".join(str(layer.get("mediaType")) for layer in found[:10])
        raise StepErrored(f'no layer found with media type "{media_type}"; there are {offered}')
    return chosen


def _read_image(registry: Registry, repository: Repository, name: str) -> dict[str, Any]:
    manifest = registry.get_manifest(repository, name)
    document = read_json_object(manifest.body, f"{repository}:{name}")
    media_type = str(document.get("mediaType") or manifest.media_type)
    if media_type in INDEX_TYPES:
        children = document.get("manifests")
        for child in children if isinstance(children, list) else []:
            platform = child.get("platform") if isinstance(child, dict) else None
            if isinstance(platform, dict) and (platform.get("os"), platform.get("architecture")) == (
                "linux",
                "amd64",
            ):
                body = registry.get_manifest(repository, str(child.get("digest"))).body
                return read_json_object(body, f"{repository}:{name}")
        raise StepErrored(f"{repository}:{name} has no image for linux/amd64")
    if media_type not in SINGLE_TYPES:
        raise StepErrored(f'{repository}:{name} is of type "{media_type}", which has no layers')
    return document


STEP = Step(
    "oci-download",
    Config,
    run,
    effect=Effect.WORKSPACE,
    rerun="Downloads again, over a file that its own earlier try put there; another one needs allowOverwrite.",
    needs=("http", "credentials"),
)
