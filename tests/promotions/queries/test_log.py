import pytest
from django.utils import timezone

from promotions.models import LogBatch, Promotion
from promotions.phases import Phase
from promotions.queries.log import SHOWN_CHARACTERS, iterate_text, read_after, read_range
from tests.factories import make_freight, make_project, make_promotion, make_stage, make_warehouse

pytestmark = pytest.mark.django_db


@pytest.fixture
def promotion() -> Promotion:
    project = make_project()
    warehouse = make_warehouse(project)
    steps = [{"uses": "git-clone", "as": "clone"}, {"uses": "git-push", "as": "push"}]
    stage = make_stage(project, warehouse=warehouse, steps=steps)
    return make_promotion(stage, make_freight(warehouse), phase=Phase.RUNNING)


def write(promotion: Promotion, first: int, last: int, *, step: int = 0, text: str = "line") -> None:
    LogBatch.objects.create(
        promotion=promotion,
        step_index=step,
        first_line=first,
        last_line=last,
        lines=[["out", f"{text} {number}"] for number in range(first, last + 1)],
        at=timezone.now(),
    )
    promotion.log_line_count = last
    promotion.save(update_fields=["log_line_count"])


def test_reads_on_from_the_middle_of_a_batch(promotion: Promotion) -> None:
    write(promotion, 1, 10)
    write(promotion, 11, 12)

    part = read_after(promotion.pk, 7)

    assert part is not None
    assert [line.number for line in part.lines] == [8, 9, 10, 11, 12]
    assert part.final_count is None


def test_never_goes_over_a_gap(promotion: Promotion) -> None:
    write(promotion, 1, 2)
    write(promotion, 5, 6)

    after_two, after_zero = read_after(promotion.pk, 2), read_after(promotion.pk, 0)

    assert after_two is not None
    assert after_two.lines == ()
    assert after_zero is not None
    assert after_zero.last == 2


def test_heads_the_lines_of_each_step_once(promotion: Promotion) -> None:
    write(promotion, 1, 2)
    write(promotion, 3, 4, step=1)
    write(promotion, 5, 6, step=1)

    part = read_range(promotion, 2, 6)

    assert [line.heading for line in part.lines] == ["", "2 push · git-push", "", "", ""]


def test_says_how_many_lines_there_are_when_it_has_ended(promotion: Promotion) -> None:
    write(promotion, 1, 3)
    promotion.phase, promotion.finished_at = Phase.SUCCEEDED, timezone.now()
    promotion.save()

    part = read_after(promotion.pk, 3)

    assert part is not None
    assert (part.lines, part.final_count) == ((), 3)


def test_cuts_long_lines_and_gives_them_whole_when_asked(promotion: Promotion) -> None:
    write(promotion, 1, 1, text="x" * 5000)

    cut, whole = read_range(promotion, 1, 1).lines[0], read_range(promotion, 1, 1, whole_lines=True).lines[0]

    assert (len(cut.html), cut.hidden_characters) == (SHOWN_CHARACTERS, 5002 - SHOWN_CHARACTERS)
    assert (len(whole.html), whole.hidden_characters) == (5002, 0)


def test_a_promotion_that_is_gone_has_no_log(promotion: Promotion) -> None:
    assert read_after(promotion.pk + 1, 0) is None


def test_the_download_has_every_line_with_its_time(promotion: Promotion) -> None:
    write(promotion, 1, 2)
    write(promotion, 3, 3)

    text = "".join(iterate_text(promotion))

    assert [line.split(" ", 1)[1] for line in text.splitlines()] == ["line 1", "line 2", "line 3"]
