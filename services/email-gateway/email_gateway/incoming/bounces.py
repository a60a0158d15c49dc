"""What a bounce says of one message: a report (RFC 3464), or the words of the programs that write none.

Every return path names one message to one address, so only the reason is looked for, never the recipient.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.message import Message
from typing import NamedTuple

from email_gateway.incoming.parts import Part, fields, header
from email_gateway.smtp.replies import Reply

# The reply of a mail server as it is quoted: `550 5.1.1 …`, `550-5.1.1 …`, `#5.1.1`.
_REPLY = re.compile(
    r"(?<![\d.\-+/:@])([45]\d\d)(?:[ \-#:]{1,3}|(?=\())\(?#?(?:([45]\.\d{1,3}\.\d{1,3})\b\)?[ :;\-]*)?(\S.*)", re.DOTALL
)
_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_DAEMON = re.compile(
    r"\b(mailer-?daemon|postmaster|mail[-_. ]?(delivery|system|administrator)|mdaemon|mmdf)"
    r"|\b(delivery|system)[ -](sub|admin)",
    re.IGNORECASE,
)
# What the programs write that send no report, and what stands before the copy of the mail that they return.
_FAILED = re.compile(
    r"this is the qmail-send program"  # qmail
    r"|this message was created automatically by (the )?(mail|smtp) delivery (software|system)"  # Exim
    r"|delivery to the following recipients? (has |have )?(been )?failed"  # Gmail before 2016, Exchange, Lotus
    r"|following (address|recipient)s?(\(es\))? (had|failed|did not)"  # Sendmail, Exim, Exchange 5.5
    r"|(could|can)( ?not|n.t) (be )?(deliver|reach|sen[dt])|(not|n.t) able to deliver"  # Postfix, Gmail, Yahoo
    r"|was (automatically )?rejected|({who} unknown|(no such|unknown) {who}|{who} not found)"  # Dovecot, MDaemon
    r"|(was|were|been) undeliverable|undeliver(able|ed)|(delivery|mail) (has )?failed|failure notice|not delivered"
    r"|unable to deliver|returned (mail|to sender)|delivery (status notification|error|failure|problem)"
    r"|did not reach the following|wasn.t (delivered|found)|couldn.t be found"  # Exchange
    r"|non remis|nicht zugestellt|unzustellbar|no se ha podido entregar"
    r"|nie (zosta.a|mog.a|mo.na).{0,40}dor.cz|niedostarczon|zwrot"
    r"|не (может быть|было|был) доставлен".replace("{who}", "(?:user|recipient|mailbox)"),
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"(has not yet|not yet been) (been )?delivered|delivery (of .{0,80})?(is |has been |was )?delayed"
    r"|still (trying|being tried)"
    r"|will (continue|keep) (trying|to try)|you do not need to (resend|send)|temporarily (deferred|undelivered)"
    r"|warning: (message|could not send)|delivery attempts will (be continued|continue)",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"^-{2,}.{0,10}(below this line is a copy|original message|this is a copy|message header|unsent message|"
    r"the header|returned message|copy of)|^(return-path|received):"
    r"|^original (message|mail) (headers?|follows)|^----- ?message",
    re.IGNORECASE | re.MULTILINE,
)
_OF_ADDRESS = re.compile(r"^\s{0,4}<[^<>\s]+@[^<>\s]+>:\s+(?=\S)", re.MULTILINE)  # qmail, SurgeMail: then the reason
_MOST_REASON = 500


class Reason(NamedTuple):
    """:param action: failed, delayed, delivered, relayed or expanded.
    :param is_quoted: the words are those of the server that was asked, not of the one that tells."""

    action: str
    reply: Reply
    is_quoted: bool = False


def reason_of_report(parts: Sequence[Part]) -> Reason | None:
    """What a report says; None: the mail has none."""
    for part in parts:
        if part.kind == "message/delivery-status" and not part.is_enclosed:
            blocks = _blocks(part)
            told = [block for block in blocks if "action" in block or "status" in block]
            failed = [block for block in told if _action(block) == "failed"]
            for block in failed or told:
                return Reason(_action(block), _reply_of_block(block, parts), _quotes_another(block))
    return None


def _quotes_another(block: dict[str, str]) -> bool:
    return bool(block.get("remote-mta")) and block.get("diagnostic-code", "").lower().startswith("smtp")


def _blocks(part: Part) -> list[dict[str, str]]:
    """Some programs send the report in base64; then its parser has found one block of nonsense in it."""
    inside = part.message.get_payload()
    if not isinstance(inside, list):
        return fields(part.text)
    found: list[dict[str, str]] = []
    for block in inside:
        if isinstance(block, Message):
            found.append({name.lower(): header(block, name) for name in block})
            rest = block.get_payload()
            found += fields(rest) if isinstance(rest, str) else []
    return found


def _action(block: dict[str, str]) -> str:
    action = re.split(r"[\s;(]", block.get("action", "").strip().lower(), maxsplit=1)[0]
    if action in ("failed", "delayed", "delivered", "relayed", "expanded"):
        return action
    return "failed" if action.startswith(("fail", "error")) or block.get("status", "").startswith("5") else "delayed"


def _reply_of_block(block: dict[str, str], parts: Sequence[Part]) -> Reply:
    said = block.get("diagnostic-code", "")
    kind, _, rest = said.partition(";")
    text = (rest if re.fullmatch(r"\s*[\w\-]+\s*", kind) and rest else said).strip()
    status = _ENHANCED.search(block.get("status", ""))
    words = text or block.get("x-display-name", "")
    if not text:  # Exchange 2003 and Domino have only the status, and say why for people
        words = next((reason for part in parts if (reason := _first_words(part))), words)
    return reply(words, status=status[1] if status else None)


def _first_words(part: Part) -> str:
    return before_copy(part.text)[:_MOST_REASON] if part.kind.startswith("text/") and not part.is_enclosed else ""


def reply(words: str, *, status: str | None) -> Reply:
    """What a server is quoted as saying.

    :param status: the enhanced code that stands beside it; what the server itself gave wins, if it says more.
    """
    found = _REPLY.search(words)
    text = " ".join((found[3] if found else words).split())[:_MOST_REASON]
    enhanced = found[2] if found else None
    if enhanced is None and (quoted := _ENHANCED.search(words)) is not None and quoted[1][0] != "2":
        enhanced = quoted[1]
    if status is not None and (enhanced is None or enhanced.endswith(".0.0")):
        enhanced = status
    if enhanced is not None and enhanced.endswith(".0.0"):
        enhanced = None
    code = int(found[1]) if found else 450 if (enhanced or status or "5").startswith("4") else 550
    if enhanced is not None and enhanced[0] != str(code)[0]:
        enhanced = None
    return Reply(code, text, enhanced, (text,))


def reason_in_words(mail: Message, parts: Sequence[Part]) -> Reason | None:
    """The same of a mail without a report; None: it is no bounce that anybody understands.

    Where no server is quoted, what stands right after the words that tell of a failure is the reason: further down may
    be the mail itself, and what it says of somebody's account is no matter of ours.
    """
    texts = [part.text for part in parts if part.kind.startswith("text/") and not part.is_enclosed]
    subject, said = header(mail, "Subject"), "\n".join(map(before_copy, texts))
    is_delay = any(_DELAYED.search(each) for each in (subject, said))
    failed = _FAILED.search(said)
    if not is_delay and failed is None and _FAILED.search(subject) is None:
        return None
    said_by_it = reply(_quoted(said, failed.start() if failed else 0), status=None)
    return Reason("delayed" if is_delay else "failed", said_by_it)


def is_of_a_server(mail: Message) -> bool:
    """By its author's name, or as a program's that fails a mail by name (Exim, old Gmail)."""
    return any(_DAEMON.search(header(mail, name)) for name in ("From", "Sender", "Return-Path")) or bool(
        mail.get("X-Failed-Recipients")
    )


def before_copy(text: str) -> str:
    """Without the copy of the mail that is returned."""
    found = _COPY.search(text)
    return text[: found.start()] if found else text


def _quoted(said: str, start: int) -> str:
    """Where a server is quoted, its line and the next ones; else what stands from `start` on."""
    for line in re.finditer(r"^.*$", said, re.MULTILINE):
        if _REPLY.search(line[0]):
            return said[line.start() : line.start() + _MOST_REASON]
    if (named := _OF_ADDRESS.search(said)) is not None:
        start = named.end()
    # "Returned to sender" is said of every mail, and of no sender.
    return re.sub(r"\s+|return\w* (mail |message )?to (the )?sender", " ", said[start:]).strip()[: 2 * _MOST_REASON]
