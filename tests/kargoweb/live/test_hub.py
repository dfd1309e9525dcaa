import asyncio

from kargoweb.live.hub import RESYNC, Hub


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_tells_each_topic_once_to_the_watchers_of_its_project() -> None:
    hub = Hub(Clock())
    shop, other = hub.subscribe("shop"), hub.subscribe("other")

    for _ in range(3):
        hub.publish("shop", "freight")

    assert shop.take() == {"freight"}
    assert other.take() == set()


def test_a_watcher_that_does_not_read_costs_a_bounded_set_and_is_told_to_look_again() -> None:
    hub = Hub(Clock())
    shop = hub.subscribe("shop")

    for number in range(10_000):
        hub.publish("shop", f"promotion:{number}")

    topics = shop.take()
    assert len(topics) <= 500
    assert RESYNC in topics


def test_begins_with_what_the_page_has_missed() -> None:
    clock = Clock()
    hub = Hub(clock)
    clock.now += 100
    hub.publish("shop", "stage:old")
    clock.now += 10
    hub.publish("shop", "stage:new")
    hub.publish("other", "stage:foreign")
    clock.now += 1

    assert hub.subscribe("shop", missed_seconds=5).take() == {"stage:new"}


def test_a_page_older_than_the_memory_looks_at_everything() -> None:
    clock = Clock()
    hub = Hub(clock)
    clock.now += 500

    assert hub.subscribe("shop", missed_seconds=90).take() == {RESYNC}


def test_a_page_drawn_before_this_process_began_looks_at_everything() -> None:
    assert Hub(Clock()).subscribe("shop", missed_seconds=1).take() == {RESYNC}


def test_forgets_who_left() -> None:
    hub = Hub(Clock())
    shop = hub.subscribe("shop")

    hub.leave(shop)
    hub.publish("shop", "freight")

    assert shop.take() == set()


def test_closing_wakes_those_who_wait_and_ends_those_who_come() -> None:
    async def scene() -> tuple[bool, bool]:
        hub = Hub(Clock())
        shop = hub.subscribe("shop")
        waiting = asyncio.create_task(shop.wait(60))
        await asyncio.sleep(0)
        hub.close()
        await asyncio.wait_for(waiting, 1)
        return shop.is_closed, hub.subscribe("shop").is_closed

    assert asyncio.run(scene()) == (True, True)
