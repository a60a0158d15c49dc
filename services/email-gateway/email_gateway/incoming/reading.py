"""What a mail that came in says. Runs in a process of its own: a parser is no match for every mail that there is.

Auto-replies (RFC 3834: "I am on holiday until Monday", also where they say that somebody has left the company) are told
apart from bounces and mean nothing: a program of the person's own says them, not the server that knows who exists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum

from email_gateway.domain.dmarc import DmarcReport
from email_gateway.incoming import bounces, complaints, dmarc
from email_gateway.incoming.parts import TooIntricate, header, parse, parts_of
from email_gateway.smtp.replies import Reply

MOST_CALLED = 200
MOST_WITH_REPORT = 4 << 20
_SUBJECT = re.compile(
    r"^\W*((auto(matic|mated|matyczna)?[\s\-]?(reply|response|respond|odpowied|answer)|automatische? (antwort|afwezig))"
    r"|out of (the )?office|odpowied\S{1,2} automatyczna|autoodpowied|nieobecno|abwesenheit|r.ponse automatique"
    r"|respuesta autom|risposta automatica|vacation|on holiday|absence)",
    re.IGNORECASE,
)


class Said(StrEnum):
    """What a mail says."""

    FAILED = "failed"
    DELAYED = "delayed"  # or handed on: nothing is known of its end
    AUTO_REPLY = "auto_reply"
    COMPLAINT = "complaint"
    OTHER_FEEDBACK = "other_feedback"  # a feedback report in which nobody complains
    DMARC = "dmarc_report"
    UNREAD = "unread"


@dataclass(frozen=True)
class Reading:
    """:param reply: of a failure, why. :param addresses: of a complaint, local parts of return paths in it.
    :param tokens: and unsubscribe tokens; neither is verified.
    :param is_quoted: `reply` is of the server that was asked, not of the one that tells."""

    said: Said
    reply: Reply | None = None
    addresses: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    report: DmarcReport | None = None
    is_quoted: bool = False


def read_dmarc(octets: bytes) -> Reading:
    """The aggregate report in the mail."""
    try:
        report = dmarc.report_in(parts_of(parse(octets, MOST_WITH_REPORT)))
    except TooIntricate:
        report = None
    return Reading(Said.UNREAD if report is None else Said.DMARC, report=report)


def read(octets: bytes, has_null_sender: bool = False, is_dmarc: bool = False) -> Reading:
    """What the mail says, whatever address it came to.

    :param has_null_sender: its return path is `<>`, as of all that servers write, and of many auto-replies.
    :param is_dmarc: it came to the address for DMARC reports.
    """
    if is_dmarc:
        return read_dmarc(octets)
    try:
        mail = parse(octets)
    except TooIntricate:
        return Reading(Said.UNREAD)
    parts = parts_of(mail)
    complains = complaints.is_complaint(mail, parts)
    if complains is not None:
        addresses, tokens = complaints.marks(parts)
        return Reading(
            Said.COMPLAINT if complains else Said.OTHER_FEEDBACK, addresses=tuple(addresses), tokens=tuple(tokens)
        )
    told = bounces.reason_of_report(parts)
    if told is None:
        is_of_a_server = bounces.is_of_a_server(mail)
        if is_auto_reply(mail, is_of_a_server=is_of_a_server):
            return Reading(Said.AUTO_REPLY)
        told = bounces.reason_in_words(mail, parts) if is_of_a_server or has_null_sender else None
    if told is None:
        return Reading(Said.UNREAD)
    said = Said.FAILED if told.action == "failed" else Said.DELAYED
    return Reading(said, told.reply, is_quoted=told.is_quoted)


def is_auto_reply(mail: Message, *, is_of_a_server: bool) -> bool:
    """By RFC 3834 section 5, or as the programs say it that do not know it. For mails without a delivery report."""
    if _SUBJECT.search(header(mail, "Subject")[:MOST_CALLED]):
        return True
    if is_of_a_server:  # whose bounces are auto-replied, too
        return False
    named = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply", "X-Vacation")
    return (
        header(mail, "Auto-Submitted").lower().startswith("auto-replied")
        or any(mail.get(name) for name in named)
        or header(mail, "Precedence").lower() == "auto_reply"
    )
