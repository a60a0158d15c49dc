from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from billing_cases import COMPANY, ISSUER, line, operator, order
from sqlalchemy import select
from sqlalchemy import text as sql
from sqlalchemy.exc import ProgrammingError

from chassis.database import Database
from chassis.testing import as_administrator
from contracts.errors import Conflict, Forbidden, Invalid, NotFound
from identity.domain.invoices import Issuer
from identity.models import AuditEntry, Invoice
from identity.printing import Printer
from identity.usecases import accounts, closing, invoices, issuing

Actor = dict[str, Any]


@pytest.fixture
def buyer(database: Database, register: Callable[..., Actor], clock: Any) -> Actor:
    """An account with the company data that an invoice needs."""
    actor = register()
    with database.transaction() as session:
        accounts.update(session, actor=actor, now=clock.now, company=dict(COMPANY))
    return actor


@pytest.fixture
def issue(act: Callable[..., Any], buyer: Actor) -> Callable[..., Any]:
    def make(*lines: Any, by: Actor | None = None, **changes: Any) -> Any:
        account_id = UUID(buyer["account_id"])
        return act(issuing.issue, by or operator(), issuer=ISSUER, account_id=account_id, **order(*lines, **changes))

    return make


def listed(act: Callable[..., Any], actor: Actor, **wanted: Any) -> list[str]:
    query = {"limit": 100, "cursor": None, "state": None, "kind": None, "first": None, "last": None, "number": None}
    use_case = invoices.list_all_invoices if "account_id" in wanted else invoices.list_invoices
    return [item["number"] for item in act(use_case, actor, **{**query, **wanted})["items"]]


def test_an_invoice_has_a_number_a_seller_a_buyer_and_sums(issue: Callable[..., Any]) -> None:
    made = issue(
        line(10_050, quantity="1.5"), line(2_000, vat_rate="8"), sold_on=date(2026, 11, 20), note=" dwa\nsłowa "
    )

    assert (made["number"], made["state"], made["kind"]) == ("FV/2026/000001", "issued", "invoice")
    assert (made["issued_on"], made["sold_on"], made["due_on"]) == (
        date(2026, 11, 24),
        date(2026, 11, 20),
        date(2026, 12, 8),
    )
    assert made["seller"]["vat_number"] == "1234563218"
    assert made["buyer"] == {**COMPANY, "vat_number": "5260250274"}
    # 1.5 × 100.50 = 150.75; 23% of it 34.6725.
    assert [(rate["vat_rate"], rate["net"]["amount"], rate["vat"]["amount"]) for rate in made["vat_rates"]] == [
        ("23", 15_075, 3_467),
        ("8", 2_000, 160),
    ]
    assert made["gross"] == {"amount": 20_702, "currency": "PLN"}
    assert (made["lines"][0]["quantity"], made["note"]) == ("1.5", "dwa słowa")


def test_sixty_four_issuers_leave_no_gap_though_half_of_them_fail(
    database: Database, act: Callable[..., Any], buyer: Actor, clock: Any
) -> None:
    account_id = UUID(buyer["account_id"])

    def attempt(turn: int) -> str | None:
        try:
            with database.transaction() as session:
                made = issuing.issue(
                    session, issuer=ISSUER, actor=operator(), now=clock.now, account_id=account_id, **order()
                )
                if turn % 2:
                    raise RuntimeError("after the number was taken")
                return str(made["number"])
        except RuntimeError:
            return None

    with ThreadPoolExecutor(64) as issuers:
        numbers = [number for number in issuers.map(attempt, range(128)) if number]

    assert sorted(numbers) == [f"FV/2026/{sequence:06d}" for sequence in range(1, 65)]
    with database.transaction() as session:
        assert session.scalar(sql("SELECT last_number FROM invoice_counters")) == 64


def test_a_killed_issuer_leaves_no_gap(database: Database, issue: Callable[..., Any], buyer: Actor, clock: Any) -> None:
    connection = database.engine.raw_connection()
    pid = connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO invoice_counters VALUES ('FV', 2026, 1, '2026-11-24')")
    with database.transaction() as session:
        session.execute(sql("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    connection.invalidate()

    assert issue()["number"] == "FV/2026/000001"


def test_each_year_begins_anew_and_dates_never_go_back(issue: Callable[..., Any], clock: Any) -> None:
    issue()
    clock.advance(days=37, hours=11)  # 31 December 2026, 23:00 UTC: in Warsaw the year has turned
    assert (issue()["number"], issue()["issued_on"]) == ("FV/2027/000001", date(2027, 1, 1))

    clock.advance(days=2)
    issue()
    clock.advance(days=-1)  # a clock that is behind
    late = issue()
    assert (late["number"], late["issued_on"]) == ("FV/2027/000004", date(2027, 1, 3))


def test_the_same_request_gives_the_same_invoice_at_any_time(issue: Callable[..., Any], clock: Any) -> None:
    by = operator(str(uuid4()))
    first = issue(by=by)
    clock.advance(days=3)

    with ThreadPoolExecutor(16) as callers:
        again = list(callers.map(lambda _: issue(by=by), range(16)))

    assert {made["id"] for made in again} == {first["id"]}
    assert issue()["number"] == "FV/2026/000002"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lines": [line(vat_rate="zw")]}, "invoice.exemption_missing"),
        ({"sold_on": date(2027, 1, 24)}, "invoice.sale_too_late"),
        ({"currency": "EUR"}, "invoice.currency_with_vat"),
        ({"lines": [line(10**12, quantity="999999999")]}, "invoice.too_large"),
    ],
)
def test_what_cannot_be_invoiced_takes_no_number(issue: Callable[..., Any], changes: Any, code: str) -> None:
    lines = changes.pop("lines", [])
    with pytest.raises(Invalid) as refused:
        issue(*lines, **changes)
    assert refused.value.errors[0]["code"] == code

    assert issue(line(vat_rate="np"), currency="EUR")["number"] == "FV/2026/000001"


def test_both_sides_have_to_be_known(act: Callable[..., Any], register: Callable[..., Actor], buyer: Actor) -> None:
    nameless, account_id = UUID(register("murarz")["account_id"]), UUID(buyer["account_id"])

    with pytest.raises(Conflict) as refused:
        act(issuing.issue, operator(), issuer=ISSUER, account_id=nameless, **order())
    assert refused.value.code == "invoice.buyer_incomplete"
    with pytest.raises(Conflict) as refused:
        act(issuing.issue, operator(), issuer=Issuer("", "", ""), account_id=account_id, **order())
    assert refused.value.code == "invoice.seller_missing"
    with pytest.raises(NotFound):
        act(issuing.issue, operator(), issuer=ISSUER, account_id=uuid4(), **order())
    with pytest.raises(Forbidden):
        act(issuing.issue, buyer, issuer=ISSUER, account_id=account_id, **order())


def test_the_buyer_is_the_one_of_then(act: Callable[..., Any], issue: Callable[..., Any], buyer: Actor) -> None:
    made = issue()
    act(accounts.update, buyer, company={"name": "Po przejęciu sp. z o.o."})

    assert act(invoices.get, buyer, invoice_id=made["id"])["buyer"]["name"] == COMPANY["name"]


def test_an_account_sees_its_own_and_searches(
    act: Callable[..., Any], issue: Callable[..., Any], buyer: Actor, register: Callable[..., Actor], clock: Any
) -> None:
    first, second = issue(), issue(due_days=60)
    clock.advance(days=20)
    third = issue()
    act(invoices.mark_paid, operator(), invoice_id=third["id"], paid_on=None, reason="Bank statement")
    stranger = register("murarz")

    assert listed(act, buyer) == [third["number"], second["number"], first["number"]]
    assert listed(act, buyer, state="overdue") == [first["number"]]
    assert listed(act, buyer, state="issued") == [second["number"]]
    assert listed(act, buyer, state="paid", first=date(2026, 12, 14), last=date(2026, 12, 14)) == [third["number"]]
    assert listed(act, buyer, last=date(2026, 12, 13), number="FV/2026/000002") == [second["number"]]
    assert listed(act, buyer, number="FV/2026/%") == listed(act, stranger) == []
    assert listed(act, operator(), account_id=UUID(buyer["account_id"]), state="overdue") == [first["number"]]
    assert len(listed(act, operator(), account_id=None)) == 3
    with pytest.raises(NotFound):
        act(invoices.get, stranger, invoice_id=first["id"])
    with pytest.raises(Forbidden):
        listed(act, buyer, account_id=None)


def test_pages_follow_one_another(act: Callable[..., Any], issue: Callable[..., Any], buyer: Actor) -> None:
    numbers = [issue()["number"] for _ in range(5)]
    query = {"state": None, "kind": None, "first": None, "last": None, "number": None}
    found, cursor = [], None
    while True:
        page = act(invoices.list_invoices, buyer, limit=2, cursor=cursor, **query)
        found += [item["number"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert found == numbers[::-1]


def test_what_becomes_of_an_invoice(act: Callable[..., Any], issue: Callable[..., Any], clock: Any) -> None:
    paid, dropped = issue(), issue()

    done = act(invoices.mark_paid, operator(), invoice_id=paid["id"], paid_on=date(2026, 11, 23), reason="Statement 7")
    assert (done["state"], done["paid_on"]) == ("paid", date(2026, 11, 23))
    clock.advance(days=1)
    again = act(invoices.mark_paid, operator(), invoice_id=paid["id"], paid_on=None, reason="Statement 8")
    assert again["paid_on"] == date(2026, 11, 23)
    with pytest.raises(Conflict) as refused:
        act(invoices.cancel, operator(), invoice_id=paid["id"], reason="Too late")
    assert refused.value.code == "invoice.paid"

    gone = act(invoices.cancel, operator(), invoice_id=dropped["id"], reason="Wrong account")
    assert (gone["state"], gone["number"]) == ("cancelled", dropped["number"])
    for refused_act in (
        lambda: act(invoices.mark_paid, operator(), invoice_id=dropped["id"], paid_on=None, reason="Statement 9"),
        lambda: act(
            issuing.correct,
            operator(),
            issuer=ISSUER,
            invoice_id=dropped["id"],
            lines=[],
            exemption="",
            note="",
            reason="Why not",
        ),
    ):
        with pytest.raises(Conflict) as refused:
            refused_act()
        assert refused.value.code == "invoice.cancelled"
    with pytest.raises(Invalid):
        act(invoices.mark_paid, operator(), invoice_id=issue()["id"], paid_on=date(2026, 12, 1), reason="Tomorrow")


def test_corrections_add_up(act: Callable[..., Any], issue: Callable[..., Any], buyer: Actor) -> None:
    made = issue(line(10_000), line(1_000, vat_rate="8"))
    wanted = {"exemption": "", "note": ""}

    act(accounts.update, buyer, company={"name": "Nowa nazwa s.c."})
    first = act(
        issuing.correct,
        operator(),
        issuer=ISSUER,
        invoice_id=made["id"],
        lines=[line(8_000)],
        reason="One line too many",
        **wanted,
    )
    assert (first["number"], first["kind"], first["corrects"]["number"]) == (
        "FK/2026/000001",
        "correction",
        made["number"],
    )
    assert [line["net"]["amount"] for line in first["lines_before"]] == [10_000, 1_000]
    assert [(rate["vat_rate"], rate["net"]["amount"], rate["vat"]["amount"]) for rate in first["vat_rates"]] == [
        ("23", -2_000, -460),
        ("8", -1_000, -80),
    ]
    assert (first["buyer"]["name"], first["note"]) == ("Nowa nazwa s.c.", "Przyczyna korekty: One line too many")

    whole = act(
        issuing.correct, operator(), issuer=ISSUER, invoice_id=made["id"], lines=[], reason="Nothing was sold", **wanted
    )
    assert made["gross"]["amount"] + first["gross"]["amount"] + whole["gross"]["amount"] == 0
    same = act(issuing.correct, operator(), issuer=ISSUER, invoice_id=made["id"], lines=[], reason="The name", **wanted)
    assert (same["gross"]["amount"], same["state"]) == (0, "paid")
    shown = act(invoices.get, buyer, invoice_id=made["id"])
    assert [each["number"][-1] for each in shown["corrections"]] == ["1", "2", "3"]
    with pytest.raises(Conflict) as refused:
        act(invoices.cancel, operator(), invoice_id=made["id"], reason="Too late")
    assert refused.value.code == "invoice.corrected"
    with pytest.raises(Conflict) as refused:
        act(issuing.correct, operator(), issuer=ISSUER, invoice_id=first["id"], lines=[], reason="Of what", **wanted)
    assert refused.value.code == "invoice.is_correction"


def test_every_act_is_in_the_trail_with_its_reason(
    database: Database, act: Callable[..., Any], issue: Callable[..., Any]
) -> None:
    made = issue(reason="Order 2026/88")
    act(invoices.issue_duplicate, operator(), invoice_id=made["id"], reason="Lost by the buyer")
    act(invoices.mark_paid, operator(), invoice_id=made["id"], paid_on=None, reason="Statement 7")

    with database.transaction() as session:
        query = select(AuditEntry).where(AuditEntry.action.startswith("invoice.")).order_by(AuditEntry.id)
        entries = session.scalars(query).all()
    assert [(entry.action, entry.reason) for entry in entries] == [
        ("invoice.issued", "Order 2026/88"),
        ("invoice.duplicate_issued", "Lost by the buyer"),
        ("invoice.paid", "Statement 7"),
    ]
    assert {entry.target_id for entry in entries} == {str(made["id"])}
    assert all(entry.operator_id for entry in entries)


def test_a_duplicate_is_recorded_and_the_invoice_untouched(
    database: Database, act: Callable[..., Any], issue: Callable[..., Any], buyer: Actor, clock: Any
) -> None:
    made, by = issue(), operator(str(uuid4()))
    before = _row(database, made["id"])
    clock.advance(days=30)

    first = act(invoices.issue_duplicate, by, invoice_id=made["id"], reason="Lost")
    again = act(invoices.issue_duplicate, by, invoice_id=made["id"], reason="Lost")
    other = act(invoices.issue_duplicate, operator(), invoice_id=made["id"], reason="Lost once more")

    assert first == again != other
    assert first["issued_on"] == date(2026, 12, 24)
    assert _row(database, made["id"]) == before
    printed = partial(invoices.print_invoice, database, actor=buyer, now=clock.now, printer=Printer())
    assert printed(invoice_id=made["id"], duplicate_id=first["id"])["filename"].endswith("-duplikat-2026-12-24.pdf")
    assert len(act(invoices.get, buyer, invoice_id=made["id"])["duplicates"]) == 2
    with pytest.raises(NotFound):
        printed(invoice_id=issue()["id"], duplicate_id=first["id"])


def _row(database: Database, invoice_id: UUID) -> Any:
    with database.transaction() as session:
        return session.scalar(sql("SELECT to_jsonb(i) FROM invoices i WHERE id = :id"), {"id": invoice_id})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE invoices SET gross_amount = 1, net_amount = 1, vat_amount = 0",
        "UPDATE invoices SET buyer = '{}', state = 'paid'",
        "DELETE FROM invoices",
        "UPDATE invoice_duplicates SET issued_on = '2026-01-01'",
        "DELETE FROM invoice_duplicates",
    ],
)
def test_nobody_rewrites_an_invoice(
    database: Database, act: Callable[..., Any], issue: Callable[..., Any], statement: str
) -> None:
    act(invoices.issue_duplicate, operator(), invoice_id=issue()["id"], reason="Lost")

    with pytest.raises(ProgrammingError, match="permission denied"), database.transaction() as session:
        session.execute(sql(statement))
    with pytest.raises(ProgrammingError, match="cannot be changed"), as_administrator(database) as session:
        session.execute(sql(statement))


def test_invoices_outlive_the_account(
    database: Database, act: Callable[..., Any], issue: Callable[..., Any], buyer: Actor
) -> None:
    made, account_id = issue(), UUID(buyer["account_id"])
    before = _row(database, made["id"])
    act(accounts.set_plan, operator(), account_id=account_id, plan="none", reason="Ends")
    act(closing.close, operator(), account_id=account_id, reason="Asked for by the owner")

    assert _row(database, made["id"]) == before
    assert listed(act, operator(), account_id=account_id) == [made["number"]]
    assert act(invoices.get, operator(), invoice_id=made["id"])["buyer"]["name"] == COMPANY["name"]
    correction = act(
        issuing.correct,
        operator(),
        issuer=ISSUER,
        invoice_id=made["id"],
        lines=[],
        exemption="",
        note="",
        reason="Complaint",
    )
    assert correction["buyer"] == made["buyer"]
    with database.transaction() as session:
        held = session.execute(sql("SELECT company, plan_code FROM accounts WHERE id = :id"), {"id": account_id}).one()
        assert held == ({}, "none")
        assert session.scalar(sql("SELECT count(*) FROM plan_terms WHERE buyer IS NOT NULL")) == 0
        assert session.scalars(select(Invoice.account_id)).all() == [account_id, account_id]
