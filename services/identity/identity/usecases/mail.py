"""Mail of the platform's own: asked for by an event in the transaction that gives the reason for it.

Here is decided where it may go. An address that nobody has confirmed may be a stranger's: it gets nothing but what
proves the mailbox (`ask_to_prove`), few a day from all accounts together (`throttles.by_mailbox`), and without a word
that whoever named it has typed, the login included.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import inbox, outbox
from chassis.database import Session
from contracts.events import SYSTEM_MAIL_REQUESTED
from contracts.permissions import is_granted
from contracts.rpc import Actor
from identity.domain import dns_words, notices
from identity.domain.notices import Notice
from identity.models import User
from identity.store import users
from identity.usecases import throttles

MAY_READ = "reports.read"


def ask_for(session: Session, user: User, template: str, **fields: Any) -> None:
    """Ask for the notice `template` to the user; none goes to an address that is not confirmed."""
    if is_confirmed(user):
        _record(session, user, user.email, template, {"login": user.login, **fields})


def tell(session: Session, actor: Actor, act: str, *concerned: User, **fields: Any) -> None:
    """Tell of an act by mail as `notices.MAILED` says: each user whom it concerns, and once the account's owner."""
    notice = notices.MAILED[act]
    told = list(concerned) if notice.user else []
    for user in told:
        _tell(session, actor, notice, user, user.login, template=notice.template, **fields)
    owner = users.owner_of(session, account_id=concerned[0].account_id) if notice.owner and concerned else None
    if owner is not None and owner.id not in {user.id for user in told}:
        _tell(session, actor, notice, owner, concerned[0].login)


def tell_owner(session: Session, act: str, *, account_id: UUID, details: Mapping[str, Any]) -> None:
    """Tell the account's owner of what happened without anybody doing it."""
    owner = users.owner_of(session, account_id=account_id)
    if owner is None:
        return
    notice = notices.MAILED[act]
    if notice.template is None:
        ask_for(session, owner, "account_act", act=notice.words(owner.language, owner.login, details))
    else:
        records = dns_words.in_words(details.get("records") or (), owner.language)
        ask_for(session, owner, notice.template, domain=details["domain"], **({"records": records} if records else {}))


def mail_report(session: Session, *, due: dict[str, Any]) -> None:
    """Mail a report to those of the users who are of the account, not blocked, and may read reports.

    Harmless twice: the inbox knows.
    """
    if not inbox.first_time(session, "mail_report", due["event_id"]):
        return
    for user_id in due["user_ids"]:
        user = users.user(session, account_id=due["account_id"], user_id=user_id)
        if user is not None and user.state == "active" and is_granted(MAY_READ, _held(session, user)):
            ask_for(session, user, due["template"], **due["fields"])


def _held(session: Session, user: User) -> set[str]:
    of_roles = (role.permissions for role in users.roles_of(session, user_ids=[user.id])[user.id])
    return set(user.permissions).union(*of_roles)


def _tell(
    session: Session, actor: Actor, notice: Notice, to: User, login: str, *, template: str | None = None, **fields: Any
) -> None:
    told = {**fields, **({"address": actor["address"]} if actor.get("address") else {})}
    if template is None:
        told["act"] = notice.words(to.language, login)
    ask_for(session, to, template or "account_act", **told)


def ask_to_prove(session: Session, user: User, template: str, *, to: str, url: str, hours_valid: int) -> None:
    """Ask for the mail with a link that proves the mailbox `to`; the caller has counted it (`may_prove`)."""
    named = {"login": user.login} if to == user.email and is_confirmed(user) else {}
    _record(session, user, to, template, {**named, "url": url, "hours_valid": hours_valid})


def may_prove(session: Session, email: str, now: datetime) -> bool:
    """Count one more mail to a mailbox that nobody has confirmed, unless it has got as many as it may today."""
    return throttles.takes_another(session, throttles.by_mailbox(email), now)


def is_confirmed(user: User) -> bool:
    return user.email_confirmed_at is not None


def _record(session: Session, user: User, to: str, template: str, fields: dict[str, Any]) -> None:
    outbox.record(
        session,
        SYSTEM_MAIL_REQUESTED,
        account_id=user.account_id,
        user_id=user.id,
        to=to,
        language=user.language,
        template=template,
        fields=fields,
    )
