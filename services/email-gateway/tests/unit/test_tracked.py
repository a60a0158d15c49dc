"""Links and openings of submitted mails: what changes, what does not, and what is left alone."""

from __future__ import annotations

import base64
import email
import email.policy
import quopri
from typing import Any
from uuid import uuid4

import dkim as oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import tokens
from contracts.tokens import TokenKind
from email_gateway.content import dkim, received
from email_gateway.content.compose import Links
from email_gateway.content.received import Tracks
from email_gateway.content.submitted import SubmittedComposer
from email_gateway.content.tracked import TrackedBody

ACCOUNT, MESSAGE = uuid4(), uuid4()
KEY = b"k" * 32
LINKS = Links(public_url="https://link.sklep.example", key=KEY, return_path_key=b"r" * 32)
HTML = (
    '<html><body><p>Cześć {{ imię }} &amp; {% if x %}</p>\r\n<a class=x href="https://sklep.example/a?b=1&amp;c=%20ż">Oferta</a>'
    '\r\n<a href=mailto:a@b.pl>m</a> <a href="#top">t</a><a href="http://sklep.example/wypisz">w</a></body></html>\r\n'
)
PEM = dkim.new_private_key("rsa")
SIGNER = dkim.load_signer("sklep.example", "wici1", PEM)


def part(encoding: str, charset: str = "utf-8", more: str = "", html: str = HTML) -> bytes:
    plain = html.encode(charset)
    written = {"base64": lambda: base64.encodebytes(plain).replace(b"\n", b"\r\n"),
               "quoted-printable": lambda: quopri.encodestring(plain.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n"),
               "8bit": lambda: plain}[encoding]()  # fmt: skip
    head = f"Content-Type: text/html; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n{more}\r\n"
    return head.encode() + written


def whole(*parts: bytes, kind: str = "mixed", head: bytes = b"") -> bytes:
    inner = b"".join(b"--=_x\r\n" + each + b"\r\n" for each in parts)
    start = b"From: a@sklep.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n" + head
    return start + b'Content-Type: multipart/%s; boundary="=_x"\r\n\r\nprzed\r\n%s--=_x--\r\npo\r\n' % (
        kind.encode(),
        inner,
    )


TEXT = b"Content-Type: text/plain\r\n\r\nhttps://sklep.example/a  \r\n"
FILE = (
    b"Content-Type: application/octet-stream\r\nContent-Disposition: attachment\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nAAEC\r\n"
)


def composed(octets: bytes, tracks: Tracks = Tracks(True, True)) -> tuple[bytes, bytes]:  # noqa: B008
    """The mail as it is kept, and as it leaves, without its signature."""
    mail = received.read(octets, account_id=ACCOUNT, received=b"x", trace="t", at=1, says_utf8=False)
    document = mail.document(ACCOUNT, tracks)
    maker = SubmittedComposer(
        document, head=mail.octets[: mail.head], signers=[SIGNER], return_path="bounces.sklep.example", links=LINKS,
        whole=mail.octets if "tracks" in document["mail"] else b"",
    )  # fmt: skip
    made = maker.compose(message_id=MESSAGE, address="ala@poczta.example", at=1_700_000_000)
    sent = made.octets if made.blob is None else made.octets + mail.octets
    record = dkim.dns_record(SIGNER).encode()
    assert oracle.DKIM(sent).verify(dnsfunc=lambda name, timeout=5: record)
    return mail.octets, sent[sent.index(mail.octets[:40]) :]


def html_of(octets: bytes) -> str:
    message: Any = email.message_from_bytes(octets, policy=email.policy.default)
    found = message.get_body(("html",)) if message.is_multipart() else message
    return found.get_payload(decode=True).decode(found.get_content_charset())  # type: ignore[no-any-return]


def plain_again(html: str) -> str:
    """What was written, if each link is led back to its target, and the pixel taken out."""
    for piece in html.split(LINKS.public_url)[1:]:
        path, _, _ = piece.partition('"')
        found = tokens.read(path[3:], [KEY], TokenKind.CLICK if path.startswith("/t/") else TokenKind.OPEN)
        assert found is not None and (found.account_id, found.message_id) == (ACCOUNT, MESSAGE)
        if path.startswith("/t/"):
            html = html.replace(LINKS.public_url + path, found.target)
    start = html.find('<img src="' + LINKS.public_url)
    return html if start < 0 else html[:start] + html[html.index(">", start) + 1 :]


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "8bit"])
@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-2", "windows-1250"])
def test_links_lead_back_and_all_else_stays_byte_for_byte(encoding: str, charset: str) -> None:
    html = part(encoding, charset)
    kept, leaves = composed(whole(TEXT, html, FILE))

    before, after = kept.partition(html)[::2]
    assert leaves.startswith(before) and leaves.endswith(after[2:])
    shown = plain_again(html_of(leaves))
    expected = HTML.replace("https://sklep.example/a?b=1&amp;c=%20ż", "https://sklep.example/a?b=1&c=%20%C5%BC")
    assert shown.replace("\n", "").replace("\r", "") == expected.replace("\r\n", "")
    assert html_of(leaves).count("/t/") == 2 and html_of(leaves).count("/o/") == 1


def test_a_mail_of_one_part_and_nested_ones() -> None:
    _, single = composed(b"From: a@sklep.example\r\nMIME-Version: 1.0\r\n" + part("base64"))
    inner = b'Content-Type: multipart/alternative; boundary="i"\r\n\r\n--i\r\n%s\r\n--i\r\n%s\r\n--i--' % (
        TEXT,
        part("8bit"),
    )
    _, nested = composed(whole(inner, FILE))

    assert html_of(single).count("/t/") == html_of(nested).count("/t/") == 2


@pytest.mark.parametrize(
    "octets",
    [
        whole(part("8bit"), FILE, kind="signed"),
        whole(part("8bit"), kind="encrypted"),
        whole(part("8bit", more="Content-Disposition: attachment\r\n")),
        whole(b"Content-Type: message/rfc822\r\n\r\n" + b"From: x@y.pl\r\n" + part("8bit")),
        whole(part("8bit", charset="utf-8").replace(b"charset=utf-8", b"charset=us-ascii")),
        whole(part("8bit").replace(b"charset=utf-8", b"charset=nobody-knows")),
        whole(part("8bit").replace(b": 8bit", b": x-uuencode")),
        whole(part("8bit")).replace(b"--=_x--\r\n", b""),
        whole(TEXT),
        whole(part("8bit"), FILE + b"AAEC\r\n" * 60_000),
    ],
    ids=[
        "signed",
        "encrypted",
        "attached",
        "forwarded",
        "charset lies",
        "charset",
        "encoding",
        "endless",
        "text",
        "large",
    ],
)
def test_what_cannot_or_must_not_change_leaves_as_it_came(octets: bytes) -> None:
    kept, leaves = composed(octets)

    assert kept == leaves


def test_only_what_is_wanted_is_recorded() -> None:
    octets = whole(part("8bit"))

    assert composed(octets, Tracks())[0] == composed(octets, Tracks())[1]
    clicks, opens = html_of(composed(octets, Tracks(clicks=True))[1]), html_of(composed(octets, Tracks(opens=True))[1])
    assert (clicks.count("/t/"), clicks.count("/o/")) == (2, 0)
    assert (opens.count("/t/"), opens.count("/o/")) == (0, 1)


def test_a_line_that_would_be_too_long_stays() -> None:
    long = "x" * 900 + '<a href="https://sklep.example/">x</a>'
    kept, leaves = composed(whole(part("8bit", html=long)), Tracks(clicks=True))

    assert kept == leaves


@given(
    st.binary(max_size=400).map(lambda octets: octets.replace(b"\0", b"").replace(b"\r", b"").replace(b"\n", b"\r\n"))
)
def test_nothing_breaks_the_reader(noise: bytes) -> None:
    octets = b"Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n" + noise + b"\r\n--i--\r\n"
    head = octets.index(b"\r\n\r\n") + 2
    body = TrackedBody(octets, head, clicks=True, opens=True)

    if not body.is_tracked:
        assert body.body(lambda _: "x") == octets[head + 2 :]
