"""Pages and cursors of lists."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chassis import pages
from contracts.errors import Invalid


@given(st.uuids())
def test_a_cursor_leads_back_to_its_item(item_id: UUID) -> None:
    cursor = pages.cursor_at(item_id)

    assert pages.position(cursor) == item_id
    assert len(cursor) == 22 and cursor == pages.cursor_at(str(item_id))


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_in_time_leads_back_to_its_item(moment: datetime, item_id: UUID) -> None:
    assert pages.position_in_time(pages.cursor_in_time(moment, item_id)) == (moment, item_id)


def test_there_is_no_position_before_the_first_page() -> None:
    assert pages.position(None) is None
    assert pages.position_in_time(None) is None


@pytest.mark.parametrize("read", [pages.position, pages.position_in_time])
@given(text=st.text().filter(lambda text: len(text) not in (22, 32)))
@example(text="f" * 22 + "=").via("padded")
@example(text="_" * 31 + "!").via("of another alphabet")
def test_what_is_no_cursor_is_refused(read: Callable[[str], Any], text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(text)

    (field,) = refused.value.errors
    assert (field["field"], field["code"]) == ("cursor", "cursor.invalid")


@pytest.mark.parametrize(("rows", "limit", "shown", "leads_on"), [(0, 3, 0, False), (3, 3, 3, False), (4, 3, 3, True)])
def test_the_cursor_leads_on_only_where_more_follows(rows: int, limit: int, shown: int, leads_on: bool) -> None:
    found = [{"id": uuid4()} for _ in range(rows)]

    page = pages.page(found, limit)

    assert page["items"] == found[:shown]
    assert page["next_cursor"] == (pages.cursor_at(found[limit - 1]["id"]) if leads_on else None)


def test_a_page_in_time_leads_on_to_the_time_and_id_of_its_last_item() -> None:
    rows = [{"id": uuid4(), "created_at": datetime(2027, 1, day, tzinfo=UTC)} for day in (3, 2, 1)]

    page = pages.page_in_time(rows, 2)

    assert page["items"] == rows[:2]
    assert pages.position_in_time(page["next_cursor"]) == (rows[1]["created_at"], rows[1]["id"])
    assert pages.page_in_time(rows, 3)["next_cursor"] is None


def test_a_cursor_whose_time_is_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(Invalid):
        pages.position_in_time("f" + "_" * 31)
