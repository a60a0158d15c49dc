"""Complaints by feedback loop: ARF (RFC 5965, as Yahoo and most others send it), and JMRP's older form (Microsoft).

Whom a complaint is about, it proves: by a return path or a way to unsubscribe, which we sign. What is not signed
(a Message-ID, a Feedback-ID) whoever got one mail of a campaign could write down for everybody else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.message import Message

from email_gateway.incoming.parts import Part, fields, header

# Types that say that a person complained (RFC 5965 section 7.3, and opt-out as the first drafts and AOL had it).
COMPLAINING = frozenset({"abuse", "fraud", "opt-out", "opt-out-list", "miscategorized", "complaint"})
MOST_MARKS = 20
_ADDRESS = re.compile(r"\b([bBuU][0-9a-fA-F]{42})@")
_LINK = re.compile(r"/u/([A-Za-z0-9_\-]{100,400})")
_MARKED = ("Return-Path", "List-Unsubscribe", "X-Original-Return-Path", "Sender", "Errors-To")


def is_complaint(mail: Message, parts: Sequence[Part]) -> bool | None:
    """Whether somebody complains; None: it is no feedback report at all."""
    for part in parts:
        if part.kind == "message/feedback-report":
            kind = next((block["feedback-type"] for block in _report(part) if "feedback-type" in block), "")
            return kind.strip().lower() in COMPLAINING
    enclosed = [part.message for part in parts if part.is_enclosed]
    is_jmrp = "staff@hotmail.com" in header(mail, "From").lower() or any(
        message.get("X-HmXmrOriginalRecipient") for message in enclosed
    )
    return True if is_jmrp and enclosed else None


def _report(part: Part) -> list[dict[str, str]]:
    """Whether the parser took it for text, or for a message whose headers are the fields."""
    inside = part.message.get_payload()
    messages = [one for one in inside if isinstance(one, Message)] if isinstance(inside, list) else []
    told = [{name.lower(): header(one, name) for name in one} for one in messages]
    return told or fields(part.text)


def marks(parts: Sequence[Part]) -> tuple[list[str], list[str]]:
    """What may prove which message is meant, not verified: local parts of our addresses, tokens of our links."""
    addresses: list[str] = []
    tokens: list[str] = []
    for part in parts:
        texts = []
        if part.kind == "message/feedback-report":
            texts += [" ".join(block.values()) for block in _report(part)]
        elif part.is_enclosed:
            texts += ["".join(str(part.message.get(name, "")).split()) for name in _MARKED]
        elif part.kind == "text/rfc822-headers":
            blocks = fields(part.text)
            texts += ["".join(block.get(name.lower(), "").split()) for block in blocks for name in _MARKED]
        for text in texts:
            addresses += _ADDRESS.findall(text)
            tokens += _LINK.findall(text)
    return list(dict.fromkeys(addresses))[:MOST_MARKS], list(dict.fromkeys(tokens))[:MOST_MARKS]
