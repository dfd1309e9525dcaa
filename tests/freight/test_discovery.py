from datetime import timedelta

import pytest
from django.utils import timezone

from freight.models import Freight, KnownImage, Subscription, Warehouse
from projects.actors import OPERATOR
from projects.credentials import set_credential
from projects.models import AuditEntry
from tests.factories import make_project, make_warehouse
from tests.servers.charts import serve_charts
from tests.servers.http_recorder import HttpRecorder

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def app_image(oci, **rules):
    return {"image": {"repoURL": f"{oci.host}/app", **rules}}


def test_makes_freight_of_the_best_of_each_subscription(git, oci, check):
    git.create("app", {"readme": "hello"})
    oci.push_image("app", "1.0.0")
    digest = oci.push_image("app", "1.1.0", annotations={"team": "blue"})
    subscriptions = [{"git": {"repoURL": git.url("app")}}, app_image(oci)]
    warehouse = check(make_warehouse(make_project(), subscriptions=subscriptions))

    freight = Freight.objects.get()
    commit, image = freight.artifacts.all()
    assert (commit.commit_id, commit.branch, commit.message) == (git.head("app"), "", "Begin")
    assert (image.tag, image.digest, image.annotations) == ("1.1.0", digest, {"team": "blue"})
    assert (warehouse.phase, warehouse.message, warehouse.failures) == ("Ready", "", 0)
    assert warehouse.last_freight_name == freight.name
    assert AuditEntry.objects.get(action="created").actor_name == "warehouse"


def test_looks_again_after_the_interval(oci, check, settings):
    settings.MIN_WAREHOUSE_INTERVAL = timedelta(minutes=2)
    oci.push_image("app", "1.0.0")
    project = make_project()
    often = check(make_warehouse(project, "often", [app_image(oci)], spec={"interval": "10s"}))
    seldom = check(make_warehouse(project, "seldom", [app_image(oci)], spec={"interval": "1h30m"}))

    assert often.due_at - often.checked_at == 2 * MINUTE
    assert seldom.due_at - seldom.checked_at == 90 * MINUTE
    assert often.lease_token is None


def test_finds_the_same_freight_again_without_making_it_twice(oci, check):
    oci.push_image("app", "1.0.0")
    warehouse = check(make_warehouse(make_project(), subscriptions=[app_image(oci)]))
    check(warehouse)

    assert Freight.objects.count() == 1
    assert AuditEntry.objects.filter(action="created").count() == 1


def test_a_version_that_is_no_longer_found_leaves_freight_as_it_was(oci, check):
    oci.push_image("app", "1.0.0")
    oci.push_image("app", "2.0.0")
    warehouse = check(make_warehouse(make_project(), subscriptions=[app_image(oci)]))
    warehouse.spec["subscriptions"][0]["image"]["ignoreTagsRegexes"] = ["^2"]
    Warehouse.objects.filter(pk=warehouse.pk).update(spec=warehouse.spec, generation=2)
    check(warehouse)

    tags = [freight.artifacts.get().tag for freight in Freight.objects.order_by("id")]
    assert tags == ["2.0.0", "1.0.0"]


def test_our_own_push_outside_the_paths_makes_no_freight(git, check):
    git.create("app", {"src/app.py": "1", "env/test/values.yaml": "tag: 1"})
    subscription = {"git": {"repoURL": git.url("app"), "includePaths": ["src"]}}
    warehouse = check(make_warehouse(make_project(), subscriptions=[subscription]))
    assert Freight.objects.count() == 1

    git.commit("app", {"env/test/values.yaml": "tag: 2"}, "Promote to test")
    check(warehouse)
    assert Freight.objects.count() == 1

    git.commit("app", {"src/app.py": "2"}, "Change the app")
    check(warehouse)
    assert Freight.objects.count() == 2


def test_manual_policy_finds_but_makes_nothing(oci, check):
    oci.push_image("app", "1.0.0")
    spec = {"freightCreationPolicy": "Manual"}
    warehouse = check(make_warehouse(make_project(), subscriptions=[app_image(oci)], spec=spec))

    assert warehouse.phase == "Ready"
    assert [item["tag"] for item in warehouse.subscriptions.get().found] == ["1.0.0"]
    assert not Freight.objects.exists()


def test_says_which_subscription_found_nothing(git, oci, check):
    git.create("app", {"readme": "hello"})
    oci.push_image("app", "nightly")
    subscriptions = [{"git": {"repoURL": git.url("app")}}, app_image(oci)]
    warehouse = check(make_warehouse(make_project(), subscriptions=subscriptions))

    assert warehouse.phase == "Empty"
    assert f"No image references were discovered in image {oci.host}/app" in warehouse.message
    assert warehouse.observed_generation == warehouse.generation
    assert warehouse.subscriptions.get(kind="image").ignored == [
        {"version": "nightly", "reason": "not a semantic version"}
    ]
    assert not Freight.objects.exists()


def test_tries_all_subscriptions_even_if_the_first_fails(git, oci, check):
    git.create("app", {"readme": "hello"})
    oci.push_image("app", "1.0.0")
    missing = {"git": {"repoURL": git.url("missing")}, "name": "config"}
    warehouse = check(make_warehouse(make_project(), subscriptions=[missing, app_image(oci)]))

    broken, fine = warehouse.subscriptions.all()
    assert "missing" in broken.error
    assert (fine.error, len(fine.found)) == ("", 1)
    assert warehouse.phase == "Failed"
    assert f'subscription "config", git {git.url("missing")}: {broken.error.rstrip(".")}' in warehouse.message
    assert f"Next try at {warehouse.due_at:%H:%M:%S} UTC." in warehouse.message
    assert (warehouse.failures, warehouse.observed_generation) == (1, 0)
    assert not Freight.objects.exists()


def test_keeps_what_was_found_when_the_next_look_fails(oci, check):
    oci.push_image("app", "1.0.0")
    warehouse = check(make_warehouse(make_project(), subscriptions=[app_image(oci)]))
    oci.stop()
    warehouse = check(warehouse)

    row = warehouse.subscriptions.get()
    assert warehouse.phase == "Failed"
    assert row.error
    assert [item["tag"] for item in row.found] == ["1.0.0"]


def test_recovers_after_failures(git, check):
    git.create("app", {"readme": "hello"})
    warehouse = make_warehouse(make_project(), subscriptions=[{"git": {"repoURL": git.url("app")}}])
    git.fail_next(503, times=2)
    assert check(warehouse).failures == 1
    warehouse = check(check(warehouse))

    assert (warehouse.phase, warehouse.failures, warehouse.message) == ("Ready", 0, "")
    assert Freight.objects.count() == 1


def test_refused_credentials_are_tried_again_at_the_slow_end(git, check, settings):
    settings.ALLOW_CREDENTIALS_OVER_HTTP = True
    git.create("app", {"readme": "hello"})
    git.accounts["app"] = ("bot", "right")
    project = make_project()
    subscriptions = [{"git": {"repoURL": git.url("app")}}]
    warehouse = check(make_warehouse(project, subscriptions=subscriptions))

    assert "wants credentials" in warehouse.message
    assert 4 * MINUTE <= warehouse.due_at - warehouse.checked_at <= 5 * MINUTE

    set_credential(
        OPERATOR,
        project=project,
        name="app",
        kind="git",
        repo_url=git.url("app"),
        username="bot",
        secrets={"password": "right"},
        now=timezone.now(),
    )
    assert check(warehouse).phase == "Ready"


def test_says_until_when_a_registry_wants_no_requests(oci, git, check):
    git.create("app", {"readme": "hello"})
    oci.push_image("app", "1.0.0")
    project = make_project()
    subscriptions = [app_image(oci), {"git": {"repoURL": git.url("app")}}]
    warehouse = make_warehouse(project, subscriptions=subscriptions)
    oci.faults.statuses, oci.faults.retry_after = [429], "600"
    warehouse = check(warehouse)
    asked = oci.count()
    other = check(make_warehouse(project, "other", subscriptions=[app_image(oci)]))

    limited, fine = warehouse.subscriptions.all()
    assert (limited.found, len(fine.found), fine.error) == ([], 1, "")
    assert f"Rate limited until {limited.paused_until:%H:%M:%S} UTC." in warehouse.message
    assert timedelta(seconds=590) < limited.paused_until - warehouse.checked_at <= timedelta(seconds=600)
    assert warehouse.due_at >= limited.paused_until
    assert oci.count() == asked
    assert "was not asked again. Rate limited until" in other.message
    assert other.due_at >= limited.paused_until - timedelta(seconds=1)


def test_one_check_asks_a_registry_for_so_long_and_no_longer(oci, check, settings):
    oci.push_image("app", "1.0.0")
    settings.REGISTRY_TIMEOUT = timedelta(0)
    warehouse = check(make_warehouse(make_project(), subscriptions=[app_image(oci)]))

    assert (warehouse.phase, oci.count()) == ("Failed", 0)
    assert "The registry was too slow: one check may ask for 0 s" in warehouse.message


def test_texts_that_no_database_takes_are_cleaned(oci, check):
    oci.push_image("app", "1.0.0", annotations={"note": "nul \0 and half \ud800"})
    warehouse = check(make_warehouse(make_project(), subscriptions=[app_image(oci)]))

    assert warehouse.phase == "Ready"
    assert Freight.objects.get().artifacts.get().annotations == {"note": "nul  and half ?"}


def test_what_was_learned_of_images_survives_a_restart(oci, check):
    oci.push_image("app", "1.0.0")
    warehouse = check(make_warehouse(make_project(), subscriptions=[app_image(oci)]))
    blobs = oci.count("blobs")
    check(warehouse)

    assert KnownImage.objects.get().digest == warehouse.subscriptions.get().found[0]["digest"]
    assert oci.count("blobs") == blobs


def test_criteria_see_charts(oci, charts, check):
    subscriptions = [charts("1.0.0", "1.2.0"), app_image(oci)]
    oci.push_image("app", "1.2.0")
    same = f'chartFrom("{charts.url}/stable/", "app")?.Version ?? chartFrom("{charts.url}/stable", "app").Version'
    spec = {"freightCreationCriteria": {"expression": f'({same}) == imageFrom("{oci.host}/app").Tag'}}
    warehouse = check(make_warehouse(make_project(), subscriptions=subscriptions, spec=spec))

    assert (warehouse.phase, warehouse.message) == ("Ready", "")
    chart = Freight.objects.get().artifacts.get(kind="chart")
    assert (chart.repo_url, chart.chart_name, chart.version) == (f"{charts.url}/stable", "app", "1.2.0")


def test_another_chart_of_the_repository_does_not_inherit_what_was_found(charts, check):
    warehouse = check(make_warehouse(make_project(), subscriptions=[charts("1.0.0")]))
    warehouse.spec["subscriptions"][0]["chart"]["name"] = "other"
    Warehouse.objects.filter(pk=warehouse.pk).update(spec=warehouse.spec, generation=2)
    charts.close()
    warehouse = check(warehouse)

    row = warehouse.subscriptions.get()
    assert (warehouse.phase, row.found) == ("Failed", [])


@pytest.fixture
def charts():
    """A chart repository; called with versions of the chart app it serves them and gives the subscription."""

    class Site(HttpRecorder):
        def __call__(self, *versions):
            serve_charts(self, "/stable", [("app", version) for version in versions])
            return {"chart": {"repoURL": f"{self.url}/stable", "name": "app"}}

        def close(self):
            if self.thread.is_alive():
                super().close()

    site = Site()
    yield site
    site.close()


def test_old_tag_filters_say_what_to_write_instead(oci, check):
    oci.push_image("app", "1.0.0")
    warehouse = check(make_warehouse(make_project(), subscriptions=[app_image(oci, allowTags="^v?[0-9]+")]))

    assert warehouse.phase == "Failed"
    assert "allowTagsRegexes: ['^v?[0-9]+']" in warehouse.message


@pytest.mark.parametrize(
    ("expression", "is_made", "message"),
    [
        pytest.param("", True, "", id="no criteria"),
        pytest.param('imageFrom("{image}").Tag == "1.0.0"', True, "", id="true"),
        pytest.param('commitFrom("{git}").ID startsWith imageFrom("{image}").Tag', False, "is false", id="false"),
        pytest.param('imageFrom("nobody/knows").Tag == "1"', False, "cannot be evaluated", id="field of nil"),
        pytest.param('imageFrom("nobody/knows")?.Tag == nil', True, "", id="optional field of nil"),
        pytest.param('"true"', True, "", id="text that reads as true"),
        pytest.param('"maybe"', False, "cannot be evaluated", id="no truth value"),
    ],
)
def test_criteria_decide_whether_freight_is_made(git, oci, check, expression, is_made, message):
    git.create("app", {"readme": "hello"})
    oci.push_image("app", "1.0.0")
    url, image = git.url("app"), f"{oci.host}/app"
    written = expression.replace("{git}", url).replace("{image}", image)
    spec = {"freightCreationCriteria": {"expression": written}}
    subscriptions = [{"git": {"repoURL": url}}, app_image(oci)]
    warehouse = check(make_warehouse(make_project(), subscriptions=subscriptions, spec=spec))

    assert Freight.objects.exists() == is_made
    assert warehouse.phase == "Ready"
    assert message in warehouse.message
    assert bool(warehouse.message) == bool(message)


def test_rows_follow_the_spec(oci, check):
    oci.push_image("app", "1.0.0")
    oci.push_image("other", "2.0.0")
    warehouse = check(make_warehouse(make_project(), subscriptions=[app_image(oci)]))
    spec = {**warehouse.spec, "subscriptions": [{"image": {"repoURL": f"{oci.host}/other"}}, app_image(oci)]}
    Warehouse.objects.filter(pk=warehouse.pk).update(spec=spec, generation=2)
    check(warehouse)

    rows = Subscription.objects.order_by("position")
    assert [(row.repo_url, row.found[0]["tag"]) for row in rows] == [
        (f"{oci.host}/other", "2.0.0"),
        (f"{oci.host}/app", "1.0.0"),
    ]
