"""kustomize-set-image: set image tags or digests in a kustomization file.

Source: Kargo docs `promotion-steps/kustomize-set-image.md`, code `kustomize_image_setter.go`.
Differs: only the `images` list is rewritten; the commit message names the images set, not the whole list.
"""

from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, model_validator

from promotions.files.documents import read_document
from promotions.files.errors import DocumentError
from promotions.files.yaml import read_yaml
from promotions.files.yaml_lists import write_list
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored
from promotions.steps.capabilities import given
from promotions.steps.private import write_file
from promotions.steps.rules import exactly_one, with_rules

FILE_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
# In a field of the config: keep what the file has.
_KEEP = "*"

Entry = dict[str, Any]


class Image(StepConfig):
    model_config = ConfigDict(json_schema_extra=with_rules(exactly_one("tag", "digest")))

    image: str = Field(min_length=1, description="Repository the freight has the image from.")
    name: str = Field("", description="Name to match in the file; the repository when empty.")
    new_name: str = Field("", description="Name to put in its place.")
    tag: str = Field("", description="Tag to set; exactly one of tag and digest.")
    digest: str = Field("", description="Digest to set.")

    @model_validator(mode="after")
    def require_one_of_tag_and_digest(self) -> "Image":
        if bool(self.tag) == bool(self.digest):
            raise ValueError("exactly one of tag and digest is required")
        return self


class Config(StepConfig):
    path: str = Field(min_length=1, description="Directory with the kustomization file.")
    images: list[Image] = Field(
        default_factory=list, description="What to set; when empty, all images of the freight."
    )


def run(context: StepContext, config: Config) -> Done:
    file = _find_file(context, config.path)
    try:
        data = read_document(file, format_name="YAML")
        old = _read_images(data)
        targets = _configured(config.images, old) if config.images else _from_freight(context)
        if not targets:
            context.log("There are no images to set", "info")
            return Done()
        merged = {**old, **targets}
        after = write_list(data, "images", [merged[name] for name in sorted(merged)])
    except DocumentError as error:
        raise StepErrored(f'Cannot set images in "{context.shown(file)}": {error}') from error
    if after != data:
        write_file(context, file, after)
    for name in sorted(targets):
        was = f"{_spell_reference(old[name])} -> " if name in old else ""
        context.log(f"{context.shown(file)}: {was}{_spell_reference(targets[name])}", "info")
    return Done({"commitMessage": _commit_message(config.path, targets)})


def _find_file(context: StepContext, directory: str) -> Path:
    places = [context.path(f"{directory}/{name}") for name in FILE_NAMES]
    # On file systems that do not tell capitals apart two names may be one file.
    found = list({place.stat().st_ino: place for place in places if place.is_file()}.values())
    if not found:
        raise StepErrored(f'"{directory}" has no kustomization file; expected one of {", ".join(FILE_NAMES)}.')
    if len(found) > 1:
        names = " and ".join(place.name for place in found)
        raise StepErrored(f'"{directory}" has several kustomization files, {names}; keep one of them.')
    return found[0]


def _read_images(data: bytes) -> dict[str, Entry]:
    # As text: kustomize reads `newTag: 1.10` as the tag 1.10, not as a number.
    document = read_yaml(data, numbers_as_text=True)
    images = (document.get("images") or []) if isinstance(document, dict) else []
    if not isinstance(images, list) or not all(isinstance(i, dict) and i.get("name") for i in images):
        raise DocumentError("its images must be a list of maps, each with a name")
    return {str(image["name"]): image for image in images}


def _configured(images: list[Image], old: dict[str, Entry]) -> dict[str, Entry]:
    targets = {}
    for image in images:
        name = image.name or image.image
        before = old.get(name, {})
        targets[name] = _entry(
            name,
            new_name=str(before.get("newName") or "") if image.new_name == _KEEP else image.new_name,
            tag=str(before.get("newTag") or "") if image.tag == _KEEP else image.tag,
            digest=str(before.get("digest") or "") if image.digest == _KEEP else image.digest,
        )
    return targets


def _from_freight(context: StepContext) -> dict[str, Entry]:
    freight = given(context.can.freight)
    images = [image for piece in freight.list_references() for image in piece.images]
    ambiguous = sorted({image.repo_url for image in images} & freight.list_ambiguous_images())
    if ambiguous:
        raise StepErrored(
            f"Several subscriptions offer {', '.join(ambiguous)}, so it is not clear which version to set; "
            "list the images in the step's config."
        )
    return {i.repo_url: _entry(i.repo_url, new_name="", tag=i.tag, digest=i.digest) for i in images}


def _entry(name: str, *, new_name: str, tag: str, digest: str) -> Entry:
    fields = {"name": name, "newName": new_name, "newTag": tag, "digest": digest}
    return {field: value for field, value in fields.items() if value}


def _commit_message(path: str, targets: dict[str, Entry]) -> str:
    noun = "images" if len(targets) > 1 else "image"
    lines = [f"- {_spell_reference(targets[name])}" for name in sorted(targets)]
    return "\n".join([f"Updated {path} to use new {noun}", "", *lines])


def _spell_reference(entry: Entry) -> str:
    tag = f":{entry['newTag']}" if entry.get("newTag") else ""
    digest = f"@{entry['digest']}" if entry.get("digest") else ""
    return f"{entry.get('newName') or entry['name']}{tag}{digest}"


STEP = Step(
    "kustomize-set-image",
    Config,
    run,
    effect=Effect.WORKSPACE,
    rerun="Sets the same images again.",
    outputs={"commitMessage": "The images set, as the text of a commit; missing when there were none."},
    needs=("freight",),
)
