"""A mail as a partner's server handed it in, read once: what is wrong with it, whom it is from, and what is kept of it.

It is read strictly. What two readers could understand in two ways (a second From, a bare line end) is refused: it would
be signed in our name.
"""

from __future__ import annotations

import email.policy
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.headerregistry import Address
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from email_gateway.content import dkim, mime
from email_gateway.content.submitted import Malformed, ensure_once, headers_of, rewritten
from email_gateway.domain.needs import NOTHING, Needs

MOST_LINE = 998  # RFC 5321, section 4.5.3.1.6
MOST_HEAD = 64 * 1024
MOST_HOPS = 30
MOST_FROM, MOST_SUBJECT = 1_000, 2_000  # octets that are parsed: Python's parser takes the square of them
SUBJECT_KEPT = 200
MOST_TRACKED = 256 * 1024  # octets of a mail whose links are recorded: each of its copies is made and held by itself
AUTHORS_KEPT = 10_000  # a server writes one From in nearly all of its mails
_FOLD = re.compile(r"\r\n(?=[ \t])")


class NotAccepted(Exception):
    """What the octets themselves say against the mail: code, enhanced code and a text (RFC 5321, RFC 3463)."""

    def __init__(self, code: int, enhanced: str, text: str) -> None:
        super().__init__(text)
        self.code, self.enhanced, self.text = code, enhanced, text


class Tracks(NamedTuple):
    """What is recorded of a mail."""

    clicks: bool = False
    opens: bool = False


NOTHING_TRACKED = Tracks()


@dataclass(frozen=True, slots=True)
class Mail:
    """`octets` as they leave, but for a signature before them; `digest` is theirs."""

    from_email: str
    from_name: str
    subject: str
    octets: bytes = field(repr=False)
    digest: str
    head: int
    body_hash: str
    needs: Needs

    def document(self, account_id: UUID, tracks: Tracks = NOTHING_TRACKED) -> dict[str, Any]:
        """The content of its messages, in the place of what is prepared from templates."""
        is_tracked = any(tracks) and len(self.octets) <= MOST_TRACKED
        return {
            "v": 1,
            "account_id": str(account_id),
            "kind": "submitted",
            "from_email": self.from_email,
            "from_name": self.from_name,
            "subject": self.subject,
            "html": "",
            "text": "",
            "mail": {
                "blob": self.digest,
                "size": len(self.octets),
                "head": self.head,
                "body_hash": self.body_hash,
                "needs": int(self.needs),
                **({"tracks": tracks._asdict()} if is_tracked else {}),
            },
        }


def ensure_lines(octets: bytes) -> None:
    """:raises NotAccepted: bare line ends, NUL, or a line that no server has to take."""
    ends = octets.count(b"\r\n")
    if octets.count(b"\n") != ends or octets.count(b"\r") != ends:
        raise NotAccepted(550, "5.6.0", "bare CR or LF in the message; lines end with CRLF")
    if b"\0" in octets:
        raise NotAccepted(550, "5.6.0", "NUL in the message")
    if has_long_line(octets):
        raise NotAccepted(550, "5.6.0", f"a line of more than {MOST_LINE} octets")


def has_long_line(octets: bytes) -> bool:
    """Whether there are more than `MOST_LINE` octets and a CR without a line feed; looked at a thousand at a time."""
    width, place = MOST_LINE + 2, 0
    while len(octets) - place >= width:
        last = octets.rfind(b"\n", place, place + width)
        if last < 0:
            return True
        place = last + 1
    return False


def read(octets: bytes, *, account_id: UUID, received: bytes, trace: str, at: int, says_utf8: bool) -> Mail:
    """The mail that was handed in.

    :param received: value of the Received header that tells of its coming to us.
    :param trace: names the submission, in ASCII. :param at: Unix seconds. :param says_utf8: SMTPUTF8 was asked for.
    :raises NotAccepted: it cannot be sent as it is.
    """
    ensure_lines(octets)
    head, body = _halves(octets)
    try:
        headers = headers_of(head)
        ensure_once(headers)
    except Malformed as error:
        raise NotAccepted(550, "5.6.0", str(error)) from None
    if not head.isascii() and not says_utf8:
        raise NotAccepted(550, "5.6.7", "headers with other than ASCII characters need SMTPUTF8 or encoded words")
    if sum(name.lower() == b"received" for name, _ in headers) > MOST_HOPS:
        raise NotAccepted(554, "5.4.6", "the mail goes round in circles")
    author = _author(headers)
    feedback = b"single:%s:smtp:wici" % account_id.hex.encode("ascii")
    added = [(b"Received", received), (b"Feedback-ID", feedback)]
    message_id = b" <%s@%s>" % (trace.encode("ascii"), author.domain.encode("ascii"))
    kept = rewritten(headers, added, [(b"Date", b" " + mime.date(at)), (b"Message-ID", message_id)])
    whole = kept + b"\r\n" + body
    needs = NOTHING
    if not whole.isascii():
        needs |= Needs.EIGHT_BIT
    if not kept.isascii():
        needs |= Needs.UTF8
    return Mail(
        from_email=author.addr_spec,
        from_name=mime.clean(author.display_name)[:200],
        subject=_subject(headers),
        octets=whole,
        digest=hashlib.sha256(whole).hexdigest(),
        head=len(kept),
        body_hash=dkim.body_hash(body).decode("ascii"),
        needs=needs,
    )


def may_have_files(octets: bytes) -> bool:
    """False where there is one text alone: nothing says of what kind it is, or where it belongs."""
    return b"content-type:" in (lowered := octets.lower()) or b"content-disposition:" in lowered


def _halves(octets: bytes) -> tuple[bytes, bytes]:
    """Head with its last line end, and body."""
    if octets.startswith(b"\r\n"):
        raise NotAccepted(550, "5.6.0", "the message has no head")
    end = octets.find(b"\r\n\r\n")
    head, body = (octets, b"") if end < 0 else (octets[: end + 2], octets[end + 4 :])
    if len(head) > MOST_HEAD:
        raise NotAccepted(552, "5.3.4", f"a head of more than {MOST_HEAD} octets")
    return head, body


def _author(headers: Sequence[dkim.Header]) -> Address:
    """The one mailbox in From; a domain in ASCII. :raises NotAccepted: it does not name one, or not clearly."""
    (value,) = [value for name, value in headers if name.lower() == b"from"]
    if len(value) > MOST_FROM:
        raise NotAccepted(550, "5.6.0", f"a From header of more than {MOST_FROM} octets")
    return _author_in(value)


@lru_cache(maxsize=AUTHORS_KEPT)
def _author_in(value: bytes) -> Address:
    """:raises NotAccepted: as `_author` says; a refusal is not kept."""
    try:
        parsed: Any = email.policy.default.header_factory("From", _unfolded(value))
        addresses, defects = list(parsed.addresses), list(parsed.defects)
    except Exception:
        raise NotAccepted(550, "5.6.0", "the From header cannot be read") from None
    if len(addresses) != 1 or defects or not addresses[0].domain or not addresses[0].addr_spec.isascii():
        raise NotAccepted(550, "5.6.0", "the From header has to name one mailbox, in ASCII")
    author = addresses[0]
    if value.count(b"<") > 1 or value.count(b"@") != _ats(author):
        raise NotAccepted(550, "5.6.0", "the From header has to name one mailbox, and nothing like another")
    return author  # type: ignore[no-any-return]


def _ats(author: Address) -> int:
    """How many @ there may be: one, and those of an encoded or quoted name are none of a reader's addresses."""
    return 1 + author.display_name.count("@")


def _subject(headers: Sequence[dkim.Header]) -> str:
    value = next((value for name, value in headers if name.lower() == b"subject"), b"")[:MOST_SUBJECT]
    try:
        shown = (
            _unfolded(value)
            if is_plain(value)
            else str(email.policy.default.header_factory("Subject", _unfolded(value)))
        )
    except Exception:
        return ""
    return mime.clean(shown).encode("utf-8", "replace").decode()[:SUBJECT_KEPT]


def is_plain(value: bytes) -> bool:
    """Whether a text says what it says: it is printable ASCII, and no word of it is encoded."""
    return b"=?" not in value and value.isascii() and value.decode("ascii").isprintable()


def _unfolded(value: bytes) -> str:
    return _FOLD.sub("", value.decode("utf-8", "replace")).strip()
