"""What became of an attempt, in the words that whoever sends may read.

A recipient's server speaks to who sends, so its reply is told. Our own smarthost speaks to its operator: its replies
name hosts, networks and accounts that are nobody else's business, so that only what they mean is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from email_gateway.domain.retrying import Result
from email_gateway.smtp.peers import ConnectFailed, NotPublic
from email_gateway.smtp.replies import Reply
from email_gateway.smtp.verdicts import REFUSALS, RESULT_OF, About, Stage, about, judged, tell_once

MEANINGS: Mapping[About, str] = {
    About.PERSON: "there is no such mailbox",
    About.MAILBOX: "the mailbox takes nothing now",
    About.HOST: "the recipient's server cannot take it",
    About.SENDER: "the sender was refused",
    About.CONTENT: "the content was refused",
    About.LOAD: "it was too much at once",
    About.UNKNOWN: "the outgoing mail server did not take it",
}
SMARTHOST_ENDED = "the connection to the outgoing mail server ended"
SMARTHOST_ACCEPTED = "accepted by the outgoing mail server"
_RELAY_REFUSES = "the outgoing mail server does not take our mail now"

# RFC 4954 section 6: authentication is missing, too weak or wrong.
_AUTHENTICATION = frozenset({530, 534, 535, 538})
_RELAYING = re.compile(
    r"\brelay|\bauthenticat(ion|e)\b|\bmust (first )?(issue|log ?in)|\bcredentials\b|\byour account\b"
    r"|\bsending (is )?suspended",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """:param ends_as: what a message whose `result` is `RETRY` ends as where the same is said again and again."""

    result: Result
    code: str
    detail: str
    is_block: bool = False  # it speaks of the address that the mail came from
    provider: str = ""  # whose hosts were asked; empty: nobody's
    is_of_mailbox: bool = False  # the mailbox takes nothing now
    peer: str = ""  # the host that answered; empty: nobody was asked, or our own smarthost
    ends_as: Result | None = None


def hope(failure: ConnectFailed) -> int:
    """Of a destination's hosts that with the most counts: one may be back; what refuses has at least answered."""
    return 0 if isinstance(failure, NotPublic) else 1 if failure.permanent else 2


def of_host(failure: ConnectFailed, provider: str) -> Outcome:
    """No host of a destination took the connection.

    A 5xx before MAIL is an end (RFC 5321 section 4.2.1, RFC 7504), though none that is believed at once: servers
    say it while they are being repaired. What speaks of the load, or of an address of ours, passes.
    """
    passes = not failure.permanent or failure.is_block or failure.about is About.LOAD
    ends_as = None if passes else RESULT_OF[failure.about]
    return Outcome(
        Result.RETRY, failure.code, failure.detail, failure.is_block, provider, peer=failure.host, ends_as=ends_as
    )


def of_smarthost(stage: Stage, reply: Reply) -> Outcome:
    """What our own smarthost answered to a message.

    Where it refuses us, and not this mail (its password is wrong, it does not relay for us), its operator has to act:
    the mail waits in the retry schedule.
    """
    if reply.accepts:
        return Outcome(Result.DELIVERED, reply.status, SMARTHOST_ACCEPTED)
    if _refuses_us(stage, reply):
        REFUSALS.labels("smarthost", About.SENDER).inc()
        tell_once("smarthost_refuses", stage, reply)
        return Outcome(Result.RETRY, reply.status, _RELAY_REFUSES)
    of = about(stage, reply)
    return Outcome(judged(stage, reply), reply.status, MEANINGS[of], is_of_mailbox=of is About.MAILBOX)


def _refuses_us(stage: Stage, reply: Reply) -> bool:
    if reply.code < 500:
        return False
    return reply.code in _AUTHENTICATION or (
        about(stage, reply) in (About.SENDER, About.UNKNOWN) and _RELAYING.search(reply.text) is not None
    )
