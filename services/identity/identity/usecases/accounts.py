"""Accounts: registration (A1), what an account is, company data (A6)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import available_timezones

from chassis import outbox
from chassis.database import Database
from chassis.ids import new_id
from contracts.events import ACCOUNT_REGISTERED
from contracts.permissions import OWNER
from contracts.rpc import Actor
from identity.domain import company as companies
from identity.domain import passwords as password_rules
from identity.domain import plans as plan_rules
from identity.domain.actors import account_of
from identity.domain.addresses import normal_email
from identity.exceptions import (
    account_inactive,
    account_name_taken,
    invalid_field,
    login_taken,
    not_found,
    vat_number_fixed,
)
from identity.hashing import Passwords
from identity.models import Account
from identity.store import accounts, audit, billing, users
from identity.usecases import throttles, views

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def register(
    database: Database,
    passwords: Passwords,
    actor: Actor,
    now: datetime,
    *,
    login: str,
    email: str,
    password: str,
    account_name: str,
    accept_terms: bool,
    language: str,
) -> views.View:
    """Register an account and its owner on the free plan; `account_registered` asks for the notice by mail.

    Whether the e-mail address is known makes no difference. That a name is taken has to be told, and counts against
    the address as a wrong password does.
    """
    if not accept_terms:
        raise invalid_field("accept_terms", "terms.not_accepted", "The terms must be accepted.")
    password_rules.ensure_acceptable(password, login=login)
    email = normal_email(email)
    doors = throttles.by_address(actor)
    with database.transaction() as session:
        throttles.count_attempt(session, doors, now)
    password_hash = passwords.hash(password)
    account_id, user_id = new_id(), new_id()
    with database.transaction() as session:
        throttles.give_back(session, doors, now)  # a name that is taken undoes this with all the rest
        _insert_account(session, now, account_id=account_id, name=account_name, language=language)
        if not users.insert_user(
            session,
            id=user_id,
            account_id=account_id,
            login=login,
            email=email,
            password_hash=password_hash,
            is_owner=True,
            language=language,
            permissions=sorted(OWNER),
            created_at=now,
        ):
            raise login_taken()
        audit.record(session, actor, now, "account.registered", account_id=account_id, user_id=user_id)
        outbox.record(
            session,
            ACCOUNT_REGISTERED,
            account_id=account_id,
            account_name=account_name,
            login=login,
            email=email,
            language=language,
        )
    return {
        "account_id": account_id,
        "user_id": user_id,
        "account_name": account_name,
        "login": login,
        "plan": plan_rules.FIRST_PLAN,
    }


def _insert_account(session: Session, now: datetime, *, account_id: UUID, name: str, language: str) -> None:
    plan = accounts.plan(session, code=plan_rules.FIRST_PLAN)
    assert plan is not None
    if not accounts.insert_account(
        session,
        id=account_id,
        name=name,
        language=language,
        plan_code=plan.code,
        plan_started_at=now,
        plan_ends_at=plan_rules.ends_at(now, plan.ends_after_days),
        terms_accepted_at=now,
        created_at=now,
    ):
        raise account_name_taken()
    ends_at = plan_rules.ends_at(now, plan.ends_after_days)
    billing.begin_term(session, account_id=account_id, plan=plan, starts_at=now, ends_at=ends_at)


def get(session: Session, *, account_id: UUID) -> views.View:
    """The account with its plan, time zone and default region."""
    row = accounts.account(session, account_id=account_id)
    if row is None:
        raise not_found("account")
    return views.account(row, accounts.plan_of(session, row))


def update(session: Session, actor: Actor, now: datetime, **changes: Any) -> views.View:
    """Change the account's settings and company data, as a customer may."""
    row = accounts.account_for_update(session, account_id=account_of(actor))
    if row is None:
        raise not_found("account")
    if row.state == "closed":
        raise account_inactive(row.state)
    company = changes.pop("company", None)
    if changes.get("time_zone", "UTC") not in available_timezones():
        raise invalid_field("time_zone", "time_zone.unknown", "Not a time zone such as Europe/Warsaw.")
    for field, value in changes.items():
        setattr(row, field, value)
    if company is not None:
        row.company = merged_company(row, company)
        changes["company"] = sorted(company)
    audit.record(session, actor, now, "account.changed", account_id=row.id, target_id=row.id, details=changes)
    session.flush()
    return views.account(row, accounts.plan_of(session, row))


def merged_company(row: Account, changes: dict[str, Any], *, by_operator: bool = False) -> dict[str, Any]:
    """Company data after `changes`; the VAT number, once set, stays unless an operator changes it.

    `vat_number_checked`: an operator has set it or, by setting it again, found it right.
    """
    merged = {**row.company, **changes}
    if "vat_number" in changes:
        merged["vat_number"] = companies.vat_number(changes["vat_number"])
        held = row.company.get("vat_number", "")
        if held and merged["vat_number"] != held and not by_operator:
            raise vat_number_fixed()
        if by_operator:
            merged["vat_number_checked"] = bool(merged["vat_number"])
    return merged
