"""The pages of webhooks: receivers with their addresses, deliveries with what came of them."""

import pytest
from django.test import Client
from django.utils import timezone

from freight.models import Delivery, Warehouse
from freight.receivers.addresses import list_configured
from projects.models import AuditEntry
from tests.cast import Cast, browser_of, make_cast
from tests.factories import make_member, make_project, make_warehouse
from tests.freight.receivers import samples
from tests.freight.receivers.samples import GIT, SECRET, Sample
from tests.freight.receivers.setup import configure, make_receiver, receiver

PAGE = "/p/shop/settings/webhooks/"


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def path(cast: Cast) -> str:
    make_warehouse(cast.project, subscriptions=[{"git": {"repoURL": GIT}}])
    return make_receiver(cast.project, "github")


def deliver(path: str, sample: Sample, *, headers: dict[str, str] | None = None) -> Delivery:
    sent = sample.signed() if headers is None else headers
    Client().post(path, sample.body, content_type="application/json", headers=sent)
    return Delivery.objects.first()


@pytest.mark.parametrize("role", ["owner", "maintainer"])
def test_who_may_configure_sees_the_address(cast: Cast, path: str, role: str) -> None:
    make_member(cast.project, "erin", role)
    member = cast.project.members.get(user__username="erin").user

    page = browser_of(member).get(PAGE).content.decode()

    assert f'data-copy="http://testserver{path}"' in page
    assert SECRET not in page


@pytest.mark.parametrize("who", ["bob", "rita"])
def test_others_see_that_there_is_one(cast: Cast, path: str, who: str) -> None:
    delivery = deliver(path, samples.github_push())

    browser = browser_of(getattr(cast, who))
    page = browser.get(PAGE).content.decode()

    assert path not in page
    assert list_configured(cast.project)[0].digest not in page
    assert "github" in page
    assert "Refreshed main." in page
    assert f"{PAGE}{delivery.pk}/" not in page
    assert browser.get(f"{PAGE}{delivery.pk}/").status_code == 403


def test_the_address_is_that_of_the_site(cast: Cast, path: str, settings) -> None:
    settings.BASE_URL = "https://kargo.example.com"

    assert f"https://kargo.example.com{path}" in browser_of(cast.alice).get(PAGE).content.decode()


def test_a_receiver_without_a_secret_says_what_to_do(cast: Cast) -> None:
    configure(cast.project, receiver("gitlab", "hook"))

    page = browser_of(cast.rita).get(PAGE).content.decode()

    assert "There is no secret &quot;hook-secret&quot; in this project." in page
    assert "secret-token" in page


def test_without_receivers_the_page_says_how_to_begin(cast: Cast) -> None:
    page = browser_of(cast.alice).get(PAGE).content.decode()

    assert "No receivers yet." in page
    assert "Nothing has come yet." in page


def test_a_delivery_is_shown_with_payload_result_and_answer(cast: Cast, path: str) -> None:
    delivery = deliver(path, samples.github_push("refs/heads/main", samples.commit("<b>.txt")))

    page = browser_of(cast.alice).get(f"{PAGE}{delivery.pk}/").content.decode()

    for fact in ("push", "Refreshed main.", "&lt;b&gt;.txt", "refreshed 1 warehouse(s)", "x-github-event"):
        assert fact in page
    assert "sha256=" not in page
    assert "<b>.txt" not in page


def test_deliveries_are_filtered_by_receiver(cast: Cast, path: str) -> None:
    deliver(path, samples.github_push())

    assert "Refreshed main." in browser_of(cast.alice).get(f"{PAGE}?receiver=github").content.decode()
    assert "Refreshed main." not in browser_of(cast.alice).get(f"{PAGE}?receiver=other").content.decode()


def test_an_owner_delivers_again(cast: Cast, path: str) -> None:
    delivery = deliver(path, samples.github_push())
    Warehouse.objects.update(refresh_requested_at=None)

    answer = browser_of(cast.alice).post(f"{PAGE}{delivery.pk}/redeliver/", follow=True)

    again = Delivery.objects.get(redelivery_of=delivery)
    assert answer.redirect_chain == [(f"{PAGE}{again.pk}/", 302)]
    assert Warehouse.objects.get().refresh_requested_at
    assert AuditEntry.objects.get(action="redelivered").actor_name == "alice"


def test_what_was_refused_has_no_button(cast: Cast, path: str) -> None:
    sample = samples.github_push()
    delivery = deliver(path, sample, headers=sample.headers)
    browser = browser_of(cast.alice)

    page = browser.get(f"{PAGE}{delivery.pk}/").content.decode()
    answer = browser.post(f"{PAGE}{delivery.pk}/redeliver/")

    assert "It was refused, so there is nothing to do again." in page
    assert answer.status_code == 409
    assert Delivery.objects.count() == 1


def test_who_may_deliver_again(cast: Cast, path: str) -> None:
    delivery = deliver(path, samples.github_push())
    address = f"{PAGE}{delivery.pk}/redeliver/"

    assert browser_of(cast.bob).post(address).status_code == 403
    assert browser_of(cast.rita).post(address).status_code == 403
    assert browser_of(cast.charlie).post(address).status_code == 404
    assert browser_of(cast.alice).get(address).status_code == 405
    assert Delivery.objects.count() == 1
    assert browser_of(cast.alice).post(address).status_code == 302


def test_a_delivery_of_another_project_is_not_there(cast: Cast, path: str) -> None:
    delivery = deliver(path, samples.github_push())
    other = make_project("other")
    make_member(other, cast.bob, "owner")

    browser = browser_of(cast.bob)

    assert browser.get(f"/p/other/settings/webhooks/{delivery.pk}/").status_code == 404
    assert browser.post(f"/p/other/settings/webhooks/{delivery.pk}/redeliver/").status_code == 404


def test_the_queries_do_not_grow_with_the_deliveries(cast: Cast, path: str, django_assert_max_num_queries) -> None:
    for _ in range(5):
        deliver(path, samples.github_push())
    browser = browser_of(cast.alice)

    with django_assert_max_num_queries(16):
        browser.get(PAGE)
    assert Delivery.objects.filter(received_at__lte=timezone.now()).count() == 5
