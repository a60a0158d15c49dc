"""Accounts: registration (A1), company data (A6), and what operators change about one (A7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from chassis import outbox, pages
from chassis.actors import account_of, operator_of
from chassis.database import Database, Session
from chassis.ids import new_id
from contracts.errors import Invalid
from contracts.etags import ensure_current
from contracts.events import ACCOUNT_REGISTERED, ACCOUNT_ZONE_CHANGED, PLAN_CHANGED
from contracts.identity import accounts as contract
from contracts.permissions import OWNER
from contracts.rpc import Actor
from identity import exceptions
from identity.domain import company as companies
from identity.domain import passwords as password_rules
from identity.domain import plans as plan_rules
from identity.domain.addresses import normal_email
from identity.hashing import Passwords
from identity.models import Account
from identity.store import accounts, audit, billing, plans, quotas, users
from identity.usecases import links, mail, throttles, trial, views
from identity.usecases.account_locks import open_for_update


def register(
    database: Database,
    *,
    actor: Actor,
    now: datetime,
    passwords: Passwords,
    login: str,
    email: str,
    password: str,
    account_name: str,
    accept_terms: bool,
    language: str,
    panel_url: str | None = None,
    on_trial: bool = False,
) -> views.View:
    """Register an account and its owner on the free plan.

    `account_registered` holds the link to `panel_url` that confirms the address, and so asks for a mail with it; it
    holds none where the mailbox has got as many such mails as it may.

    A known e-mail address makes no difference. A name that is taken is refused as such, and counts against the address
    as a wrong password does.
    """
    if not accept_terms:
        raise Invalid.of_field("accept_terms", "terms.not_accepted", "The terms must be accepted.")
    password_rules.ensure_acceptable(password, login=login)
    owner = {"login": login, "email": normal_email(email), "language": language}
    counters = throttles.by_address(actor)
    with database.transaction() as session:
        throttles.count_attempt(session, counters, now)
    with throttles.unless_busy(database, counters, now):
        owner["password_hash"] = passwords.hash(password, throttles.newcomers_turn(actor))
    with database.transaction() as session:
        throttles.give_back(session, counters, now)  # a name that is taken undoes this with all the rest
        may_mail = panel_url is not None and mail.may_prove(session, owner["email"], now)
        account_id, user_id = _insert(session, now, account_name, owner, on_trial=on_trial)
        throttles.remember_place(session, "user", login, actor, now)
        audit.record(session, actor, now, "account.registered", account_id=account_id, user_id=user_id)
        url = (
            links.confirmation_link(session, panel_url, user_id, owner["email"], now)
            if panel_url and may_mail
            else None
        )
        announced = {"account_id": account_id, "account_name": account_name, "login": login}
        told = {**announced, "email": owner["email"], "language": language, "on_trial": on_trial}
        outbox.record(session, PLAN_CHANGED, account_id=account_id, plan=plan_rules.FIRST_PLAN)
        outbox.record(session, ACCOUNT_REGISTERED, **told, url=url)
    return {**announced, "user_id": user_id, "plan": plan_rules.FIRST_PLAN}


def _insert(session: Session, now: datetime, name: str, owner: dict[str, str], *, on_trial: bool) -> tuple[UUID, UUID]:
    """Add the account, its term on the first plan, and its owner; their ids."""
    plan = plans.plan(session, code=plan_rules.FIRST_PLAN)
    assert plan is not None
    account_id, user_id = new_id(), new_id()
    ends_at = plan_rules.ends_at(now, plan.ends_after_days)
    if not accounts.insert_account(
        session,
        id=account_id,
        name=name,
        language=owner["language"],
        plan_code=plan.code,
        plan_started_at=now,
        plan_ends_at=ends_at,
        on_trial=on_trial,
        terms_accepted_at=now,
        created_at=now,
    ):
        raise exceptions.account_name_taken()
    billing.begin_term(session, account_id=account_id, plan=plan, starts_at=now, ends_at=ends_at)
    columns = {"id": user_id, "account_id": account_id, "is_owner": True, "permissions": sorted(OWNER)}
    if not users.insert_user(session, **columns, **owner, created_at=now):
        raise exceptions.login_taken()
    return account_id, user_id


def get(session: Session, *, actor: Actor, now: datetime) -> views.View:
    """The actor's account with its plan, time zone and default region."""
    return _shown(session, account_of(actor))


def update(
    session: Session, *, actor: Actor, now: datetime, if_match: list[str] | None = None, **changes: Any
) -> views.View:
    """Change the account's settings and company data, as a customer may."""
    row = open_for_update(session, account_of(actor))
    if if_match is not None:
        ensure_current(if_match, contract.Account, _shown(session, row.id))
    company = changes.pop("company", None)
    if changes.get("time_zone", "UTC") not in available_timezones():
        raise Invalid.of_field("time_zone", "time_zone.unknown", "Not a time zone such as Europe/Warsaw.")
    if "default_region" in changes:
        companies.region(changes["default_region"])
    if changes.get("time_zone", row.time_zone) != row.time_zone:
        outbox.record(session, ACCOUNT_ZONE_CHANGED, account_id=row.id, time_zone=changes["time_zone"])
    for field, value in changes.items():
        setattr(row, field, value)
    if company is not None:
        row.company = _merged_company(row, company)
        changes["company"] = sorted(company)
    audit.record(session, actor, now, "account.changed", account_id=row.id, target_id=row.id, details=changes)
    session.flush()
    return views.account(row, plans.plan_of(session, row))


def list_accounts(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    name: str | None,
    plan: str | None,
) -> views.View:
    """All accounts, for operators."""
    operator_of(actor)
    rows = accounts.accounts_page(session, after=pages.position(cursor), limit=limit + 1, name=name, plan=plan)
    return pages.page(rows, limit, lambda row: views.account(row[0], row[1]), key="account_id")


def get_operated(session: Session, *, actor: Actor, now: datetime, account_id: UUID) -> views.View:
    """An account as its holder sees it, for operators."""
    operator_of(actor)
    return _shown(session, account_id)


def set_plan(session: Session, *, actor: Actor, now: datetime, account_id: UUID, plan: str, reason: str) -> views.View:
    """Move an account to another plan, up, down or off (`none`): a new period begins now.

    A plan that costs something is given to whom the operator knows: it ends the trial with the same act.
    """
    operator_of(actor)
    new_plan = plans.plan_to_move_to(session, code=plan)
    if new_plan is None:
        raise Invalid.of_field("plan", "plan.unknown", "There is no such plan.")
    row = open_for_update(session, account_id)
    details: dict[str, Any] = {"before": row.plan_code, "after": new_plan.code}
    if row.on_trial and new_plan.price_amount > 0:
        details["trial"] = "ended"
        trial.end_with(session, row)
    # A plan's periods differ from those of the plan before by their start, which therefore always moves on.
    started_at = max(now, row.plan_started_at + timedelta(microseconds=1))
    quotas.close_periods(session, account_id=account_id, now=started_at)
    ends_at = plan_rules.ends_at(started_at, new_plan.ends_after_days)
    accounts.move_to_plan(session, row, plan=new_plan, started_at=started_at, ends_at=ends_at)
    billing.begin_term(session, account_id=account_id, plan=new_plan, starts_at=started_at, ends_at=ends_at)
    _record_operated(session, actor, now, "account.plan_set", account_id, reason, details)
    outbox.record(session, PLAN_CHANGED, account_id=account_id, plan=new_plan.code)
    return views.account(row, new_plan)


def set_vat_number(
    session: Session, *, actor: Actor, now: datetime, account_id: UUID, vat_number: str, reason: str
) -> views.View:
    """Change the VAT number as an operator, also one that is set (A6)."""
    operator_of(actor)
    row = open_for_update(session, account_id)
    before = row.company.get("vat_number", "")
    row.company = _merged_company(row, {"vat_number": vat_number}, by_operator=True)
    session.flush()
    details = {"before": before, "after": row.company["vat_number"]}
    _record_operated(session, actor, now, "account.vat_number_set", account_id, reason, details)
    return views.account(row, plans.plan_of(session, row))


def _record_operated(
    session: Session, actor: Actor, now: datetime, action: str, account_id: UUID, reason: str, details: dict[str, Any]
) -> None:
    audit.record(
        session, actor, now, action, account_id=account_id, target_id=account_id, reason=reason, details=details
    )


def _shown(session: Session, account_id: UUID) -> views.View:
    row = accounts.account(session, account_id=account_id)
    if row is None:
        raise exceptions.not_found("account")
    return views.account(row, plans.plan_of(session, row))


def _merged_company(row: Account, changes: dict[str, Any], *, by_operator: bool = False) -> dict[str, Any]:
    """Company data after `changes`; the VAT number, once set, stays unless an operator changes it.

    `vat_number_checked`: an operator has set it or, by setting it again, found it right.
    """
    merged = {**row.company, **changes}
    for name, canonical in (("phone", companies.phone), ("site", companies.site)):
        if name in changes:
            merged[name] = canonical(changes[name])
    if "vat_number" in changes:
        merged["vat_number"] = companies.vat_number(changes["vat_number"])
        before = row.company.get("vat_number", "")
        if before and merged["vat_number"] != before and not by_operator:
            raise exceptions.vat_number_fixed()
        if by_operator:
            merged["vat_number_checked"] = bool(merged["vat_number"])
    return merged
