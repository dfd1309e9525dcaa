"""Message channels as manifests: what is accepted, applied and exported, and how a promotion uses them."""

import pytest
from django.conf import settings
from django.utils import timezone

from projects.actors import OPERATOR
from projects.documents import SourceText
from projects.encryption import seal
from projects.models import Credential, CredentialKind
from promotions.changesets import apply_changes, export_project, plan_changes
from promotions.models import MessageChannel
from promotions.phases import Phase
from tests.factories import make_freight, make_project, make_stage, make_warehouse
from tests.promotions.driving import log_of, look, promote
from tests.servers.slack import TOKEN, SlackServer

pytestmark = pytest.mark.django_db(transaction=True)
SLACK = "slack: {channelID: C1}"


def document(spec, kind="MessageChannel", name="team", namespace="shop"):
    where = f", namespace: {namespace}" if namespace else ""
    head = f"apiVersion: ee.kargo.akuity.io/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}{where}}}\n"
    return SourceText("c.yaml", f"{head}spec:\n  {spec}\n")


def apply(*texts):
    apply_changes(OPERATOR, plan_changes(texts), now=timezone.now())


def keep_secret(name, values, project=None):
    sealed = seal(values, key=settings.SECRET_KEY)
    Credential.objects.create(project=project, name=name, kind=CredentialKind.GENERIC, sealed=sealed)


@pytest.fixture
def slack():
    server = SlackServer()
    yield server
    server.close()


@pytest.mark.parametrize(
    "spec",
    [
        SLACK,
        "slack: {channelID: C1}\n  secretRef: {name: slack-token}",
        "smtp: {host: mail.example.com, port: 587, from: kargo@example.com, to: [a@example.com], useTLS: false}",
        "http: {url: 'https://x.example/hook', headers: [{name: A, value: b}], timeout: 30s}",
    ],
)
def test_what_is_applied_comes_out_again(spec):
    project = make_project("shop")

    apply(document(spec))

    files = dict(export_project(project))
    assert list(files) == ["project.yaml", "message-channels.yaml"]
    change_set = plan_changes([SourceText("x", files["message-channels.yaml"])])
    assert change_set.errors == ()
    assert change_set.is_empty


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("{}", "Exactly one of"),
        (f"{SLACK}\n  http: {{url: 'https://x'}}", "Exactly one of"),
        ("slack: {}", "channelID"),
        ("slack: {channelID: ''}", ""),
        ("smtp: {host: x, port: 0, from: a@b.c}", ""),
        ("smtp: {host: x, port: '25', from: a@b.c}", ""),
        ("http: {url: 'file:///etc/passwd'}", ""),
        ("http: {url: 'https://x', method: TRACE}", ""),
        ("slack: {channelID: C1, token: abc}", "token"),
    ],
)
def test_what_no_channel_can_be_is_refused(spec, said):
    make_project("shop")

    (error, *_) = plan_changes([document(spec)]).errors

    assert said in f"{error.message} {error.hint}"


def test_a_channel_of_the_project_and_a_shared_one_carry_messages(slack):
    project = make_project("shop")
    keep_secret("own", {"apiKey": TOKEN}, project)
    keep_secret("everybody", {"apiKey": TOKEN})
    api = f"slack: {{channelID: C1, apiURL: '{slack.api_url}'}}\n  secretRef: {{name: "
    apply(document(f"{api}own}}"), document(f"{api}everybody}}", "ClusterMessageChannel", namespace=""))
    warehouse = make_warehouse(project)
    steps = [
        {
            "uses": "send-message",
            "as": kind,
            "config": {"channel": {"kind": kind, "name": "team"}, "message": f"${{{{ ctx.stage }}}} by {kind}"},
        }
        for kind in ("MessageChannel", "ClusterMessageChannel")
    ]

    run = look(promote(make_stage(project, "uat", warehouse=warehouse, steps=steps), make_freight(warehouse)))

    assert run.phase == Phase.SUCCEEDED
    assert [message["text"] for message in slack.messages] == [
        "uat by MessageChannel",
        "uat by ClusterMessageChannel",
    ]
    assert run.output("MessageChannel") == {"slack": {"threadTS": "1700000000.000001"}}
    assert TOKEN not in "".join(log_of(run.promotion))


def test_a_channel_of_another_project_and_a_secret_that_is_missing_are_told():
    make_project("other")
    project = make_project("shop")
    apply(document(SLACK, name="theirs", namespace="other"), document(f"{SLACK}\n  secretRef: {{name: none}}"))
    warehouse = make_warehouse(project)
    said = {}
    for number, name in enumerate(("theirs", "team")):
        config = {"channel": {"kind": "MessageChannel", "name": name}, "message": "x"}
        steps = [{"uses": "send-message", "as": "tell", "config": config}]
        stage = make_stage(project, f"s{number}", warehouse=warehouse, steps=steps)
        said[name] = promote(stage, make_freight(warehouse)).message

    assert 'MessageChannel "theirs" does not exist in this project' in said["theirs"]
    assert 'names a secret that does not exist: generic secret "none" of this project' in said["team"]
    assert MessageChannel.objects.count() == 2
