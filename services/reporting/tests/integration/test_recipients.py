"""The tools of a report: a group of those who did or did not, and the file."""

from __future__ import annotations

import csv
import io
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from python_calamine import CalamineWorkbook

from chassis.database import Database
from contracts.errors import Forbidden, NotFound, TooLarge
from contracts.reporting.recipients import RPC, Who
from reporting.domain import spreadsheet
from reporting.ingester.writing import Ingest
from reporting.store import messages
from reporting.usecases import files, recipients

from ..factories import Send


class Contacts:
    """Contacts as far as a report asks it: to begin a job, which then asks for the recipients."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, name: str, _actor: Any, payload: dict[str, Any], *, deadline: float) -> dict[str, Any]:
        self.asked.append((name, payload))
        made = {"id": str(uuid4()), "state": "waiting", "items": [], "error": None}
        return {**made, "created_at": datetime.now(UTC).isoformat(), "finished_at": None}


def a_campaign(database: Database, size: int = 2_500) -> Send:
    send = Send("email")
    reported = [
        send.full(number, "delivered" if number % 5 else "hard_bounced", code="5.1.1") for number in range(size)
    ]
    Ingest(database).write([reported])
    return send


def pages(database: Database, send: Send, **who: Any) -> list[list[dict[str, Any]]]:
    """All recipients of whom this is true, a thousand a page, as the jobs of contacts ask for them."""
    found: list[list[dict[str, Any]]] = []
    actor: Any = {"account_id": send.account_id, "service": "contacts"}
    cursor = None
    while True:
        with database.transaction() as session:
            page = recipients.list_report_recipients(
                session,
                actor=actor,
                now=datetime.now(UTC),
                campaign_id=UUID(send.campaign_id),
                limit=1_000,
                cursor=cursor,
                **who,
            )
        found.append(page["items"])
        if (cursor := page["next_cursor"]) is None:
            return found


def begin(database: Database, send: Send, contacts: Contacts, permissions: list[str], **asked: Any) -> dict[str, Any]:
    actor: Any = {"account_id": send.account_id, "permissions": permissions}
    usecase = recipients.create_report_group if "name" in asked else recipients.archive_report_recipients
    given = {"campaign_id": UUID(send.campaign_id), **asked}
    answer = usecase(database, actor=actor, now=datetime.now(UTC), call=contacts, **given)
    return RPC[usecase.__name__].dump(answer)  # as the service writes it


def test_everybody_stands_once_on_pages_of_a_thousand(database: Database) -> None:
    found = pages(database, a_campaign(database), who=Who.DELIVERED)

    assert [len(page) for page in found] == [1_000, 1_000]
    contact_ids = [str(one["contact_id"]) for page in found for one in page]
    assert sorted(contact_ids) == sorted(str(UUID(int=n + 1)) for n in range(2_500) if n % 5)


def test_contacts_is_asked_for_a_group_and_for_the_archive(database: Database) -> None:
    send, contacts = a_campaign(database, 10), Contacts()

    begun = begin(database, send, contacts, ["contacts"], who=Who.OPENED, name="Zima")
    begin(database, send, contacts, ["contacts.archive"], who="hard_bounced")

    assert begun["state"] == "waiting"
    assert contacts.asked == [
        ("contacts.begin_report_group", {"campaign_id": send.campaign_id, "who": "opened", "name": "Zima"}),
        ("contacts.begin_report_archive", {"campaign_id": send.campaign_id}),
    ]


@pytest.mark.parametrize("asked", [{"who": Who.DELIVERED, "name": "Zima"}, {"who": "hard_bounced"}])
def test_that_needs_the_right_to_change_contacts_and_a_campaign(database: Database, asked: dict[str, Any]) -> None:
    send, contacts = a_campaign(database, 10), Contacts()

    with pytest.raises(Forbidden):
        begin(database, send, contacts, ["reports"], **asked)
    with pytest.raises(NotFound):
        begin(database, Send("email"), contacts, ["contacts"], **asked)
    assert contacts.asked == []


def read_file(database: Database, send: Send, account_id: str | None = None, **who: Any) -> list[dict[str, str]]:
    text = whole_file(database, send, account_id, format="csv", **who)
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"))))


def whole_file(database: Database, send: Send, account_id: str | None = None, **asked: Any) -> bytes:
    whole, seq, state = b"", 0, None
    while True:
        with database.transaction() as session:
            piece = files.export_report(
                session,
                actor={"account_id": account_id or send.account_id},
                now=datetime.now(UTC),
                campaign_id=UUID(send.campaign_id),
                seq=seq,
                state=state,
                **asked,
            )
        if piece["chunk"] is None:
            return whole
        whole, seq, state = whole + b64decode(piece["chunk"]), seq + 1, piece["state"]


def test_the_file_holds_every_message_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    send = a_campaign(database, 250)
    monkeypatch.setattr(messages, "WINDOW", 100)

    rows = read_file(database, send)
    failed = read_file(database, send, who=Who.UNDELIVERED)

    assert [row["id"] for row in rows] == [send.message_id(number) for number in range(250)]
    assert [row["id"] for row in failed] == [send.message_id(number) for number in range(0, 250, 5)]
    assert {row["code"] for row in failed} == {"5.1.1"}


@pytest.mark.parametrize("size", [1, 250, 300])
def test_a_spreadsheet_holds_the_same_rows_as_the_text(
    database: Database, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    send = a_campaign(database, size)
    monkeypatch.setattr(messages, "WINDOW", 100)

    file = whole_file(database, send, format="xlsx")

    head, *rows = CalamineWorkbook.from_filelike(io.BytesIO(file)).get_sheet_by_index(0).to_python()
    text = read_file(database, send)
    assert [row[head.index("id")] for row in rows] == [row["id"] for row in text]
    assert [row[head.index("state")] for row in rows] == [row["state"] for row in text]
    assert {row[head.index("opens")] for row in rows} == {0.0}


def test_more_rows_than_a_spreadsheet_takes_are_refused_before_the_first_piece(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = a_campaign(database, 60)
    monkeypatch.setattr(messages, "WINDOW", 10)
    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 40)

    with pytest.raises(TooLarge, match="too_many_rows"):
        whole_file(database, send, format="xlsx")
    assert whole_file(database, send, format="xlsx", who=Who.HARD_BOUNCED)
    assert len(read_file(database, send)) == 60


@pytest.mark.parametrize("who", [None, Who.NOT_OPENED])
def test_a_spreadsheet_has_as_many_rows_as_are_taken_the_head_among_them(
    database: Database, monkeypatch: pytest.MonkeyPatch, who: Who | None
) -> None:
    send = Send("email")
    Ingest(database).write([[send.full(number, "delivered") for number in range(25)]])
    monkeypatch.setattr(messages, "WINDOW", 10)

    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 26)
    file = whole_file(database, send, format="xlsx", who=who)
    assert len(CalamineWorkbook.from_filelike(io.BytesIO(file)).get_sheet_by_index(0).to_python()) == 26

    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 25)
    with pytest.raises(TooLarge, match="too_many_rows"):
        whole_file(database, send, format="xlsx", who=who)


def test_who_unsubscribed_complained_or_bounced_for_a_while(database: Database) -> None:
    send = a_campaign(database, 10)
    told = [send.full(20, "soft_bounced"), send.engagement(1, "unsubscribed"), send.engagement(2, "complained")]
    Ingest(database).write([told])

    for who, number in (
        (Who.SOFT_BOUNCED, 20), (Who.UNSUBSCRIBED, 1), (Who.COMPLAINED, 2)
    ):  # fmt: skip
        [[one]] = pages(database, send, who=who)
        assert str(one["contact_id"]) == str(UUID(int=number + 1))


def test_no_cell_of_the_file_starts_a_formula(database: Database) -> None:
    send = Send("sms")
    reported = send.full(0, "undelivered", detail="=1+1", code="-1") | {"sender": "@SUM(A1)"}
    Ingest(database).write([[reported]])

    (row,) = read_file(database, send)

    assert (row["detail"], row["code"], row["sender"]) == ("'=1+1", "-1", "'@SUM(A1)")
    assert row["address"] == reported["address"] and row["cost"] == "0.14 PLN"


def test_no_cell_is_a_formula_where_semicolons_part_cells(database: Database) -> None:
    send = Send("sms")
    Ingest(database).write([[send.full(0, "undelivered", detail="absent;=1+1;\n@A1", code="a;b")]])

    (row,) = read_file(database, send)

    assert (row["detail"], row["code"]) == ("absent;'=1+1;\n'@A1", "a;b")


def test_the_file_of_another_account_is_not_there(database: Database) -> None:
    with pytest.raises(NotFound):
        read_file(database, a_campaign(database, 3), account_id=str(uuid4()))
