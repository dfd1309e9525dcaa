"""URLs of promotions."""

from django.urls import path

from promotions.views.freight import freight, freight_rename
from promotions.views.freight_delete import freight_delete
from promotions.views.freight_list import freight_list
from promotions.views.manifests import manifests, manifests_apply, manifests_export, manifests_preview
from promotions.views.member import member, member_remove, member_roles
from promotions.views.members import member_add, members
from promotions.views.new_project import new_project, new_project_apply, new_project_preview
from promotions.views.permission_check import permission_check
from promotions.views.pipeline import freight_band, pipeline, pipeline_exceptions
from promotions.views.playground import playground, playground_result
from promotions.views.preview import preview, preview_diff, preview_request
from promotions.views.projects import projects
from promotions.views.promote import promote
from promotions.views.promotion import promotion, promotion_head, promotion_steps
from promotions.views.promotion_abort import promotion_abort
from promotions.views.promotion_list import promotion_list
from promotions.views.promotion_log import promotion_log, promotion_log_text
from promotions.views.promotion_move import promotion_move
from promotions.views.promotion_requests import promotion_requests, promotion_respond
from promotions.views.promotion_retry import promotion_retry
from promotions.views.stage import stage, stage_card
from promotions.views.stage_approve import stage_approve
from promotions.views.stage_hold import stage_hold, stage_resume
from promotions.views.steps import step_config, step_kind, step_list
from promotions.views.streams import events, log_stream
from promotions.views.task import task
from promotions.views.task_list import task_list
from promotions.views.webhook import webhook

_MEMBERS = "p/<str:project_name>/settings/members/"
_PREVIEWS = "p/<str:project_name>/previews/"
_PROMOTIONS = "p/<str:project_name>/promotions/"
_FREIGHT = "p/<str:project_name>/freight/"
_STAGES = "p/<str:project_name>/stages/"

urlpatterns = [
    path("", projects, name="projects"),
    path("webhooks/<str:sender>/<str:digest>", webhook, name="webhook"),
    path("manifests/", new_project, name="manifests-new"),
    path("manifests/preview/", new_project_preview, name="manifests-new-preview"),
    path("manifests/apply/", new_project_apply, name="manifests-new-apply"),
    path("p/<str:project_name>/", pipeline, name="pipeline"),
    path("p/<str:project_name>/pipeline/freight/", freight_band, name="freight-band"),
    path("p/<str:project_name>/pipeline/exceptions/", pipeline_exceptions, name="pipeline-exceptions"),
    path("p/<str:project_name>/promote/", promote, name="promote"),
    path(_PREVIEWS, preview_request, name="preview-request"),
    path(f"{_PREVIEWS}<int:number>/", preview, name="preview"),
    path(f"{_PREVIEWS}<int:number>/diff/", preview_diff, name="preview-diff"),
    path(f"{_STAGES}<str:name>/", stage, name="stage"),
    path(f"{_STAGES}<str:name>/card/", stage_card, name="stage-card"),
    path(f"{_STAGES}<str:name>/approve/", stage_approve, name="stage-approve"),
    path(f"{_STAGES}<str:name>/hold/", stage_hold, name="stage-hold"),
    path(f"{_STAGES}<str:name>/resume/", stage_resume, name="stage-resume"),
    path(_FREIGHT, freight_list, name="freight-list"),
    path(f"{_FREIGHT}<str:key>/", freight, name="freight"),
    path(f"{_FREIGHT}<str:key>/rename/", freight_rename, name="freight-rename"),
    path(f"{_FREIGHT}<str:key>/delete/", freight_delete, name="freight-delete"),
    path("p/<str:project_name>/manifests/", manifests, name="manifests"),
    path("p/<str:project_name>/manifests/preview/", manifests_preview, name="manifests-preview"),
    path("p/<str:project_name>/manifests/apply/", manifests_apply, name="manifests-apply"),
    path("p/<str:project_name>/manifests/export/", manifests_export, name="manifests-export"),
    path("p/<str:project_name>/playground/", playground, name="playground"),
    path("p/<str:project_name>/playground/result/", playground_result, name="playground-result"),
    path("p/<str:project_name>/steps/", step_list, name="step-list"),
    path("p/<str:project_name>/steps/<str:kind>/", step_kind, name="step-kind"),
    path("p/<str:project_name>/steps/<str:kind>/config/", step_config, name="step-config"),
    path("p/<str:project_name>/tasks/", task_list, name="task-list"),
    path("p/<str:project_name>/tasks/<str:name>/", task, name="task"),
    path("p/<str:project_name>/events", events, name="events"),
    path(_PROMOTIONS, promotion_list, name="promotion-list"),
    path(f"{_PROMOTIONS}<int:number>/", promotion, name="promotion"),
    path(f"{_PROMOTIONS}<int:number>/head/", promotion_head, name="promotion-head"),
    path(f"{_PROMOTIONS}<int:number>/steps/", promotion_steps, name="promotion-steps"),
    path(f"{_PROMOTIONS}<int:number>/requests/", promotion_requests, name="promotion-requests"),
    path(f"{_PROMOTIONS}<int:number>/requests/<int:request_id>/", promotion_respond, name="promotion-respond"),
    path(f"{_PROMOTIONS}<int:number>/abort/", promotion_abort, name="promotion-abort"),
    path(f"{_PROMOTIONS}<int:number>/retry/", promotion_retry, name="promotion-retry"),
    path(f"{_PROMOTIONS}<int:number>/move/", promotion_move, name="promotion-move"),
    path(f"{_PROMOTIONS}<int:number>/log/", promotion_log, name="promotion-log"),
    path(f"{_PROMOTIONS}<int:number>/log/text/", promotion_log_text, name="promotion-log-text"),
    path(f"{_PROMOTIONS}<int:number>/log/stream", log_stream, name="promotion-log-stream"),
    path(_MEMBERS, members, name="members"),
    path("p/<str:project_name>/settings/add-member/", member_add, name="member-add"),
    path("p/<str:project_name>/settings/who-may/", permission_check, name="permission-check"),
    path(f"{_MEMBERS}<str:username>/", member, name="member"),
    path(f"{_MEMBERS}<str:username>/roles/", member_roles, name="member-roles"),
    path(f"{_MEMBERS}<str:username>/remove/", member_remove, name="member-remove"),
]
