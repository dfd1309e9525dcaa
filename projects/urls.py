"""URLs of projects: the account, and what belongs to a project itself."""

from django.urls import path

from projects.views.activity import activity
from projects.views.audit import audit, audit_export
from projects.views.config_map import config_map, config_map_delete, config_map_set
from projects.views.config_maps import config_map_add, config_maps
from projects.views.credential import credential, credential_delete, credential_set, credential_test
from projects.views.credentials import credential_add, credentials
from projects.views.me import me
from projects.views.sign_in import sign_in, sign_out
from projects.views.theme import theme

_CREDENTIALS = "p/<str:project_name>/settings/credentials/"
_CONFIG_MAPS = "p/<str:project_name>/settings/config-maps/"

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
    path(f"{_CREDENTIALS}<str:name>/test/", credential_test, name="credential-test"),
    path(f"{_CREDENTIALS}<str:name>/delete/", credential_delete, name="credential-delete"),
    path(_CONFIG_MAPS, config_maps, name="config-maps"),
    path("p/<str:project_name>/settings/add-config-map/", config_map_add, name="config-map-add"),
    path(f"{_CONFIG_MAPS}<str:name>/", config_map, name="config-map"),
    path(f"{_CONFIG_MAPS}<str:name>/set/", config_map_set, name="config-map-set"),
    path(f"{_CONFIG_MAPS}<str:name>/delete/", config_map_delete, name="config-map-delete"),
]
