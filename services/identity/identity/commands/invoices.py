"""Paid plans are invoiced here, once a month.

    python -m identity.commands.invoices issue --month 2026-10             # what is due for October, each period once
    python -m identity.commands.invoices issue --month last                # for the month before this one: by a timer
    python -m identity.commands.invoices issue --month 2026-10 --dry-run   # what that would be; issues nothing

Running it again, or twice at the same time, issues nothing twice; what an earlier run could not issue (to a company
without an address, say) is issued by the next. The seller is set by INVOICE_SELLER_NAME, INVOICE_SELLER_ADDRESS and
INVOICE_SELLER_VAT_NUMBER.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from chassis.config import ConfigError, load, setting
from chassis.database import Database, make_engine
from contracts.errors import WiciError
from identity.config import InvoicingConfig
from identity.domain import invoices as rules
from identity.domain.billing import Month
from identity.domain.invoices import Issuer
from identity.usecases import monthly
from identity.usecases.monthly import Outcome

DONE, INCOMPLETE, WRONG = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Config(InvoicingConfig):
    database_url: str = setting("IDENTITY_DATABASE_URL", secret=True)


def main(
    arguments: list[str] | None = None, environ: Mapping[str, str] = os.environ, now: datetime | None = None
) -> int:
    """Exit code 0: all that was due is issued; 1: some of it could not be; 2: wrong arguments or configuration."""
    options = _parser().parse_args(arguments)
    now = now or datetime.now(UTC)
    month = options.month or Month.before(now)
    if month.starts_at > now:
        return _complain(f"{month} has not begun.")
    try:
        config = load(Config, environ)
        issuer = config.issuer
    except ConfigError as error:
        return _complain(str(error))
    database = Database(make_engine(config.database_url, pool_size=1, application_name="identity-invoices"))
    try:
        return _issue_month(database, issuer, now, month, rehearse=options.dry_run)
    finally:
        database.dispose()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m identity.commands.invoices", description="Invoices for paid plans."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    issue = commands.add_parser("issue", help="issue what is due for a month, once")
    issue.add_argument("--month", required=True, type=_month, metavar="YYYY-MM", help="whose periods are due, or: last")
    issue.add_argument("--dry-run", action="store_true", help="say what would be issued, and issue nothing")
    return parser


def _month(written: str) -> Month | None:
    """The month; None for `last`, which depends on the clock."""
    try:
        return None if written == "last" else Month.parse(written)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _issue_month(database: Database, issuer: Issuer, now: datetime, month: Month, *, rehearse: bool) -> int:
    print(f"Plans of {month}, {'rehearsed' if rehearse else 'invoiced'} on {rules.today(now)}")
    with database.transaction() as session:
        candidates = monthly.list_candidates(session, month=month)
    issued: list[Outcome] = []
    settled, refused = 0, 0
    for account_id, name in candidates:
        try:
            outcomes = _issue_account(database, issuer, now, account_id, month, rehearse)
        except WiciError as error:
            refused += 1
            print(f"  ! {name:<22} {error.code}: {error.detail}")
            continue
        settled += not outcomes
        issued += outcomes
        for outcome in outcomes:
            print(f"    {name:<22} {_described(outcome)}")
    _print_sums(issued, settled, refused, rehearse=rehearse)
    return INCOMPLETE if refused else DONE


def _issue_account(
    database: Database, issuer: Issuer, now: datetime, account_id: UUID, month: Month, rehearse: bool
) -> list[Outcome]:
    """One account, in a transaction of its own: whatever becomes of the next one, this stays."""
    with database.transaction() as session:
        return monthly.issue(session, issuer=issuer, now=now, account_id=account_id, month=month, rehearse=rehearse)


def _described(outcome: Outcome) -> str:
    worth = _money(outcome.gross, outcome.currency)
    periods = f"{outcome.periods} period{'s' if outcome.periods > 1 else ''} of {', '.join(outcome.plans)}"
    return f"{outcome.number or '(rehearsed)':<16} {worth:>18}  {periods}"


def _print_sums(issued: list[Outcome], settled: int, refused: int, *, rehearse: bool) -> None:
    totals: dict[str, int] = {}
    for outcome in issued:
        totals[outcome.currency] = totals.get(outcome.currency, 0) + outcome.gross
    worth = ", ".join(_money(amount, currency) for currency, amount in sorted(totals.items()))
    print(f"{len(issued)} {'would be issued' if rehearse else 'issued'}{f' ({worth})' if worth else ''};", end=" ")
    print(f"{settled} with nothing due; {refused} not possible")


def _money(amount: int, currency: str) -> str:
    return f"{amount // 100:,}.{amount % 100:02d} {currency}"


def _complain(message: str) -> int:
    print(message, file=sys.stderr)
    return WRONG


if __name__ == "__main__":
    sys.exit(main())
