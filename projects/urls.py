"""URLs of projects: the account, and what belongs to a project itself."""

from django.urls import path

from projects.views.activity import activity
from projects.views.audit import audit, audit_export
from projects.views.credential import credential, credential_delete, credential_set
from projects.views.credentials import credential_add, credentials
from projects.views.me import me
from projects.views.sign_in import sign_in, sign_out
from projects.views.theme import theme

_CREDENTIALS = "p/<str:project_name>/settings/credentials/"

urlpatterns = [
    path("login/", sign_in, name="login"),
    path("logout/", sign_out, name="logout"),
    path("theme/", theme, name="theme"),
    path("me/", me, name="me"),
    path("p/<str:project_name>/activity/", activity, name="activity"),
    path("p/<str:project_name>/audit/", audit, name="audit"),
    path("p/<str:project_name>/audit/export/", audit_export, name="audit-export"),
    path(_CREDENTIALS, credentials, name="credentials"),
    path("p/<str:project_name>/settings/add-credential/", credential_add, name="credential-add"),
    path(f"{_CREDENTIALS}<str:name>/", credential, name="credential"),
    path(f"{_CREDENTIALS}<str:name>/set/", credential_set, name="credential-set"),
    path(f"{_CREDENTIALS}<str:name>/delete/", credential_delete, name="credential-delete"),
]
