import pytest
from django.urls import reverse

from kargoweb.live.routes import Route, find_route


def test_the_named_addresses_are_streams() -> None:
    assert find_route(reverse("events", args=["shop"])) == Route("shop", None)
    assert find_route(reverse("promotion-log-stream", args=["shop", 412])) == Route("shop", 412)


@pytest.mark.parametrize(
    "path",
    ["/", "/p/shop/", "/p/shop/events/x", "/p/a/b/events", "/p/shop/promotions/x/log/stream", "/x/events"],
)
def test_everything_else_is_not(path: str) -> None:
    assert find_route(path) is None
