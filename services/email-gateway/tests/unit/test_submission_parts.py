"""Parts of the submission process by themselves: certificates that change, failed log-ins, heads of mails."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from chassis.certificates import Certificates
from email_gateway.content import received
from email_gateway.content.received import NotAccepted
from email_gateway.domain import smtp_logins
from email_gateway.submission.certificates import self_signed_pem
from email_gateway.submission.slowing import MOST_SECONDS, wait_after


def put(folder: Path, pem: tuple[bytes, bytes], at: int) -> tuple[Path, Path]:
    paths = folder / "tls.crt", folder / "tls.key"
    for path, octets in zip(paths, pem, strict=True):
        path.write_bytes(octets)
        os.utime(path, (at, at))
    return paths


def test_a_new_certificate_is_taken_and_a_half_written_one_is_not(tmp_path: Path) -> None:
    first, second = self_signed_pem("a.example"), self_signed_pem("b.example")
    certificates = Certificates(*put(tmp_path, first, 1))
    before = certificates.current()
    assert not certificates.look()

    put(tmp_path, (second[0], first[1]), 2)
    assert not certificates.look() and certificates.current() is before

    put(tmp_path, second, 3)
    assert certificates.look() and certificates.current() is not before


def test_a_certificate_that_is_gone_is_told_once_until_it_is_there_again(tmp_path: Path) -> None:
    pem = self_signed_pem("a.example")
    certificates = Certificates(*put(tmp_path, pem, 1))
    with capture_logs() as lines:
        for _ in range(2):
            (tmp_path / "tls.key").unlink()
            for _ in range(3):
                assert not certificates.look()
            put(tmp_path, pem, 2)
            certificates.look()

    assert [line["event"] for line in lines].count("certificate_not_loaded") == 2


def test_failures_are_answered_later_and_later() -> None:
    assert [wait_after(failures) for failures in range(1, 5)] == [0.5, 1.0, 2.0, 4.0]
    assert wait_after(1_000_000) == MOST_SECONDS


def test_a_name_leads_to_its_account_and_any_other_to_nobody() -> None:
    account = UUID(int=7)
    assert smtp_logins.id_of(smtp_logins.username_of(account)) == account
    assert smtp_logins.id_of(f" {smtp_logins.username_of(account).upper()} ") == account
    assert {smtp_logins.id_of(name) for name in ("", "root", "smtp_7", "smtp_" + "g" * 32)} == {smtp_logins.NOBODY}
    assert not smtp_logins.is_right("x", None)


def read(octets: bytes) -> received.Mail:
    return received.read(octets, account_id=UUID(int=1), received=b" by x", trace="t", at=1, says_utf8=False)


@given(st.binary(max_size=400))
def test_any_octets_are_a_mail_or_refused(octets: bytes) -> None:
    try:
        mail = read(b"From: a@sklep.example\r\n" + octets)
    except NotAccepted as refused:
        assert refused.code in (550, 552, 554)
    else:
        head, _, _body = mail.octets.partition(b"\r\n\r\n")
        assert mail.octets[: mail.head + 2] == head + b"\r\n\r\n"
        assert mail.from_email == "a@sklep.example"


@pytest.mark.parametrize(
    "author",
    [
        b"a@b.example, c@d.example", b"a@b.example\r\nFrom: c@d.example", b"<a@b.example> <c@d.example>", b"", b"a",
        b"<>", b"a@b.example (c@d.example)", b"group: a@b.example, c@d.example;", b"\xc5\x82@b.example",
    ],
)  # fmt: skip
def test_an_author_who_could_be_read_as_another_is_refused(author: bytes) -> None:
    with pytest.raises(NotAccepted):
        read(b"From: " + author + b"\r\n\r\nx\r\n")


@pytest.mark.parametrize("shape", [b"a,\r\n ", b"a,", b'"a" b .', b'"', b"a:", b".a", b"(", b"=?utf-8?q?a?= "])
def test_what_would_hold_the_parser_up_is_not_parsed(shape: bytes) -> None:
    """A head of nearly 64 KiB in the shapes that take the parser the square of their length."""
    long = b"\r\n ".join([shape * (900 // len(shape))] * 60)
    with pytest.raises(NotAccepted, match="a From header of more than"):
        read(b"From: " + long + b"\r\n\r\nx\r\n")

    mail = read(b"From: a@sklep.example\r\nSubject: " + long + b"\r\n\r\nx\r\n")
    assert len(mail.subject) <= received.SUBJECT_KEPT and long in mail.octets
