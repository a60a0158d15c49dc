"""What a refusal means (RFC 5321, RFC 3463): of whom it speaks, and what follows for the message.

Only a reply that says that the person does not exist is hard, for a hard bounce archives the address, and the person
gets no campaign any more. A refusal of the sender, the content or the load says nothing of the person, nor does one
that nobody understands. What a server says before MAIL (greeting, EHLO, STARTTLS, AUTH) ends the connection and sends
the message to the retry schedule; where all hosts say 5xx again and again, that is its end. Which words speak of whom
stands in `refusals.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

from prometheus_client import Counter

from chassis.logs import get_logger
from email_gateway.domain.retrying import Result
from email_gateway.smtp.replies import Reply


class Stage(StrEnum):
    """What a reply answers; `CONNECT` is the greeting, `EHLO` all that follows before MAIL, `BODY` the final dot."""

    CONNECT = "connect"
    EHLO = "ehlo"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    RSET = "rset"


class About(StrEnum):
    """Of whom or what a refusal speaks."""

    PERSON = "person"  # there is no such person
    MAILBOX = "mailbox"  # there is, and takes nothing now
    HOST = "host"  # their server takes no mail, or not of this kind, from anybody
    SENDER = "sender"  # who we are: address, server, signature, reputation
    CONTENT = "content"
    LOAD = "load"  # too much at once
    UNKNOWN = "unknown"


_BEFORE = frozenset({Stage.CONNECT, Stage.EHLO})

RESULT_OF: Mapping[About, Result] = {
    About.PERSON: Result.HARD,
    About.MAILBOX: Result.SOFT,
    About.HOST: Result.SOFT,
    About.SENDER: Result.SPAM,
    About.CONTENT: Result.SPAM,
    About.LOAD: Result.SOFT,
    About.UNKNOWN: Result.SOFT,
}


@dataclass(frozen=True)
class Rule:
    """Speaks of `about` where everything that is given fits; `example` is a reply with the stage that it answers."""

    name: str
    about: About
    source: str
    example: tuple[Stage, str]
    stages: frozenset[Stage] = frozenset(Stage)
    statuses: tuple[str, ...] = ()
    words: re.Pattern[str] | None = None
    blocks: bool = False

    def fits(self, stage: Stage, status: str, text: str) -> bool:
        return (
            stage in self.stages
            and (not self.statuses or any(_begins(status, start) for start in self.statuses))
            and (self.words is None or self.words.search(text) is not None)
        )


def _begins(status: str, start: str) -> bool:
    return status.startswith(start) if start.endswith(".") else status == start


# In the text addresses count for nothing (`<abuse@example.com>: user unknown`).
_ADDRESS = re.compile(r"<[^<>\s]*@[^<>\s]*>|[^\s<>\"'()]+@[^\s<>\"'()]+")
_WHO = r"(?:user|recipient|mailbox|account|address|addressee|person|alias)"
_OF_MESSAGE = frozenset({Stage.RCPT, Stage.DATA, Stage.BODY})


def _rules() -> tuple[Rule, ...]:
    """Those of `refusals.toml`, in its order."""
    written = tomllib.loads((resources.files("email_gateway.smtp") / "refusals.toml").read_text("utf-8"))
    return tuple(_rule(**each) for each in written["rule"])


def _rule(
    *, name: str, about: str, source: str, example: Sequence[str],
    stages: Sequence[str] = (), statuses: Sequence[str] = (), words: Sequence[str] = (), blocks: bool = False,
) -> Rule:  # fmt: skip
    of_message = _OF_MESSAGE if "message" in stages else frozenset()
    return Rule(
        name,
        About(about),
        source,
        (Stage(example[0]), example[1]),
        of_message | {Stage(stage) for stage in stages if stage != "message"} or frozenset(Stage),
        tuple(statuses),
        re.compile("|".join(words).replace("{who}", _WHO), re.IGNORECASE) if words else None,
        blocks,
    )


RULES = _rules()
REFUSALS = Counter("wici_email_refusals_total", "Refusals by the rule that knew what they mean", ["rule", "about"])
UNKNOWN = "unknown"

MOST_TOLD = 1000
_told: set[str] = set()

log = get_logger()


def rule_of(stage: Stage, reply: Reply) -> Rule | None:
    """The rule that says what a refusal means; None: nobody knows."""
    status, text = reply.enhanced or "", _ADDRESS.sub(" ", reply.text)
    return next((rule for rule in RULES if rule.fits(stage, status, text)), None)


def about(stage: Stage, reply: Reply) -> About:
    """Of whom a refusal speaks."""
    rule = rule_of(stage, reply)
    return rule.about if rule else About.UNKNOWN


def is_block(stage: Stage, reply: Reply) -> bool:
    """Whether a refusal is one of the address that it was said to, whatever comes from there."""
    rule = None if reply.accepts else rule_of(stage, reply)
    return rule is not None and rule.blocks


def verdict(stage: Stage, reply: Reply) -> Result:
    """What the final reply to a message means; `stage` says which command it answers. 4xx is tried again."""
    if reply.accepts:
        return Result.DELIVERED
    return Result.RETRY if reply.code < 500 or stage in _BEFORE else RESULT_OF[about(stage, reply)]


def judged(stage: Stage, reply: Reply) -> Result:
    """The verdict; a final refusal is counted by its rule, and one that no rule knows is told to whoever keeps them."""
    if reply.code >= 500:
        rule = rule_of(stage, reply)
        REFUSALS.labels(rule.name if rule else UNKNOWN, rule.about if rule else About.UNKNOWN).inc()
        if rule is None:
            tell_once("refusal_unknown", stage, reply)
    return verdict(stage, reply)


def said_later(reply: Reply) -> tuple[Result, About]:
    """What a failure that was told of afterwards means: the far server's reply, which answered RCPT or the message.

    The server that told of it has given up, so that nothing is tried again; but what was said with a 4xx says at most
    that the mailbox, the load or the sender was in the way, never that nobody is there.
    """
    rule = rule_of(Stage.RCPT, reply)
    of = rule.about if rule else About.UNKNOWN
    result = RESULT_OF[of]
    return (Result.SOFT if result is Result.HARD and reply.code < 500 else result), of


def judged_later(reply: Reply) -> tuple[Result, About]:
    """The same, counted by its rule and told of as `judged` does."""
    rule = rule_of(Stage.RCPT, reply)
    REFUSALS.labels(rule.name if rule else UNKNOWN, rule.about if rule else About.UNKNOWN).inc()
    if rule is None:
        tell_once("refusal_unknown", Stage.RCPT, reply)
    return said_later(reply)


def tell_once(event: str, stage: Stage, reply: Reply) -> None:
    """Log it, once for each wording: a server that refuses everything says it a thousand times."""
    text = _ADDRESS.sub("<address>", reply.text)[:200]
    shape = f"{event} {stage} {reply.status} {re.sub(r'[0-9a-f]*[0-9][0-9a-f]*', '#', text)}"
    if shape not in _told:
        if len(_told) >= MOST_TOLD:
            _told.clear()
        _told.add(shape)
        log.warning(event, stage=stage, code=reply.code, status=reply.status, text=text)
