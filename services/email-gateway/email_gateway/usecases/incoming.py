"""What follows from a mail that came in: whom it is about, what changes, and whether it is done with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis.database import Session
from contracts import tokens
from contracts.tokens import TokenKind
from contracts.vocabulary import MessageState
from email_gateway.content import verp
from email_gateway.domain.ip_pools import in_order
from email_gateway.domain.mailroom import MailKind, SoftRule
from email_gateway.domain.retrying import STATE_OF_RESULT
from email_gateway.incoming.reading import Reading, Said
from email_gateway.smtp.outcomes import MEANINGS
from email_gateway.smtp.replies import Reply
from email_gateway.smtp.shaping import provider_of_mailboxes
from email_gateway.smtp.verdicts import About, judged_later
from email_gateway.store import dmarc, ip_pool_use, ip_pools, late_news, received_mails, soft_bounces
from email_gateway.store.late_news import Sent
from email_gateway.store.received_mails import Mail

# A bounce may be here before what the server said in the session is in the ledger; waits of 1, 2, 4 … minutes.
MOST_TRIES = 8
# What a bounce may still change: a message that its first server has taken, or may have.
LEFT = frozenset({MessageState.DELIVERED, MessageState.UNKNOWN})


class Outcome(StrEnum):
    """What became of a mail."""

    HARD = "hard_bounce"
    SOFT = "soft_bounce"
    SPAM = "spam_bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    DELAYED = "delayed"
    AUTO_REPLY = "auto_reply"
    OTHER_FEEDBACK = "other_feedback"
    DMARC_REPORT = "dmarc_report"
    REPEATED = "repeated"  # it says nothing new
    STRAY = "stray"  # of a message or domain that is not known (any more)
    WAITS = "waits"
    UNREAD = "unread"  # kept for a person to look at


_OF_STATE = {
    MessageState.HARD_BOUNCED: Outcome.HARD,
    MessageState.SOFT_BOUNCED: Outcome.SOFT,
    MessageState.SPAM_BOUNCED: Outcome.SPAM,
}


def act_on(
    session: Session,
    mail: Mail,
    reading: Reading | None,
    *,
    now: datetime,
    rule: SoftRule,
    return_path_keys: Sequence[bytes],
    link_keys: Sequence[bytes],
) -> Outcome | None:
    """Do what follows, and let the mail go. None: another reader has it, nothing was done.

    :param reading: None: it could not be read. An unsubscription is one whatever the mail says.
    """
    if not received_mails.hold(session, mail.mail_id, tries=mail.tries):
        return None
    if mail.kind is MailKind.UNSUBSCRIBE:
        return _unsubscribe(session, mail, now)
    if reading is None or reading.said is Said.UNREAD:
        return _leave_unread(session, mail)
    if reading.said is Said.DMARC and reading.report is not None:
        received_mails.forget(session, mail.mail_id)
        return Outcome.DMARC_REPORT if dmarc.keep(session, reading.report, now=now) else Outcome.STRAY
    if reading.said is Said.COMPLAINT:
        message_id = _proved(reading, return_path_keys, link_keys)
        return _complain(session, mail, message_id, now)
    if reading.said is Said.FAILED and reading.reply is not None and mail.message_id is not None:
        return _bounce(session, mail, mail.message_id, reading, reading.reply, now, rule)
    if reading.said is Said.FAILED:
        return _leave_unread(session, mail)  # a bounce to postmaster@ names no message
    received_mails.forget(session, mail.mail_id)
    return Outcome(reading.said.value)


def _bounce(
    session: Session, mail: Mail, message_id: UUID, reading: Reading, reply: Reply, now: datetime, rule: SoftRule
) -> Outcome:
    sent = late_news.message(session, message_id)
    if sent is None or sent.state in (MessageState.ACCEPTED, MessageState.DEFERRED):
        return _wait(session, mail, now)
    received_mails.forget(session, mail.mail_id)
    if sent.state not in LEFT:
        return Outcome.REPEATED
    result, about = judged_later(reply)
    state = STATE_OF_RESULT[result]
    if state is MessageState.SOFT_BOUNCED and about is About.MAILBOX and _is_gone(session, sent, mail, rule):
        state = MessageState.HARD_BOUNCED
    # What our own smarthost says of itself is for its operator; what it quotes is the recipient's server's.
    detail = MEANINGS[about] if sent.is_by_smarthost and not reading.is_quoted else reply.text
    late_news.bounced(session, sent, state=state, code=reply.status, detail=detail, at=now)
    return _OF_STATE[state]


def _is_gone(session: Session, sent: Sent, mail: Mail, rule: SoftRule) -> bool:
    """Whether its mailbox has taken nothing for so long that it counts as gone."""
    if sent.is_erased or not rule.times:
        return False
    day = mail.received_at.date()
    return rule.is_met(soft_bounces.note(session, account_id=sent.account_id, address=sent.address, day=day), day)


def _complain(session: Session, mail: Mail, message_id: UUID | None, now: datetime) -> Outcome:
    if message_id is None:
        return _leave_unread(session, mail)  # it names none of our messages, or proves nothing
    received_mails.forget(session, mail.mail_id)
    sent = late_news.message(session, message_id)
    if sent is None:
        return Outcome.STRAY
    late_news.complained(session, sent, now)
    _count_complaint(session, sent, now)
    return Outcome.COMPLAINT


def _count_complaint(session: Session, sent: Sent, now: datetime) -> None:
    """For the pool that the mail came from: the account's, else the shared one that takes the recipient's mail now."""
    pool_id = ip_pools.pool_of(session, account_id=sent.account_id)
    if pool_id is None:
        ordered = in_order(sent.address, ip_pools.shared_addresses(session))
        pool_id = ordered[0].pool_id if ordered else None
    if pool_id is not None:
        provider = provider_of_mailboxes(sent.address.rpartition("@")[2].lower())
        ip_pool_use.add_figures(session, {(pool_id, now.date(), provider): {"complaints": 1}})


def _proved(reading: Reading, return_path_keys: Sequence[bytes], link_keys: Sequence[bytes]) -> UUID | None:
    """The message that a signed return path or unsubscribe link in the mail names."""
    for address in reading.addresses:
        for kind in verp.Kind:
            if (message_id := verp.decode(address, return_path_keys, kind)) is not None:
                return message_id
    for token in reading.tokens:
        if (found := tokens.read(token, list(link_keys), TokenKind.UNSUBSCRIBE)) is not None:
            return found.message_id
    return None


def _unsubscribe(session: Session, mail: Mail, now: datetime) -> Outcome:
    sent = late_news.message(session, mail.message_id) if mail.message_id else None
    if sent is None:
        return _wait(session, mail, now)
    received_mails.forget(session, mail.mail_id)
    late_news.unsubscribed(session, sent, now)
    return Outcome.UNSUBSCRIBE


def _wait(session: Session, mail: Mail, now: datetime) -> Outcome:
    if mail.tries >= MOST_TRIES:
        received_mails.forget(session, mail.mail_id)
        return Outcome.STRAY
    received_mails.put_off(session, mail.mail_id, until=now + timedelta(minutes=2 ** (mail.tries - 1)))
    return Outcome.WAITS


def _leave_unread(session: Session, mail: Mail) -> Outcome:
    sent = late_news.message(session, mail.message_id) if mail.message_id else None
    if sent is not None and sent.is_erased:
        received_mails.forget(session, mail.mail_id)
    else:
        received_mails.keep_unread(session, mail.mail_id, account_id=sent.account_id if sent else None)
    return Outcome.UNREAD
