"""All kinds of steps, as a literal table."""

from typing import Any

from promotions.steps import (
    argocd_update,
    argocd_wait,
    compose_output,
    copy,
    delete,
    fail,
    file_write,
    git_clear,
    git_clone,
    git_commit,
    git_merge_pr,
    git_open_pr,
    git_push,
    git_tag,
    git_wait_for_pr,
    github_push,
    hcl_update,
    helm_template,
    helm_update_chart,
    http,
    http_download,
    json_parse,
    json_update,
    kustomize_build,
    kustomize_set_image,
    oci_download,
    oci_push,
    set_freight_alias,
    set_metadata,
    tar,
    toml_parse,
    toml_update,
    untar,
    yaml_merge,
    yaml_parse,
    yaml_update,
)
from promotions.steps.base import Step

_STEPS: dict[str, Step[Any]] = {
    "argocd-update": argocd_update.STEP,
    "argocd-wait": argocd_wait.STEP,
    "compose-output": compose_output.STEP,
    "copy": copy.STEP,
    "delete": delete.STEP,
    "fail": fail.STEP,
    "file-write": file_write.STEP,
    "git-clear": git_clear.STEP,
    "git-clone": git_clone.STEP,
    "git-commit": git_commit.STEP,
    "git-merge-pr": git_merge_pr.STEP,
    "git-open-pr": git_open_pr.STEP,
    "git-push": git_push.STEP,
    "git-tag": git_tag.STEP,
    "git-wait-for-pr": git_wait_for_pr.STEP,
    "github-push": github_push.STEP,
    "hcl-update": hcl_update.STEP,
    "helm-template": helm_template.STEP,
    "helm-update-chart": helm_update_chart.STEP,
    "http": http.STEP,
    "http-download": http_download.STEP,
    "json-parse": json_parse.STEP,
    "json-update": json_update.STEP,
    "kustomize-build": kustomize_build.STEP,
    "kustomize-set-image": kustomize_set_image.STEP,
    "oci-download": oci_download.STEP,
    "oci-push": oci_push.STEP,
    "set-freight-alias": set_freight_alias.STEP,
    "set-metadata": set_metadata.STEP,
    "tar": tar.STEP,
    "toml-parse": toml_parse.STEP,
    "toml-update": toml_update.STEP,
    "untar": untar.STEP,
    "yaml-merge": yaml_merge.STEP,
    "yaml-parse": yaml_parse.STEP,
    "yaml-update": yaml_update.STEP,
}


def find_step(kind: str) -> Step[Any] | None:
    """The step of a kind (`uses` in a template), or None."""
    return _STEPS.get(kind)


def list_steps() -> list[Step[Any]]:
    """All steps by kind."""
    return [_STEPS[kind] for kind in sorted(_STEPS)]
