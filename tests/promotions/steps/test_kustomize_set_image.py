import pytest

from promotions.files.documents import MAX_BYTES
from promotions.references import FreightReference, ImageReference
from promotions.steps.base import Done, StepErrored, StepFailed

FILE = """\
# Our base
resources:
- ../base  # do not touch
images:
- name: zeta
  newTag: old
- name: alpha
  newName: mirror/alpha
  newTag: a1
patches: []
"""


def _set(bench, *images, path="app"):
    return bench.run("kustomize-set-image", {"path": path, "images": list(images)})


def _freight(name, **images):
    references = tuple(ImageReference(url, tag, digest) for url, (tag, digest) in images.items())
    return FreightReference(name, f"Warehouse/{name}", images=references)


def test_replaces_an_entry_and_keeps_the_others_and_the_rest_of_the_file(bench):
    bench.write("app/kustomization.yaml", FILE)

    result = _set(bench, {"image": "zeta", "tag": "1.10"}, {"image": "r/beta", "name": "beta", "digest": "sha256:b"})

    assert result == Done({"commitMessage": "Updated app to use new images\n\n- beta@sha256:b\n- zeta:1.10"})
    assert bench.read("app/kustomization.yaml") == FILE.replace(
        FILE[FILE.index("- name: zeta") : FILE.index("patches")],
        "- name: alpha\n  newName: mirror/alpha\n  newTag: a1\n- name: beta\n  digest: sha256:b\n"
        '- name: zeta\n  newTag: "1.10"\n',
    )


def test_replaces_the_whole_entry(bench):
    bench.write("app/Kustomization", FILE)

    _set(bench, {"image": "alpha", "digest": "sha256:a"})

    assert "- name: alpha\n  digest: sha256:a\n- name: zeta" in bench.read("app/Kustomization")


def test_a_star_keeps_what_the_file_has(bench):
    bench.write("app/kustomization.yml", FILE)

    result = _set(
        bench, {"image": "alpha", "newName": "*", "tag": "*"}, {"image": "zeta", "newName": "*", "digest": "*"}
    )

    assert result.output["commitMessage"].endswith("\n- mirror/alpha:a1\n- zeta")
    assert "- name: alpha\n  newName: mirror/alpha\n  newTag: a1\n- name: zeta\npatches" in bench.read(
        "app/kustomization.yml"
    )


def test_entries_that_are_not_meant_keep_their_values(bench):
    bench.write(
        "app/kustomization.yaml", "images:\n- name: a\n  newTag: 1.10\n- name: b\n  newName: null\n  newTag: 2\n"
    )

    _set(bench, {"image": "c", "tag": "x"}, {"image": "b", "newName": "*", "tag": "*"})

    assert bench.read("app/kustomization.yaml") == (
        'images:\n- name: a\n  newTag: "1.10"\n- name: b\n  newTag: "2"\n- name: c\n  newTag: x\n'
    )


def test_without_images_all_of_the_freight_are_set(bench):
    bench.write("app/kustomization.yaml", "resources: []\n")
    bench.freight.references = (
        _freight("a", **{"r/one": ("v1", "sha256:1")}),
        _freight("b", **{"r/two": ("v2", "")}),
    )

    result = _set(bench)

    assert result.output["commitMessage"] == "Updated app to use new images\n\n- r/one:v1@sha256:1\n- r/two:v2"
    assert bench.read("app/kustomization.yaml") == (
        "resources: []\nimages:\n- name: r/one\n  newTag: v1\n  digest: sha256:1\n- name: r/two\n  newTag: v2\n"
    )


def test_freight_without_images_changes_nothing(bench):
    bench.write("app/kustomization.yaml", FILE)

    assert _set(bench) == Done()
    assert bench.read("app/kustomization.yaml") == FILE


def test_an_image_of_two_subscriptions_must_be_listed(bench):
    bench.write("app/kustomization.yaml", FILE)
    bench.freight.references = (_freight("a", **{"r/one": ("v1", "")}),)
    bench.freight.ambiguous = frozenset({"r/one", "r/other"})

    with pytest.raises(StepErrored, match=r"Several subscriptions offer r/one, .* list the images"):
        _set(bench)


def test_a_second_run_gives_the_same(bench):
    bench.write("app/kustomization.yaml", FILE)

    first = _set(bench, {"image": "new", "tag": "v1"})
    text = bench.read("app/kustomization.yaml")

    assert _set(bench, {"image": "new", "tag": "v1"}) == first
    assert bench.read("app/kustomization.yaml") == text


def test_says_which_file_is_missing(bench):
    bench.write("app/other.yaml")

    with pytest.raises(StepErrored, match=r'"app" has no kustomization file; expected one of kustomization.yaml'):
        _set(bench, {"image": "a", "tag": "b"})


def test_a_file_over_the_limit_is_refused(bench):
    bench.write("app/kustomization.yaml", FILE)
    with (bench.workdir / "app/kustomization.yaml").open("r+b") as file:
        file.truncate(MAX_BYTES + 1)

    with pytest.raises(StepErrored, match=r'kustomization[.]yaml": it is larger than 10 MiB'):
        _set(bench, {"image": "alpha", "tag": "1"})


def test_refuses_to_choose_between_two_files(bench):
    bench.write("app/kustomization.yaml")
    bench.write("app/Kustomization")

    with pytest.raises(StepErrored, match=r"several kustomization files, kustomization.yaml and Kustomization"):
        _set(bench, {"image": "a", "tag": "b"})


@pytest.mark.parametrize("text", ["images: x\n", "images: [x]\n", "images: [{newTag: x}]\n", "- a\n", "a: [\n"])
def test_says_what_is_wrong_with_the_file(bench, text):
    bench.write("app/kustomization.yaml", text)

    with pytest.raises(StepErrored, match=r'Cannot set images in "app/kustomization.yaml"'):
        _set(bench, {"image": "a", "tag": "b"})


@pytest.mark.parametrize(
    "image", [{"image": "a"}, {"image": "a", "tag": "x", "digest": "y"}, {"image": "a", "tag": ""}]
)
def test_wants_exactly_one_of_tag_and_digest(bench, image):
    with pytest.raises(StepFailed, match=r"images\[0\]: exactly one of tag and digest is required"):
        _set(bench, image)
