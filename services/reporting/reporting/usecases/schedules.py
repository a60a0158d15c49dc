"""Reports by mail: set up by an account, and asked for when they are due, each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from chassis import acts, outbox, pages
from chassis.actors import account_of
from chassis.database import Database, Fault, Session, fault_of
from chassis.ids import new_id
from chassis.logs import get_logger
from contracts.errors import Conflict, Invalid, NotFound, Unavailable
from contracts.events import REPORT_DUE, REPORTING_ACT
from contracts.reporting.schedules import ScheduleKind
from contracts.rpc import Actor
from contracts.vocabulary import CampaignState, Channel
from reporting.domain.schedules import AFTER_CAMPAIGN, next_moment, period
from reporting.store import accounts, schedules
from reporting.usecases import reports, statistics
from reporting.usecases.views import Answer
from reporting.usecases.zones import Call, known_zone_of

MOST_OF_AN_ACCOUNT = 10
# A mail that cannot be made waits so long, so that it stands in nobody's way; one that waits for identity, so long.
PUT_OFF = timedelta(hours=1)
UNTIL_IDENTITY = timedelta(minutes=5)
log = get_logger()
# The figures that a mail names, where the channel has them.
_NAMED = ("sent", "submitted", "delivered", "unique_opens", "unique_clicks", "unsubscribes", "complaints")


def create_report_schedule(
    database: Database, *, actor: Actor, now: datetime, call: Call, kind: ScheduleKind, user_ids: list[UUID]
) -> Answer:
    """:raises Invalid: a key asks and names no user. :raises Conflict: the account has as many as it may.
    :raises Unavailable: identity does not say in which zone the account's Mondays begin.
    """
    account_id = account_of(actor)
    wanted = sorted(set(user_ids)) or [UUID(one) for one in (actor.get("user_id"),) if one]
    if not wanted:
        raise Invalid.of_field("user_ids", "report_schedule.nobody", "Name users of the account.")
    next_at = next_moment(kind, now, known_zone_of(call, account_id))
    schedule_id = new_id()
    with database.transaction() as session:
        schedules.hold_account(session, account_id)
        if schedules.count(session, account_id=account_id) >= MOST_OF_AN_ACCOUNT:
            detail = f"An account has at most {MOST_OF_AN_ACCOUNT} of them."
            raise Conflict("report_schedule.too_many", detail, {"limit": MOST_OF_AN_ACCOUNT})
        if not accounts.closed_accounts(session, {str(account_id)}):
            schedules.add(
                session, id=schedule_id, account_id=account_id, kind=kind.value, user_ids=wanted, next_at=next_at,
                created_at=now,
            )  # fmt: skip
        acts.record(session, REPORTING_ACT, actor, "report_schedule.created", target_id=schedule_id, kind=kind.value)
        return _find(session, account_id, schedule_id)


def list_report_schedules(session: Session, *, actor: Actor, now: datetime, limit: int, cursor: str | None) -> Answer:
    rows = schedules.page(session, account_id=account_of(actor), after=pages.position(cursor), limit=limit + 1)
    return pages.page(rows, limit)


def delete_report_schedule(session: Session, *, actor: Actor, now: datetime, schedule_id: UUID) -> None:
    account_id = account_of(actor)
    _find(session, account_id, schedule_id)
    schedules.delete(session, account_id=account_id, schedule_id=schedule_id)
    acts.record(session, REPORTING_ACT, actor, "report_schedule.deleted", target_id=schedule_id)


def _find(session: Session, account_id: UUID, schedule_id: UUID) -> Answer:
    row = schedules.find(session, account_id=account_id, schedule_id=schedule_id)
    if row is None:
        raise NotFound("report_schedule.not_found", "There is no such schedule.", {"schedule_id": str(schedule_id)})
    return dict(row)


def expect_campaign(session: Session, change: Mapping[str, Any]) -> None:
    """A campaign that is sent is told of by mail a day later; twice is harmless."""
    if change["state"] is CampaignState.SENT:
        due_at = change["occurred_at"] + AFTER_CAMPAIGN
        schedules.expect_campaign(
            session, account_id=change["account_id"], campaign_id=change["campaign_id"], due_at=due_at
        )


def mail_due(database: Database, *, call: Call, now: datetime) -> int:
    """Ask for the mails that are due; returns how many. However many processes do, each is asked for once.

    One that cannot be made is put off, and keeps no other waiting.
    """
    with database.transaction() as session:
        regular, campaigns = schedules.due(session, now), schedules.due_campaigns(session, now)
    asked = 0
    for one in campaigns:
        ids = (one["schedule_id"], one["campaign_id"])
        asked += _tried(database, partial(_mail_campaign, database, *ids, now=now), *ids, now=now)
    for one in regular:
        asked += _tried(database, partial(_mail_period, database, one, call=call, now=now), one["id"], now=now)
    return asked


def _tried(database: Database, mail: Callable[[], bool], *ids: UUID, now: datetime) -> bool:
    try:
        return mail()
    except Exception as error:
        if fault_of(error) is Fault.SERVER:
            raise
        log.error("report_not_mailed", schedule_id=str(ids[0]), error=error)
        until = now + (UNTIL_IDENTITY if isinstance(error, Unavailable) else PUT_OFF)
        with database.transaction() as session:
            schedules.put_off(session, *ids, until=until, now=now)
        return False


def _mail_period(database: Database, due: Mapping[str, Any], *, call: Call, now: datetime) -> bool:
    # Asked for before the row is locked, and never guessed: another zone's Monday is another week, or the same twice.
    zone = known_zone_of(call, due["account_id"])
    with database.transaction() as session:
        schedule = schedules.take(session, due["id"], now)
        if schedule is None:
            return False
        kind = ScheduleKind(schedule["kind"])
        first, last = period(kind, now, zone)
        next_at = next_moment(kind, now, zone)
        if schedule["last_period"] is not None and first <= schedule["last_period"]:
            # The account's days begin elsewhere since: here its last week or month is not over yet.
            schedules.move_by(session, schedule["id"], next_at=next_at)
            return False
        fields: dict[str, Any] = {"first": first.isoformat(), "last": last.isoformat()}
        for total in statistics.totals_of(session, schedule["account_id"], first, last, zone):
            fields |= _figures(total, f"{total['channel'].value}_")
        schedules.move_on(session, schedule["id"], next_at=next_at, now=now, period=first)
        _record(session, schedule, "report_period", fields)
    return True


def _mail_campaign(database: Database, schedule_id: UUID, campaign_id: UUID, *, now: datetime) -> bool:
    with database.transaction() as session:
        mail = schedules.take_campaign(session, schedule_id, campaign_id, now)
        if mail is None:
            return False
        report = reports.from_counters(session, mail["account_id"], campaign_id)
        schedules.move_on(session, schedule_id, next_at=None, now=now)
        _record(session, mail, "report_campaign", {"name": report["name"] or "", **_figures(report, "")})
    return True


def _record(session: Session, whose: Any, template: str, fields: dict[str, Any]) -> None:
    outbox.record(
        session, REPORT_DUE, account_id=whose["account_id"], user_ids=whose["user_ids"], template=template,
        fields=fields,
    )  # fmt: skip


def _figures(shown: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """What a mail says of a campaign or a channel: counts, and rates in percent."""
    counts, rates = shown["counts"], shown["rates"]
    named = {f"{prefix}{name}": counts[name] for name in _NAMED if name in counts}
    named |= {f"{prefix}{name}": _percent(rates[name]) for name in ("open_rate", "click_rate") if rates.get(name)}
    if shown["channel"] is Channel.SMS:
        named[f"{prefix}cost"] = f"{shown['cost']['amount'] / 100:.2f} {shown['cost']['currency']}"
    return named


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f}%"
