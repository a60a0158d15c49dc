"""A mail that a partner's server wrote: it leaves as it came, under our signature.

Where nothing is recorded of it, not one octet of its body changes, so `simple` canonicalization of the body and the
digest that was made when it was submitted serve for every copy. Of its head, what names nobody but the way that it took
is changed once, at submission (`rewritten`); a signature stands before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from contracts import tokens
from contracts.tokens import Place, TokenKind
from email_gateway.content import dkim, verp
from email_gateway.content.compose import Links, ascii_address
from email_gateway.content.outgoing import Blob, Outgoing
from email_gateway.content.tracked import TrackedBody
from email_gateway.domain.needs import Needs

_HEADER = re.compile(rb"([!-9;-~]+)[ \t]*:(.*(?:\r\n[ \t].*)*)\r\n")
# What is ours to say, or was said to us alone.
_DROPPED = frozenset({b"bcc", b"resent-bcc", b"return-path", b"feedback-id"})
_ONCE = frozenset({b"from", b"sender", b"reply-to", b"to", b"cc", b"date", b"subject", b"message-id"})
MOST_HEADERS = 500
_Sign = Callable[[UUID, UUID | None], str]


class Malformed(Exception):
    """No message by RFC 5322; the text is for whoever wrote the program that sent it."""


def headers_of(head: bytes) -> list[dkim.Header]:
    """Names and values (with their folds) of a head, which ends with a line end.

    :raises Malformed: a line is no header, or there are too many.
    """
    headers: list[dkim.Header] = []
    place = 0
    while place < len(head):
        found = _HEADER.match(head, place)
        if found is None:
            raise Malformed("a line of the head is no header")
        headers.append((found[1], found[2]))
        place = found.end()
        if len(headers) > MOST_HEADERS:
            raise Malformed("the head has too many headers")
    return headers


def ensure_once(headers: Sequence[dkim.Header]) -> None:
    """:raises Malformed: two of what there is one of (RFC 5322, section 3.6): readers would choose differently."""
    seen: set[bytes] = set()
    for name, _value in headers:
        lowered = name.lower()
        if lowered in _ONCE and lowered in seen:
            raise Malformed(f"more than one {name.decode('ascii')} header")
        seen.add(lowered)
    if b"from" not in seen:
        raise Malformed("no From header")


def rewritten(headers: Sequence[dkim.Header], added: Sequence[dkim.Header], missing: Sequence[dkim.Header]) -> bytes:
    """The head as it leaves: `added` before all others, of `missing` what is not there yet, and without Bcc."""
    names = {name.lower() for name, _value in headers}
    kept = [(name, value) for name, value in headers if name.lower() not in _DROPPED]
    given = [(name, value) for name, value in missing if name.lower() not in names]
    lines = [b"%s: %s\r\n" % header for header in added]
    lines += [b"%s:%s\r\n" % header for header in kept]
    lines += [b"%s: %s\r\n" % header for header in given]
    return b"".join(lines)


class SubmittedComposer:
    """Copies of one submitted mail: the same octets for everybody, and a return path of each one's own.

    :param document: `mail` has its digest (`blob`), `size`, `head` (octets of the head), `body_hash` and `needs`.
    :param head: the mail's head.
    :param whole: the mail, where its document says what is recorded of it: then each copy has a body of its own.
    """

    tail = None

    def __init__(
        self,
        document: Mapping[str, Any],
        *,
        head: bytes,
        signers: Sequence[dkim.Signer],
        return_path: str,
        links: Links,
        whole: bytes = b"",
    ) -> None:
        self.account_id = UUID(document["account_id"])
        mail = document["mail"]
        self._blob = Blob(mail["blob"], mail["size"], Needs(mail["needs"]))
        self._body_hash = mail["body_hash"].encode("ascii")
        self._signers, self._return_path, self._links = signers, return_path, links
        self._signed = dkim.select(headers_of(head))
        self._signatures: tuple[int, bytes] = (0, b"")
        self._head = head
        tracks = mail.get("tracks") if whole else None
        tracked = TrackedBody(whole, len(head), **tracks) if tracks else None
        self._tracked = tracked if tracked is not None and tracked.is_tracked else None
        self._signs = [] if self._tracked is None else self._signers_of_links(self._tracked.targets)

    def _signers_of_links(self, targets: Sequence[str]) -> list[_Sign]:
        """Of the pixel first, then of each link. Its query may hold what is one person's alone."""
        signer = partial(tokens.signer, self._links.key, account_id=self.account_id, campaign_id=None)
        pixel = signer(TokenKind.OPEN, target="email")
        clicks = [
            signer(TokenKind.CLICK, target=target, place=Place(number, len(target.partition("?")[0])))
            for number, target in enumerate(targets)
        ]
        return [pixel, *clicks]

    def compose(self, *, message_id: UUID, address: str, at: int, **_unused: Any) -> Outgoing:
        """:raises compose.NotComposable: the address cannot be written in ASCII."""
        recipient = ascii_address(address)
        envelope_from = verp.encode(message_id, self._return_path, self._links.return_path_key)
        if self._tracked is not None:
            octets = self._tracked_octets(self._tracked, message_id, at)
            return Outgoing(message_id, recipient, envelope_from, octets, None, self._blob.needs)
        if self._signatures[0] != at:
            signed = [signer.sign(self._signed, self._body_hash, at) for signer in self._signers]
            self._signatures = (at, b"".join(signed))
        return Outgoing(message_id, recipient, envelope_from, self._signatures[1], self._blob)

    def _tracked_octets(self, tracked: TrackedBody, message_id: UUID, at: int) -> bytes:
        """The whole message: with links of its own it has a body, a digest and a signature of its own."""
        public_url, signs = self._links.public_url, self._signs

        def url(number: int | None) -> str:
            if number is None:
                return f"{public_url}/o/{signs[0](message_id, None)}"
            return f"{public_url}/t/{signs[number + 1](message_id, None)}"

        body = tracked.body(url)
        digest = dkim.body_hash(body)
        signed = [signer.sign(self._signed, digest, at) for signer in self._signers]
        return b"".join((*signed, self._head, b"\r\n", body))
