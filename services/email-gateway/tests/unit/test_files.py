"""Files in a mail: what is refused, of which type they are, and that any reader finds them as they were."""

from __future__ import annotations

import email
import email.policy
from base64 import b64encode
from typing import Any
from uuid import UUID

import dkim as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_gateway.content import dkim, files
from email_gateway.content.compose import Composer, Links
from email_gateway.content.prepare import Kind, prepare
from email_gateway.usecases.attachments import with_files

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
ACCOUNT = UUID(int=7)
_PEM = dkim.new_private_key("rsa")
SIGNER = dkim.load_signer("sklep.example", "wici1", _PEM)


def mail_with(attached: list[files.File], **content: Any) -> bytes:
    words = {"from_email": "a@sklep.example", "subject": "x", **content}
    prepared = prepare(words, Kind.TRANSACTIONAL, ACCOUNT)
    assert prepared.document is not None, prepared.problems
    document, blobs = with_files(prepared.document, attached)
    links = Links(public_url="https://w.example", key=b"k" * 32, return_path_key=b"r" * 32)
    composer = Composer(document, signers=[SIGNER], return_path="bounces.sklep.example", links=links)
    tail = blobs[composer.tail] if composer.tail else b""
    made = composer.compose(
        message_id=UUID(int=1),
        address="jan@poczta.example",
        fields={},
        campaign_id=None,
        contact_id=None,
        at=1,
        tail=tail,
    )
    return made.octets + tail


# As they are once `files.read` has taken the blanks off their ends.
NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=120).map(str.strip).filter(bool)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(NAMES, st.binary(max_size=300)),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([{"html": "<p>Cześć</p>"}, {"text": "Cześć"}, {"html": "<p>a</p>", "text": "b"}]),
    st.booleans(),
)
def test_a_reader_finds_every_file_as_it_was_and_the_signature_holds(
    given_files: list[tuple[str, bytes]], words: dict[str, str], shows_image: bool
) -> None:
    attached = [files.File(name, octets) for name, octets in given_files]
    image = [files.File("logo.png", PNG, "logo")] if shows_image else []

    raw = mail_with([*attached, *image], **words)

    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = email.message_from_bytes(raw, policy=email.policy.default)
    found = [(part.get_filename(), part.get_payload(decode=True)) for part in message.walk() if part.get_filename()]
    shown, others = (image, attached) if "html" in words else ([], [*attached, *image])
    assert found == [(file.filename, file.octets) for file in [*shown, *others]]
    key = dkim.dns_record(SIGNER).encode()
    assert oracle.DKIM(raw).verify(dnsfunc=lambda _name, timeout=5: key)


def test_an_image_stands_beside_the_html_that_shows_it() -> None:
    raw = mail_with(
        [files.File("logo.png", PNG, "logo"), files.File("faktura.pdf", b"%PDF-1.7")], html='<img src="cid:logo">'
    )

    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        "application/pdf",
    ]  # fmt: skip
    image = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert image["Content-ID"] == "<logo>" and image.get_content_disposition() == "inline"


@pytest.mark.parametrize(
    ("name", "octets", "code"),
    [
        ("faktura.pdf.exe", b"x", "attachment.program"),
        ("faktura.EXE ", b"x", "attachment.program"),
        ("faktura.exe.", b"x", "attachment.program"),
        ("faktura.pdf", b"MZ\x90\x00", "attachment.program"),
        ("faktura", b"\x7fELF", "attachment.program"),
        ("faktura.js", b"x", "attachment.program"),
    ],
)
def test_programs_are_refused_whatever_they_are_called(name: str, octets: bytes, code: str) -> None:
    with pytest.raises(files.Refused) as refused:
        files.read(name, b64encode(octets).decode(), None)
    assert refused.value.code == code


@pytest.mark.parametrize("content", ["ala ma kota", "YWJj\r\nBcc: x", "YQ", "ż"])
def test_what_is_not_base64_is_refused(content: str) -> None:
    with pytest.raises(files.Refused, match="base64"):
        files.read("a.txt", content, None)


@pytest.mark.parametrize(
    ("name", "octets", "media_type"),
    [
        ("a.png", b"<html>", "application/octet-stream"),
        ("a.txt", PNG, "image/png"),
        ("a.docx", b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.txt", b"ala", "text/plain"),
        ("a.webp", b"RIFF\0\0\0\0WEBP", "image/webp"),
        ("ala", b"ala", "application/octet-stream"),
    ],
)
def test_the_type_is_what_the_octets_say(name: str, octets: bytes, media_type: str) -> None:
    assert files.File(name, octets).media_type == media_type


def test_what_the_html_shows_must_be_an_image() -> None:
    with pytest.raises(files.Refused) as refused:
        files.read("a.svg", b64encode(b"<svg onload=alert(1)>").decode(), "logo")
    assert refused.value.code == "attachment.no_image"
