"""All kinds of steps: the built-in ones as a literal table, and those of other packages that are allowed."""

from typing import Any

from promotions.steps import (
    argocd_update,
    argocd_wait,
    compose_output,
    copy,
    delete,
    fail,
    file_write,
    get_user_input,
    gh_create_issue,
    gh_issue_add_comment,
    gh_issue_delete_comment,
    gh_issue_update_comment,
    gh_search_issues,
    gh_update_issue,
    gh_wait_for_issue_state,
    gha_dispatch_workflow,
    gha_wait_for_workflow,
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
    jira,
    json_parse,
    json_update,
    kustomize_build,
    kustomize_set_image,
    oci_download,
    oci_push,
    record_audit_event,
    send_message,
    set_freight_alias,
    set_metadata,
    tar,
    toml_parse,
    toml_update,
    untar,
    wait_for_approval,
    yaml_merge,
    yaml_parse,
    yaml_update,
)
from promotions.steps.base import Step
from promotions.steps.custom import SETTING, CustomStep, list_custom_steps

_STEPS: dict[str, Step[Any]] = {
    "argocd-update": argocd_update.STEP,
    "argocd-wait": argocd_wait.STEP,
    "compose-output": compose_output.STEP,
    "copy": copy.STEP,
    "delete": delete.STEP,
    "fail": fail.STEP,
    "file-write": file_write.STEP,
    "get-user-input": get_user_input.STEP,
    "gh-create-issue": gh_create_issue.STEP,
    "gh-issue-add-comment": gh_issue_add_comment.STEP,
    "gh-issue-delete-comment": gh_issue_delete_comment.STEP,
    "gh-issue-update-comment": gh_issue_update_comment.STEP,
    "gh-search-issues": gh_search_issues.STEP,
    "gh-update-issue": gh_update_issue.STEP,
    "gh-wait-for-issue-state": gh_wait_for_issue_state.STEP,
    "gha-dispatch-workflow": gha_dispatch_workflow.STEP,
    "gha-wait-for-workflow": gha_wait_for_workflow.STEP,
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
    "jira": jira.STEP,
    "json-parse": json_parse.STEP,
    "json-update": json_update.STEP,
    "kustomize-build": kustomize_build.STEP,
    "kustomize-set-image": kustomize_set_image.STEP,
    "oci-download": oci_download.STEP,
    "oci-push": oci_push.STEP,
    "record-audit-event": record_audit_event.STEP,
    "send-message": send_message.STEP,
    "set-freight-alias": set_freight_alias.STEP,
    "set-metadata": set_metadata.STEP,
    "tar": tar.STEP,
    "toml-parse": toml_parse.STEP,
    "toml-update": toml_update.STEP,
    "untar": untar.STEP,
    "wait-for-approval": wait_for_approval.STEP,
    "yaml-merge": yaml_merge.STEP,
    "yaml-parse": yaml_parse.STEP,
    "yaml-update": yaml_update.STEP,
}


def find_step(kind: str) -> Step[Any] | None:
    """The step of a kind (`uses` in a template), built in or of another package, or None."""
    usable = (custom.step for custom in list_custom() if custom.kind == kind and custom.step)
    return _STEPS.get(kind) or next(usable, None)


def list_steps() -> list[Step[Any]]:
    """All steps that can be used, by kind."""
    usable = {custom.kind: custom.step for custom in list_custom() if custom.step}
    steps = usable | _STEPS
    return [steps[kind] for kind in sorted(steps)]


def list_custom() -> tuple[CustomStep, ...]:
    """Steps of other packages: those that can be used, those that are not allowed, those that do not work."""
    return list_custom_steps(_STEPS)


def explain_unknown(kind: str) -> str:
    """Why there is no step of this kind, and the way out."""
    text = f'step kind "{kind}" is not registered'
    offers = [custom for custom in list_custom() if custom.kind == kind]
    broken = next((custom for custom in offers if custom.problem), None)
    if broken is not None:
        whose = f" of package {broken.package}" if broken.package else ""
        return f"{text}: the custom step{whose} cannot be used: {broken.problem}"
    if offers:
        return f"{text}: package {offers[0].package} offers it, but the administrator has not allowed it ({SETTING})"
    return f"{text}; see `kargoweb step list` for those that are"
