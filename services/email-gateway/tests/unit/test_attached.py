"""Files in mails that others wrote, with the standard library as the writer."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_gateway.content.attached import Program, Unreadable, has_files


def mail(*files: tuple[str, bytes, str], html: bool = True) -> bytes:
    message = EmailMessage()
    message["From"] = "a@b.example"
    message.set_content("#! MZ: a text is no program\n")
    if html:
        message.add_alternative("<p>x</p>", subtype="html")
    for name, octets, kind in files:
        maintype, subtype = kind.split("/")
        message.add_attachment(octets, maintype=maintype, subtype=subtype, filename=name)
    return message.as_bytes()


def test_texts_alone_are_no_files() -> None:
    assert not has_files(mail()) and not has_files(mail(html=False)) and not has_files(b"From: a@b.example\r\n\r\nx")
    assert has_files(mail(("faktura.pdf", b"%PDF-1.7", "application/pdf")))
    assert has_files(b"Content-Type: image/png\r\n\r\nx") and has_files(b"Content-Disposition: ATTACHMENT\r\n\r\nx")


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("a.pdf.exe", b"x"),
        ("ŻÓŁW.JS", b"x"),
        ("a.exe.", b"x"),
        ("a.txt", b"MZ\x90"),
        ("a.txt", b"\x7fELF"),
        ("a", b"#!/b"),
    ],
)
def test_programs_are_found_by_name_and_by_their_first_octets(name: str, octets: bytes) -> None:
    whole = mail((name, octets, "application/octet-stream"))
    for each in (whole, b"Content-Type: message/rfc822\r\n\r\n" + whole):
        with pytest.raises(Program):
            has_files(each)


def test_a_mail_of_endless_parts_is_refused() -> None:
    assert not has_files(b"From: a@b.example\r\n\r\n" + b"x\r\n" * 1_000)
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(21))
    for endless in (deep + b"\r\nx", b"\r\n" * 250_001):
        with pytest.raises(Unreadable):
            has_files(endless)
    with pytest.raises(Unreadable):
        has_files(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 1_001)


@given(st.binary(max_size=300))
def test_whatever_the_octets_are_it_answers(octets: bytes) -> None:
    for head in (b"", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"):
        try:
            has_files(head + octets)
        except (Program, Unreadable):
            pass
