"""Single sender addresses: confirmed by a mailed code, and refused where their domain has mail like ours refused."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID

from chassis import acts, pages
from chassis.actors import account_of
from chassis.database import Database, Session
from chassis.logs import get_logger
from contracts.events import EMAIL_GATEWAY_ACT
from contracts.rpc import Actor
from email_gateway import exceptions
from email_gateway.domain import alignment
from email_gateway.domain import senders as rules
from email_gateway.domain.alignment import AlignmentWarning, Policy
from email_gateway.domain.senders import SenderState
from email_gateway.models import SenderAddress
from email_gateway.store import policies
from email_gateway.store import senders as store
from email_gateway.usecases import views
from email_gateway.usecases.ports import Tools
from email_gateway.usecases.senders import normalised

log = get_logger()

ASKED_AT_ONCE = 20  # domains in a round of the timer


def list_sender_addresses(
    session: Session, *, actor: Actor, now: datetime, tools: Tools, cursor: str | None, limit: int
) -> pages.Page:
    account_id = account_of(actor)
    rows = store.addresses(session, account_id=account_id, after=pages.position(cursor), limit=limit + 1)
    warnings = warnings_of(session, tools, account_id, rows)
    return pages.page(rows, limit, lambda row: shown(row, warnings.get(row.email), tools))


def shown(address: SenderAddress, warning: AlignmentWarning | None, tools: Tools) -> views.View:
    return views.sender_address(address, warning, tools.config.sandbox_domain)


def warnings_of(
    session: Session, tools: Tools, account_id: UUID, rows: Sequence[SenderAddress]
) -> dict[str, alignment.AlignmentWarning]:
    """By address; none where its domain is authorised."""
    by_email = {row.email: _domain_of(row.email) for row in rows}
    names = {domain for domain in by_email.values() if not _is_platforms(tools, domain)}
    names -= store.verified_among(session, account_id=account_id, domains=names)
    known = policies.policies(session, names)
    return {
        email: alignment.warning_of(domain, known.get(domain)) for email, domain in by_email.items() if domain in names
    }


def ask_before_adding(
    database: Database, *, actor: Actor, now: datetime, tools: Tools, email: str
) -> dict[str, Policy | None]:
    """What the address's domain says, by domain; empty where it is known, or where it does not matter.

    No transaction is open meanwhile.
    """
    domain = _domain_of(normalised(email))
    if alignment.is_public(domain) or _is_platforms(tools, domain):
        return {}
    with database.transaction() as session:
        covered = store.verified_among(session, account_id=account_of(actor), domains=[domain])
        if covered or policies.is_fresh(session, domain, now):
            return {}
    return {domain: ask(tools, domain)}


def ask(tools: Tools, domain: str) -> Policy | None:
    """What DNS says now; None where it does not answer. All questions at once, as with a domain's records."""
    names = alignment.names_to_ask(domain)
    with ThreadPoolExecutor(len(names)) as pool:
        answers = list(pool.map(lambda name: tools.look_up(name, "TXT"), names))
    return alignment.policy_of(domain, dict(zip(names, answers, strict=True)))


def add_address(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    tools: Tools,
    email: str,
    name: str | None,
    asked: Mapping[str, Policy | None],
) -> tuple[SenderAddress, str | None]:
    """A new sender address, and the code to mail to it; none where its domain is verified already.

    :param asked: from `ask_before_adding`.
    :raises Conflict: it is on the list.
    :raises Invalid: its domain is a public mailbox provider's, or has mail that is not its own put aside or refused.
    :raises TooManyRequests: the account, or everyone to this mailbox, has had enough codes mailed today.
    """
    account_id, email = account_of(actor), normalised(email)
    if store.address_by_email(session, account_id=account_id, email=email) is not None:
        raise exceptions.address_exists()
    domain = _domain_of(email)
    _keep_answer(session, domain, asked, now)
    address = SenderAddress(address_id=tools.new_id(), account_id=account_id, email=email, name=name)
    code = _give_code(session, tools, address, now)
    if not store.add_address(session, address):
        raise exceptions.address_exists()
    session.refresh(address)
    _record(session, actor, "sender_address.added", address)
    return address, code


def send_code_again(
    session: Session, *, actor: Actor, now: datetime, tools: Tools, address_id: UUID
) -> tuple[SenderAddress, str | None]:
    """The address, and another code to mail to it, in place of the one before; none where its domain is verified now.

    :raises Conflict: it is verified. :raises Invalid, TooManyRequests: as of a new one.
    """
    address = _address(session, actor, address_id)
    if address.state == SenderState.VERIFIED:
        raise exceptions.address_verified()
    code = _give_code(session, tools, address, now)
    _record(session, actor, "sender_address.code_sent", address)
    return address, code


def delete_sender_address(session: Session, *, actor: Actor, now: datetime, tools: Tools, address_id: UUID) -> None:
    """Within a minute nothing leaves from it, as with a domain.

    :raises Conflict: it is the trial's, which would come back.
    """
    address = _address(session, actor, address_id)
    if address.email == rules.sandbox_address(address.account_id, tools.config.sandbox_domain):
        raise exceptions.address_of_trial()
    store.delete_address(session, account_id=address.account_id, email=address.email)
    acts.record(session, EMAIL_GATEWAY_ACT, actor, "sender_address.deleted", target_id=address_id)


def _address(session: Session, actor: Actor, address_id: UUID) -> SenderAddress:
    """Locked."""
    found = store.address_by_id(session, account_id=account_of(actor), address_id=address_id)
    if found is None:
        raise exceptions.address_not_found()
    return found


def _record(session: Session, actor: Actor, action: str, address: SenderAddress) -> None:
    acts.record(session, EMAIL_GATEWAY_ACT, actor, action, target_id=address.address_id, state=address.state)


def _give_code(session: Session, tools: Tools, address: SenderAddress, now: datetime) -> str | None:
    """A new code with all its tries; None where the domain is verified, and the address with it."""
    account_id, email = address.account_id, address.email
    domain = _domain_of(email)
    address.tries_left = rules.CODE_TRIES
    if store.verified_among(session, account_id=account_id, domains=[domain]):
        address.state, address.code_hash, address.code_expires_at = SenderState.VERIFIED, None, None
        return None
    _ensure_can_align(session, tools, domain)
    _ensure_few_mails(session, account_id=account_id, email=email, now=now)
    code = f"{secrets.randbelow(10**6):06d}"
    address.state, address.code_hash = SenderState.PENDING, _hash_of(code)
    address.code_expires_at = now + rules.CODE_LIFETIME
    store.note_code_mailed(session, account_id=account_id, email=email, now=now)
    return code


def _keep_answer(session: Session, domain: str, asked: Mapping[str, Policy | None], now: datetime) -> None:
    """Where nothing was asked the timer asks: the domain may be deleted one day, and the address stays."""
    if domain in asked:
        policies.keep(session, domain=domain, policy=asked[domain], now=now)
    else:
        policies.note(session, domain=domain, now=now)


def _ensure_can_align(session: Session, tools: Tools, domain: str) -> None:
    if _is_platforms(tools, domain):
        return
    policy = policies.policies(session, [domain]).get(domain)
    if alignment.is_refused(domain, policy):
        warning = alignment.warning_of(domain, policy)
        raise exceptions.address_unaligned(warning.code, warning.detail)


def _is_platforms(tools: Tools, domain: str) -> bool:
    """Whether the platform's own signature is aligned with it."""
    return domain in (_domain_of(tools.config.system_from), tools.config.sandbox_domain)


def follow_trial(session: Session, *, tools: Tools, account_id: UUID, is_on_trial: bool) -> None:
    """An account on trial has an address in the platform's sandbox domain; it goes with the trial.

    What keeps it to the account's own users is the trial itself, which no channel lets send to anybody else. Harmless
    twice.
    """
    email = rules.sandbox_address(account_id, tools.config.sandbox_domain)
    if not is_on_trial:
        store.delete_address(session, account_id=account_id, email=email)
    elif store.address_by_email(session, account_id=account_id, email=email) is None:
        made = SenderAddress(
            address_id=tools.new_id(), account_id=account_id, email=email, state=SenderState.VERIFIED, tries_left=0
        )
        store.add_address(session, made)


def _ensure_few_mails(session: Session, *, account_id: UUID, email: str, now: datetime) -> None:
    """The mailbox may be anybody's, who has not asked for a mail."""
    since = now - rules.CODES_PERIOD
    of_account, to_mailbox = store.codes_mailed(session, account_id=account_id, email=email, since=since)
    if of_account >= rules.CODES_OF_ACCOUNT or to_mailbox >= rules.CODES_TO_MAILBOX:
        raise exceptions.too_many_codes(rules.CODES_PERIOD)


def forget_codes(database: Database, *, now: datetime) -> None:
    """To whom they were mailed, once they count no more."""
    with database.transaction() as session:
        store.forget_codes(session, until=now - rules.CODES_PERIOD)


def confirm_sender_address(
    database: Database, *, actor: Actor, now: datetime, tools: Tools, address_id: UUID, code: str
) -> views.View:
    """:raises Invalid: the code is wrong, and a try is used up."""
    with database.transaction() as session:
        address = _address(session, actor, address_id)
        is_right = address.state == SenderState.VERIFIED or _take_code(address, code, now)
        if is_right:
            acts.record(session, EMAIL_GATEWAY_ACT, actor, "sender_address.confirmed", target_id=address.address_id)
        warnings = warnings_of(session, tools, address.account_id, [address])
        answer, tries_left = shown(address, warnings.get(address.email), tools), address.tries_left
    if not is_right:
        raise exceptions.wrong_code(tries_left)
    return answer


def _take_code(address: SenderAddress, code: str, now: datetime) -> bool:
    """Whether the code is right; a wrong one uses up a try."""
    is_live = address.tries_left > 0 and address.code_expires_at is not None and now < address.code_expires_at
    if is_live and hmac.compare_digest(address.code_hash or "", _hash_of(code)):
        address.state, address.code_hash = SenderState.VERIFIED, None
        return True
    address.tries_left = max(0, address.tries_left - 1)
    return False


def ask_due_policies(database: Database, *, now: datetime, tools: Tools) -> int:
    """Ask the domains of single addresses that were asked a day ago; how many were.

    Any number of processes may do it at once: each takes others.
    """
    with database.transaction() as session:
        due = policies.take_due(session, now=now, limit=ASKED_AT_ONCE)
    for domain in due:
        policy = ask(tools, domain)
        with database.transaction() as session:
            policies.keep(session, domain=domain, policy=policy, now=now)
    if due:
        log.info("sender_policies_asked", domains=len(due))
    return len(due)


def _domain_of(email: str) -> str:
    return email.rpartition("@")[2].lower()


def _hash_of(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
