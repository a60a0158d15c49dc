"""Invoicing plans: `python -m identity.commands.invoices issue`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from billing_cases import COMPANY, ISSUER, operator
from sqlalchemy import text as sql

from chassis.database import Database
from identity.commands.invoices import main
from identity.domain.invoices import ZONE
from identity.usecases import accounts, closing, invoices

Actor = dict[str, Any]
SELLER = {
    "INVOICE_SELLER_NAME": ISSUER.name,
    "INVOICE_SELLER_ADDRESS": ISSUER.address.replace("\n", "|"),
    "INVOICE_SELLER_VAT_NUMBER": ISSUER.vat_number,
}
DECEMBER = datetime(2026, 12, 2, 6, 0, tzinfo=UTC)
JANUARY = datetime(2027, 1, 2, 6, 0, tzinfo=UTC)


@pytest.fixture
def customer(register: Callable[..., Actor], act: Callable[..., Any], clock: Any) -> Callable[..., UUID]:
    """`customer("kowal", plan="starter")`: the id of an account on a paid plan since a moment ago."""

    def make(name: str, plan: str = "starter", **company: Any) -> UUID:
        actor = register(name)
        act(accounts.update, actor, company={**COMPANY, **company})
        clock.advance(seconds=1)
        act(accounts.set_plan, operator(), account_id=UUID(actor["account_id"]), plan=plan, reason="Contract")
        return UUID(actor["account_id"])

    return make


@pytest.fixture
def run(database_url: Callable[[str], str]) -> Callable[..., int]:
    def issue(*arguments: str, now: datetime = DECEMBER, **environ: str) -> int:
        settings = {"IDENTITY_DATABASE_URL": database_url("identity"), **SELLER, **environ}
        return main(["issue", *arguments], settings, now)

    return issue


def rows(database: Database) -> list[Any]:
    with database.transaction() as session:
        query = "SELECT number, gross_amount, currency, state, lines, buyer, sold_on::text FROM invoices ORDER BY id"
        return list(session.execute(sql(query)))


def test_what_is_due_is_issued_once(
    database: Database,
    customer: Callable[..., UUID],
    run: Callable[..., int],
    act: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    customer("kowal", "starter")
    abroad = customer("murarz", "business", vat_number="DE123456789")
    act(accounts.set_vat_number, operator(), account_id=abroad, vat_number="DE123456789", reason="Looked up in VIES")
    customer("wolny", "none")

    assert run("--month", "2026-11", "--dry-run") == 0
    assert rows(database) == []
    said = capsys.readouterr().out
    assert "2 would be issued (620.77 PLN); 0 with nothing due; 0 not possible" in said
    assert run("--month", "2026-11") == 0
    assert run("--month", "last") == 0

    first, second = rows(database)
    assert (first.number, first.gross_amount, first.sold_on) == ("FV/2026/000001", 12_177, "2026-11-30")
    assert first.lines[0]["description"] == "Abonament Starter, 24.11.2026 – 23.12.2026"
    # A service to a company elsewhere in the Union is taxed there.
    assert (second.gross_amount, second.lines[0]["vat_rate"]) == (49_900, "np")
    said = capsys.readouterr().out
    assert "kowal                  FV/2026/000001           121.77 PLN  1 period of Starter" in said
    assert said.splitlines()[-1] == "0 issued; 2 with nothing due; 0 not possible"


def test_each_period_is_charged_in_the_month_of_its_start(
    database: Database, customer: Callable[..., UUID], run: Callable[..., int], act: Callable[..., Any], clock: Any
) -> None:
    account_id = customer("kowal", "starter")  # 24 November; then 24 December, 23 January
    clock.advance(days=34)
    act(accounts.set_plan, operator(), account_id=account_id, plan="business", reason="More")  # 28 December
    clock.advance(hours=1)
    act(accounts.set_plan, operator(), account_id=account_id, plan="enterprise", reason="A slip")
    clock.advance(hours=1)
    act(accounts.set_plan, operator(), account_id=account_id, plan="business", reason="Mended")
    clock.advance(days=4)

    assert run("--month", "2026-12", now=JANUARY) == run("--month", "2026-11", now=JANUARY) == 0
    assert run("--month", "2026-10", now=JANUARY) == 0

    december, november = rows(database)
    assert [line["description"] for line in december.lines] == [
        "Abonament Starter, 24.12.2026 – 22.01.2027",
        "Abonament Business, 28.12.2026 – 26.01.2027",
    ]
    assert len(november.lines) == 1
    assert (december.number, november.number) == ("FV/2027/000001", "FV/2027/000002")


def test_a_company_without_an_address_is_invoiced_when_it_has_one(
    database: Database,
    customer: Callable[..., UUID],
    run: Callable[..., int],
    act: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    account_id = customer("kowal", address="")
    customer("murarz")

    assert run("--month", "2026-11", "--dry-run") == run("--month", "2026-11") == 1
    assert "! kowal                  invoice.buyer_incomplete" in capsys.readouterr().out
    act(accounts.update, {"account_id": str(account_id)}, company={"address": "ul. Nowa 1"})
    assert run("--month", "2026-11") == 0

    assert [row.number for row in rows(database)] == ["FV/2026/000001", "FV/2026/000002"]


def test_a_number_of_another_country_spares_no_vat_until_an_operator_has_looked_it_up(
    database: Database,
    customer: Callable[..., UUID],
    run: Callable[..., int],
    act: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    account_id = customer("kowal", vat_number="DE12")

    assert run("--month", "2026-11") == 1
    assert "invoice.vat_number_unchecked" in capsys.readouterr().out
    act(accounts.update, {"account_id": str(account_id)}, company={"vat_number": "DE12"})
    assert run("--month", "2026-11") == 1
    act(accounts.set_vat_number, operator(), account_id=account_id, vat_number="DE12", reason="Looked up")
    assert run("--month", "2026-11") == 0

    assert [row.lines[0]["vat_rate"] for row in rows(database)] == ["np"]


def test_a_plan_that_an_older_version_gave_is_invoiced_too(
    database: Database, customer: Callable[..., UUID], run: Callable[..., int]
) -> None:
    customer("kowal")
    with database.transaction() as session:
        session.execute(sql("DELETE FROM plan_terms WHERE price_amount > 0"))
        session.execute(sql("UPDATE plan_terms SET ends_at = NULL"))

    assert run("--month", "2026-11") == 0

    assert len(rows(database)) == 1
    with database.transaction() as session:
        assert session.scalar(sql("SELECT count(*) FROM plan_terms WHERE ends_at IS NULL")) == 1


def test_a_cancelled_invoice_is_due_again(
    database: Database, customer: Callable[..., UUID], run: Callable[..., int], act: Callable[..., Any]
) -> None:
    customer("kowal")
    run("--month", "2026-11")
    with database.transaction() as session:
        invoice_id = session.scalar(sql("SELECT id FROM invoices"))
    act(invoices.cancel, operator(), invoice_id=invoice_id, reason="The address was wrong")

    assert run("--month", "2026-11") == 0
    assert [(row.number, row.state) for row in rows(database)] == [
        ("FV/2026/000001", "cancelled"),
        ("FV/2026/000002", "issued"),
    ]


def test_a_closed_account_still_pays_for_what_it_had(
    database: Database, customer: Callable[..., UUID], run: Callable[..., int], act: Callable[..., Any], clock: Any
) -> None:
    account_id = customer("kowal")
    clock.advance(days=3)
    act(accounts.set_plan, operator(), account_id=account_id, plan="none", reason="Ends")
    act(closing.close, operator(), account_id=account_id, reason="Asked for by the owner")

    assert run("--month", "2026-11") == 0

    assert rows(database)[0].buyer["name"] == COMPANY["name"]
    with database.transaction() as session:
        assert session.scalar(sql("SELECT count(*) FROM plan_terms WHERE buyer IS NOT NULL")) == 0


def test_runs_at_the_same_time_and_killed_ones_charge_nothing_twice(
    database: Database,
    customer: Callable[..., UUID],
    run: Callable[..., int],
    database_url: Callable[[str], str],
    clock: Any,
) -> None:
    now = datetime.now(UTC)  # a process of its own has the real clock
    clock.now = now - timedelta(days=20)
    month = f"{clock.now.astimezone(ZONE):%Y-%m}"
    for number in range(12):
        customer(f"firma{number}")
    command = [sys.executable, "-m", "identity.commands.invoices", "issue", "--month", month]
    environ = {**os.environ, **SELLER, "IDENTITY_DATABASE_URL": database_url("identity"), "PYTHONUNBUFFERED": "1"}
    killed = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    assert any("FV/" in line for line in killed.stdout)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()

    with ThreadPoolExecutor(4) as runs:
        assert list(runs.map(lambda _: run("--month", month, now=now), range(4))) == [0, 0, 0, 0]

    year = now.astimezone(ZONE).year
    assert [row.number for row in rows(database)] == [f"FV/{year}/{number:06d}" for number in range(1, 13)]
    with database.transaction() as session:
        assert session.scalar(sql("SELECT count(DISTINCT account_id) FROM invoices")) == 12


def test_the_command_says_what_is_wrong(
    run: Callable[..., int], customer: Callable[..., UUID], capsys: pytest.CaptureFixture[str]
) -> None:
    customer("kowal")

    assert run("--month", "2027-01", now=DECEMBER) == 2
    assert "has not begun" in capsys.readouterr().err
    assert main(["issue", "--month", "2026-11"], {}, DECEMBER) == 2
    capsys.readouterr()
    assert (
        run("--month", "2026-11", INVOICE_SELLER_VAT_NUMBER="1234563219", INVOICE_SERIES="FK", INVOICE_VAT_RATE="x")
        == 2
    )
    said = capsys.readouterr().err
    assert all(key in said for key in ("INVOICE_SELLER_VAT_NUMBER", "INVOICE_CORRECTION_SERIES", "INVOICE_VAT_RATE"))
    assert run("--month", "2026-11", INVOICE_SELLER_NAME="") == 1
    assert "invoice.seller_missing" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run("--month", "2026-13")
