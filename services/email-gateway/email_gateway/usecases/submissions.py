"""Mail that partners' servers submit by SMTP: the same rules as for POST /v1/emails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from channel import account_networks, login_failures
from channel.single_sends import TooFewUnits
from chassis import suspensions
from chassis.database import Database, Session
from contracts.errors import WiciError, account_suspended
from contracts.networks import allows
from email_gateway import exceptions
from email_gateway.content.prepare import hash_of
from email_gateway.content.received import NOTHING_TRACKED, Mail, Tracks
from email_gateway.domain import smtp_logins
from email_gateway.domain.alignment import Standing
from email_gateway.domain.sends import Plan, To
from email_gateway.store import signing, submissions
from email_gateway.store import smtp_accounts as store
from email_gateway.usecases import contents, messages
from email_gateway.usecases.senders import normalised

Answer = Any


@dataclass(frozen=True, slots=True)
class Login:
    """Who is logged in on a connection, from where, with which password: when that changes, it is nobody any more."""

    smtp_account_id: UUID
    account_id: UUID
    secret_hash: bytes
    has_blocked: bool
    address: str
    tracks: Tracks = NOTHING_TRACKED


@dataclass(frozen=True, kw_only=True)
class Submission(Plan):
    """A mail with its recipients, checked as far as it says by itself."""

    login: Login
    envelope_from: str


def log_in(database: Database, *, username: str, password: str, address: str) -> Login:
    """:raises Unauthenticated: always the same, whatever is wrong. :raises Forbidden: the account is suspended."""
    with database.transaction() as session:
        found = store.login(session, smtp_account_id=smtp_logins.id_of(username))
        row = found[0] if found else None
        is_right = smtp_logins.is_right(password, bytes(row.secret_hash) if row else None)
        if row is None or found is None or not is_right or not row.is_active:
            raise exceptions.smtp_login_refused()
        networks = account_networks.of_accounts(session, [row.account_id]).get(row.account_id, ())
        if not (allows(row.ip_list, address) and allows(networks, address)):
            raise exceptions.smtp_login_refused()
        if suspensions.is_suspended(session, row.account_id):
            raise account_suspended()
        tracks = Tracks(clicks=row.tracks_clicks, opens=row.tracks_opens)
        return Login(row.smtp_account_id, row.account_id, bytes(row.secret_hash), found[1], address, tracks)


def count_failure(database: Database, *, username: str, address: str) -> int:
    """How often a log-in with the name or from the address failed lately, at any process, this time included."""
    with database.transaction() as session:
        return login_failures.note(session, f"address {address}", f"name {username.strip().lower()}")


def refusal_of_recipient(database: Database, *, login: Login, address: str) -> WiciError | None:
    if not login.has_blocked:
        return None
    with database.transaction() as session:
        if store.is_blocked(session, smtp_account_id=login.smtp_account_id, address=address.lower()):
            return exceptions.address_blocked()
    return None


def plan(mail: Mail, *, login: Login, envelope_from: str, recipients: Sequence[str], trace_id: str) -> Submission:
    document = mail.document(login.account_id, login.tracks)
    return Submission(
        account_id=login.account_id,
        content_hash=hash_of(document),
        document=document,
        sender=mail.from_email,
        recipients=[To(address, subject=mail.subject) for address in recipients],
        trace_id=trace_id,
        submitter_id=str(login.smtp_account_id),
        blobs={mail.digest: mail.octets},
        is_unique=True,  # its head names the submission
        login=login,
        envelope_from=envelope_from,
    )


def store_submissions(session: Session, plans: Sequence[Submission]) -> list[Answer]:
    """Put mails on disk and on their way, each within what its SMTP account may do at this moment.

    :returns: for each what was accepted, why it cannot be sent, or what is missing of its account's lease.
    """
    now = submissions.look(
        session,
        smtp_account_ids={plan.login.smtp_account_id for plan in plans},
        domains={(plan.account_id, _domain(email)) for plan in plans for email, _ in _senders(plan)},
        # Once more: somebody may have been blocked since the connection was logged in.
        addressed={asked for plan in plans for asked in _addressed(plan)},
    )
    singles: dict[tuple[UUID, str], Standing] = {}
    answers: list[Answer] = [_refusal(session, plan, now, singles) for plan in plans]
    places = [place for place, refusal in enumerate(answers) if refusal is None]
    stored = messages.store_sends(session, [plans[place] for place in places])
    sent: Counter[UUID] = Counter()
    for place, answer in zip(places, stored, strict=True):
        answers[place] = answer
        if not isinstance(answer, WiciError | TooFewUnits):
            sent[plans[place].login.smtp_account_id] += len(plans[place].recipients)
    store.count_sent(session, sent)
    return answers


def _addressed(plan: Submission) -> list[tuple[UUID, str]]:
    return [(plan.login.smtp_account_id, to.address.lower()) for to in plan.recipients]


def _senders(plan: Submission) -> tuple[tuple[str, str], ...]:
    """Whose authorisation is asked for, and where it says so."""
    return ((normalised(plan.sender), "From"), (normalised(plan.envelope_from), "MAIL FROM"))


def _domain(email: str) -> str:
    return email.rpartition("@")[2]


def _refusal(
    session: Session, plan: Submission, now: submissions.Now, singles: dict[tuple[UUID, str], Standing]
) -> WiciError | None:
    """Why the mail cannot be sent; where nothing says so, its messages count to their minute.

    :param singles: what is known of single addresses, which are verified by themselves.
    """
    login = plan.login
    standing = now.standings.get(login.smtp_account_id)
    if standing is None or not standing.is_active or standing.secret_hash != login.secret_hash:
        return exceptions.smtp_login_refused()
    if not allows(now.networks.get(login.account_id, ()), login.address):
        return exceptions.smtp_login_refused()
    if login.account_id in now.suspended:
        return account_suspended()
    for email, where in _senders(plan):
        if (login.account_id, _domain(email)) in now.authorised:
            continue
        if (refusal := _refusal_of_single(session, login.account_id, email, where, singles)) is not None:
            return refusal
    if any(asked in now.blocked for asked in _addressed(plan)):
        return exceptions.address_blocked()
    used = standing.used + len(plan.recipients)
    if used > standing.messages_a_minute:
        return exceptions.too_many_messages(standing.messages_a_minute)
    now.standings[login.smtp_account_id] = standing._replace(used=used)
    return None


def _refusal_of_single(
    session: Session, account_id: UUID, email: str, where: str, known: dict[tuple[UUID, str], Standing]
) -> WiciError | None:
    standing = known.get((account_id, email))
    if standing is None:
        standing = known[account_id, email] = signing.standing_of_address(session, account_id=account_id, email=email)
    return contents.refusal_of(standing, where)
