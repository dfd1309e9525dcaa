"""ConfigMaps and Secrets in manifests: applied, compared, exported, and never shown."""

import base64

import pytest
from django.utils import timezone

from integrations.credentials import BasicAuth
from projects.access import Action
from projects.actors import OPERATOR
from projects.config_maps import find_config_map
from projects.credentials import find_credential, find_secret, set_credential
from projects.documents import SourceText
from projects.models import AuditEntry, ConfigMap, Credential
from promotions.changesets import apply_changes, export_project, plan_changes, required_rights
from promotions.changesets.change_set import RequiredRight
from promotions.queries.manifests import preview_changes
from tests.cast import make_cast
from tests.factories import make_project

pytestmark = pytest.mark.django_db

NOW = timezone.now()
URL = "https://git.example.com/acme/site"
CONFIG_MAP = """\
# where things are
apiVersion: v1
kind: ConfigMap
metadata: {name: places, namespace: shop}
data:
  region: eu-central-1
  motd: |
    Welcome.
"""
SECRET = """\
apiVersion: v1
kind: Secret
type: Opaque
metadata:
  name: bot
  namespace: shop
  labels: {kargo.akuity.io/cred-type: git, team: web}
  annotations: {kargo.akuity.io/description: The robot}
stringData:
  repoURL: https://git.example.com/acme/site
  username: robot
  password: tr0ub4dor&3
"""


def plan(*texts, scope=None):
    return plan_changes([SourceText("f.yaml", "---\n".join(texts))], scope=scope)


def apply(*texts):
    change_set = plan(*texts)
    assert change_set.errors == ()
    apply_changes(OPERATOR, change_set, now=NOW)
    return [str(change) for change in change_set.changes]


def test_a_config_map_is_applied_once_and_exported_as_it_was_written():
    project = make_project()

    assert apply(CONFIG_MAP) == ["configmap/shop/places created"]
    assert find_config_map(project, "places") == {"region": "eu-central-1", "motd": "Welcome.\n"}
    assert apply(CONFIG_MAP) == ["configmap/shop/places unchanged"]
    assert dict(export_project(project))["config-maps.yaml"] == CONFIG_MAP
    assert AuditEntry.objects.filter(target_kind="ConfigMap").count() == 1


def test_a_changed_config_map_shows_what_changes():
    make_project()
    apply(CONFIG_MAP)

    (change,) = plan(CONFIG_MAP.replace("eu-central-1", "us-east-1")).changes

    assert "-  region: eu-central-1" in change.diff
    assert "+  region: us-east-1" in change.diff


def test_a_secret_becomes_a_credential_by_its_label():
    project = make_project()

    assert apply(SECRET) == ["secret/shop/bot created"]

    row = Credential.objects.get()
    assert (row.kind, row.repo_url, row.username) == ("git", URL, "robot")
    assert row.labels["team"] == "web"
    assert find_credential(project, "git", URL) == BasicAuth("robot", "tr0ub4dor&3")
    assert apply(SECRET) == ["secret/shop/bot unchanged"]
    assert AuditEntry.objects.filter(target_kind="Credential").count() == 1


@pytest.mark.parametrize("text", ["tr0ub4dor&3", "another-one"])
def test_no_diff_export_or_row_shows_a_secret(text):
    project = make_project()
    apply(SECRET)

    change_set = plan(SECRET.replace("tr0ub4dor&3", text))
    (change,) = change_set.changes
    apply_changes(OPERATOR, change_set, now=NOW)

    said = change.diff + str(change.before) + str(change.entry.contents) + str(export_project(project))
    rows = [*Credential.objects.values(), *AuditEntry.objects.values()]
    for hidden in ("tr0ub4dor", "another-one"):
        assert hidden not in said + str(rows)
    assert ("password: (not shown, another one)" in change.diff) is (text == "another-one")
    assert find_secret(project, "bot")["password"] == text


def test_values_in_base64_are_the_same_values():
    make_project()
    apply(SECRET)
    encoded = base64.b64encode(b"tr0ub4dor&3").decode()

    assert apply(SECRET.replace("  password: tr0ub4dor&3\n", f"data:\n  password: {encoded}\n")) == [
        "secret/shop/bot unchanged"
    ]


def test_a_secret_without_the_label_is_generic():
    project = make_project()
    text = "apiVersion: v1\nkind: Secret\nmetadata: {name: hook, namespace: shop}\nstringData: {secret: abc}\n"

    assert apply(text) == ["secret/shop/hook created"]

    assert find_secret(project, "hook") == {"secret": "abc"}
    assert apply(text) == ["secret/shop/hook unchanged"]


def test_the_namespace_of_shared_resources_is_for_all_projects():
    make_project()

    lines = apply(
        CONFIG_MAP.replace("shop", "kargo-shared-resources"), SECRET.replace("shop", "kargo-shared-resources")
    )

    assert lines == ["configmap/places created", "secret/bot created"]
    assert ConfigMap.objects.get().project is None
    assert Credential.objects.get().project is None
    assert find_config_map(None, "places") is not None


def test_what_is_shared_cannot_be_changed_from_within_a_project():
    make_project()

    (error,) = plan(CONFIG_MAP.replace("shop", "kargo-shared-resources"), scope="shop").errors

    assert "lies outside of project" in error.message


def test_what_is_known_of_expiry_stays():
    project = make_project()
    secrets = {"password": "x"}
    set_credential(
        OPERATOR,
        project=project,
        name="bot",
        kind="git",
        repo_url=URL,
        secrets=secrets,
        expires_on=NOW.date(),
        now=NOW,
    )

    apply(SECRET)

    assert Credential.objects.get().expires_on == NOW.date()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  repoURL: https://git.example.com/acme/site\n", "", "needs the URL"),
        ("cred-type: git", "cred-type: ftp", "no type of credential"),
        ("  password: tr0ub4dor&3", "  pin: tr0ub4dor&3", '"pin" is not used'),
        ("  password: tr0ub4dor&3", "  githubAppPrivateKey: tr0ub4dor&3", "githubAppInstallationID"),
        ("stringData:", "data:", "is not base64"),
        ("  username: robot", "  username: 7", "text"),
        ("  username: robot", "  repoURLIsRegex: 'true'\n  repoURL2: '('", '"repoURL2" is not used'),
    ],
)
def test_what_cannot_work_is_an_error_at_its_place_without_the_secret(old, new, words):
    make_project()

    errors = plan(SECRET.replace(old, new)).errors

    assert words in errors[0].message + errors[0].hint
    assert errors[0].line > 1
    assert "tr0ub4dor" not in str(errors)


def test_a_config_map_holds_texts_only():
    make_project()

    messages = [error.message for error in plan(CONFIG_MAP.replace("eu-central-1", "7")).errors]
    binary = plan(CONFIG_MAP.replace("\ndata:", "\nbinaryData:")).errors

    assert messages
    assert "texts only" in binary[0].message


def test_secrets_take_the_right_to_manage_credentials():
    make_project()

    rights = required_rights(plan(SECRET, CONFIG_MAP))

    assert set(rights) == {
        RequiredRight("shop", Action.MANAGE_CREDENTIALS),
        RequiredRight("shop", Action.EDIT),
    }


def test_who_may_not_set_secrets_cannot_find_out_what_they_are():
    cast = make_cast()
    apply(SECRET)

    right, wrong = (
        preview_changes(cast.bob, SECRET.replace("tr0ub4dor&3", guess), scope="shop")
        for guess in ("tr0ub4dor&3", "tr0ub4dor&4")
    )

    for preview in (right, wrong):
        assert not preview.can_apply
        assert (preview.changes, preview.unchanged) == ((), ())
    assert right.refusals == wrong.refusals != ()
    assert preview_changes(cast.alice, SECRET, scope="shop").unchanged != ()
