"""What a refusal means (RFC 5321, RFC 3463): of whom it speaks, and what follows for the message.

Only a reply that says that the person does not exist is hard, for a hard bounce archives the address, and the person
gets no campaign any more. A refusal of the sender, the content or the load says nothing of the person, nor does one
that nobody understands. What a server says before MAIL (greeting, EHLO, STARTTLS, AUTH) ends the connection and sends
the message to the retry schedule, whatever its words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from email_gateway.domain.retrying import Result
from email_gateway.smtp.replies import Reply


class Stage(StrEnum):
    """What a reply answers; `BODY` is the final dot."""

    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    RSET = "rset"


class About(StrEnum):
    """Of whom or what a refusal speaks."""

    PERSON = "person"  # there is no such person
    MAILBOX = "mailbox"  # there is, and takes nothing now
    SENDER = "sender"  # who we are: address, server, signature, reputation
    CONTENT = "content"
    LOAD = "load"  # too much at once
    UNKNOWN = "unknown"


RESULT_OF: Mapping[About, Result] = {
    About.PERSON: Result.HARD,
    About.MAILBOX: Result.SOFT,
    About.SENDER: Result.SPAM,
    About.CONTENT: Result.SPAM,
    About.LOAD: Result.SOFT,
    About.UNKNOWN: Result.SOFT,
}


@dataclass(frozen=True)
class Rule:
    """Speaks of `about` where everything that is given fits; `example` is a reply with the stage that it answers.

    :param statuses: beginnings of the enhanced code, each ended by a dot or complete.
    :param words: found in the text, in which addresses count for nothing (`<abuse@example.com>: user unknown`).
    """

    about: About
    source: str
    example: tuple[Stage, str]
    stages: frozenset[Stage] = frozenset(Stage)
    statuses: tuple[str, ...] = ()
    words: re.Pattern[str] | None = None

    def fits(self, stage: Stage, status: str, text: str) -> bool:
        return (
            stage in self.stages
            and (not self.statuses or any(_begins(status, start) for start in self.statuses))
            and (self.words is None or self.words.search(text) is not None)
        )


def _begins(status: str, start: str) -> bool:
    return status.startswith(start) if start.endswith(".") else status == start


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


_ADDRESS = re.compile(r"<[^<>\s]*@[^<>\s]*>|[^\s<>\"'()]+@[^\s<>\"'()]+")
_WHO = r"(?:user|recipient|mailbox|account|address|addressee|person|alias)"
_OF_MESSAGE = frozenset({Stage.RCPT, Stage.DATA, Stage.BODY})

# The first rule that fits decides. What says that nobody is spoken of stands above what archives a person.
RULES: tuple[Rule, ...] = (
    Rule(
        About.LOAD,
        "Gmail SMTP errors (5.2.1, 5.7.28); Postfix anvil",
        (Stage.RCPT, "550 too many messages from your IP"),
        words=_words(
            r"too (many|much|fast|quickly|frequent)", r"rate.?limit", r"limit exceeded", r"throttl", r"at a rate"
        ),
    ),
    Rule(
        About.SENDER,
        "RFC 3463 5.1.7, 5.1.8; Postfix reject_unknown_sender_domain",
        (Stage.MAIL, "550 5.1.8 <a@b.example>: Sender address rejected: Domain not found"),
        statuses=("5.1.7", "5.1.8"),
    ),
    Rule(
        About.CONTENT,
        "RFC 3463 5.7.x: security and policy; the mailbox simulator",
        (Stage.BODY, "550 5.7.1 Message rejected as spam"),
        statuses=("5.7.",),
        words=_words(r"\b(spam|content|virus|malware|phish|unsolicited|bulk)"),
    ),
    Rule(
        About.SENDER,
        "RFC 3463 and RFC 7372 5.7.x; Gmail 5.7.26; Exchange 5.7.1",
        (Stage.BODY, "550 5.7.26 Unauthenticated sender"),
        statuses=("5.7.",),
    ),
    Rule(
        About.SENDER,
        "Exim sender verify; Gmail 5.7.25 and GMX without an enhanced code",
        (Stage.RCPT, "550 IP address has no PTR record; reverse DNS does not exist"),
        words=_words(
            r"\bsender\b",
            r"\bfrom (address|domain|header)",
            r"\b(mail|envelope|return|reply).?(from|path)\b",
            r"\b[rf]?c?rdns\b|\breverse\b|\bptr\b|\b(helo|ehlo)\b",
            r"\byour (ip|host|server|domain|network|address|helo)",
            r"\b(client|sending|remote) (host|server|ip|domain|address)",
            r"\b(spf|dkim|dmarc|arc|unauthenticated|authentication|not authenticated)\b",
            r"\b(mx|a/aaaa|dns) .{0,20}record",
            r"\brelay",
        ),
    ),
    Rule(
        About.SENDER,
        "Spamhaus and other block lists; Microsoft S3140",
        (Stage.RCPT, "554 Service unavailable; client blocked using zen.spamhaus.org"),
        words=_words(
            r"\b(blocked|banned|block.?list|black.?list|deny.?list|reputation|abuse)",
            r"\b(spamhaus|spamcop|barracuda|surbl|rbl|dnsbl)\b",
            r"\bpolic(y|ies)\b",
        ),
    ),
    Rule(
        About.CONTENT,
        "Onet, WP, o2 and SpamAssassin's milter",
        (Stage.BODY, "554 message looks like spam"),
        words=_words(r"\b(spam|virus|malware|phish|unsolicited|bulk)", r"\b(content|message|mail) (was )?rejected\b"),
    ),
    Rule(
        About.SENDER,
        "RFC 5321 section 3.3: at MAIL no recipient has been named",
        (Stage.MAIL, "550 no"),
        stages=frozenset({Stage.MAIL}),
    ),
    Rule(
        About.PERSON,
        "RFC 3463 and RFC 7505: bad mailbox, system, syntax, moved, null MX",
        (Stage.RCPT, "550 5.1.1 No such user here"),
        stages=_OF_MESSAGE,
        statuses=("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"),
    ),
    Rule(
        About.PERSON,
        "Gmail 5.2.1 DisabledUser; RFC 3463 says of 5.2.1 alone that it may pass",
        (Stage.RCPT, "550 5.2.1 The email account that you tried to reach is inactive"),
        stages=_OF_MESSAGE,
        statuses=("5.2.1",),
        words=_words(r"\b(disabled|inactive|deactivated|closed|deleted)\b"),
    ),
    Rule(
        About.MAILBOX,
        "RFC 3463 5.2.x",
        (Stage.RCPT, "552 5.2.2 mailbox full"),
        statuses=("5.2.",),
    ),
    Rule(
        About.MAILBOX,
        "RFC 5321 552; qmail, Dovecot, Zimbra",
        (Stage.RCPT, "552 user over quota"),
        words=_words(r"\bquota\b", r"\bfull\b", r"\bstorage\b", r"too (large|big)", r"przepe.nion"),
    ),
    Rule(
        About.PERSON,
        "Microsoft 365 directory-based edge blocking",
        (Stage.RCPT, "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)"),
        stages=_OF_MESSAGE,
        statuses=("5.4.1",),
        words=_words(r"recipient address rejected: access denied"),
    ),
    Rule(
        About.PERSON,
        "outlook.com; RFC 5321 550",
        (Stage.RCPT, "550 5.5.0 Requested action not taken: mailbox unavailable"),
        stages=_OF_MESSAGE,
        words=_words(r"\bmailbox (is )?(unavailable|not available)"),
    ),
    Rule(
        About.PERSON,
        "Yahoo SMTP error codes",
        (
            Stage.BODY,
            "554 delivery error: dd This user doesn't have a yahoo.com account (jan@yahoo.com) [0]",
        ),
        stages=_OF_MESSAGE,
        words=_words(r"\buser (doesn.?t|does not) have an? \S+ account"),
    ),
    Rule(
        About.PERSON,
        "Postfix, Exim, qmail, Sendmail, Courier; Polish providers",
        (Stage.RCPT, "550 no such user here"),
        stages=_OF_MESSAGE,
        words=_words(
            rf"no such ({_WHO}|person)|\bno mailbox\b|\bno {_WHO} (here|by that name)",
            rf"\b({_WHO}|local part) (is )?(unknown|invalid)\b",
            rf"\b(unknown|invalid|bad|unrouteable) ({_WHO}|local part)\b",
            rf"\b{_WHO}\b.{{0,60}}((does ?n.?t|does not) exist|not (be )?found|(is )?not (a )?(valid|known)|not local)",
            rf"\b{_WHO} (is |has been )?(disabled|inactive|deactivated|closed|deleted)",
            r"nie istnieje|nieznany (adresat|u.ytkownik|odbiorca)|nie ma takiego (u.ytkownika|adresu|konta)",
        ),
    ),
)


def about(stage: Stage, reply: Reply) -> About:
    """Of whom a refusal speaks."""
    status, text = reply.enhanced or "", _ADDRESS.sub(" ", reply.text)
    return next((rule.about for rule in RULES if rule.fits(stage, status, text)), About.UNKNOWN)


def verdict(stage: Stage, reply: Reply) -> Result:
    """What the final reply to a message means; `stage` says which command it answers. 4xx is tried again."""
    if reply.accepts:
        return Result.DELIVERED
    return Result.RETRY if reply.code < 500 else RESULT_OF[about(stage, reply)]
