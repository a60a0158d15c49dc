"""Pages and cursors of lists."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import pages
from contracts.errors import Invalid


@given(st.uuids())
def test_a_cursor_leads_back_to_its_item(item_id: UUID) -> None:
    cursor = pages.cursor_at(item_id)

    assert pages.position(cursor) == item_id
    assert len(cursor) == 22 and cursor == pages.cursor_at(str(item_id))


def test_there_is_no_position_before_the_first_page() -> None:
    assert pages.position(None) is None


@given(st.text().filter(lambda text: len(text) != 22))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        pages.position(text)

    (field,) = refused.value.errors
    assert (field["field"], field["code"]) == ("cursor", "cursor.invalid")


@pytest.mark.parametrize(("rows", "limit", "shown", "leads_on"), [(0, 3, 0, False), (3, 3, 3, False), (4, 3, 3, True)])
def test_the_cursor_leads_on_only_where_more_follows(rows: int, limit: int, shown: int, leads_on: bool) -> None:
    found = [{"id": uuid4()} for _ in range(rows)]

    page = pages.page(found, limit)

    assert page["items"] == found[:shown]
    assert page["next_cursor"] == (pages.cursor_at(found[limit - 1]["id"]) if leads_on else None)
