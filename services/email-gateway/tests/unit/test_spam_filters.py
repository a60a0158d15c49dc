"""Verdicts of filters on the wire, as rspamd 3.4 and spamd 4.0 gave them; and filters that are ill."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

import pytest

from chassis.config import ConfigError
from email_gateway import spam_filters
from email_gateway.content import first_render
from email_gateway.spam_filters import Rule, judge_at

MAIL = b"Subject: Hej\r\n\r\nHej\r\n"
RSPAMD = {
    "is_skipped": False, "score": 6.2, "required_score": 15.0, "action": "add header",
    "symbols": {
        "MIME_GOOD": {"name": "MIME_GOOD", "score": -0.1, "description": "Known content-type"},
        "SUBJ_ALL_CAPS": {"name": "SUBJ_ALL_CAPS", "score": 3.0, "description": "Subject is all capitals"},
        "TO_DN_NONE": {"name": "TO_DN_NONE", "score": 0.0},
    },
}  # fmt: skip
SPAMD = (
    b"SPAMD/1.1 0 EX_OK\r\nContent-length: 700\r\nSpam: True ; 6.1 / 5.0\r\n\r\n"
    b'Spam detection software, running on the system "x",\n\nContent analysis details:   (6.1 points, 5.0 required)\n\n'
    b" pts rule name              description\n---- ---------------------- -----------------------------------\n"
    b"1000 GTUBE                  BODY: Generic Test for Unsolicited Bulk Email\n"
    b"-0.1 DKIM_VALID             Message has at least one valid DKIM\n"
    b" 1.2 SUBJ_ALL_CAPS          Subject is all capitals\n"
)


@contextmanager
def answering(answer: bytes, heard: list[bytes] | None = None) -> Iterator[int]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            asked = b""
            while MAIL not in asked and (piece := self.request.recv(65_536)):
                asked += piece
            if heard is not None:
                heard.append(asked)
            self.request.sendall(answer)

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def by_http(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status.encode(), len(body), body)


def test_rspamd_is_asked_by_its_protocol() -> None:
    heard: list[bytes] = []
    with answering(by_http(json.dumps(RSPAMD).encode()), heard) as port:
        verdict = judge_at(f"http://127.0.0.1:{port}")(MAIL)

    assert heard[0].startswith(b"POST /checkv2 HTTP/1.1\r\n") and heard[0].endswith(MAIL)
    assert verdict is not None
    assert (verdict.filter, verdict.score, verdict.threshold, verdict.is_spam) == ("rspamd", 6.2, 15.0, True)
    assert verdict.rules == [
        Rule("SUBJ_ALL_CAPS", 3.0, "Subject is all capitals"), Rule("MIME_GOOD", -0.1, "Known content-type"),
    ]  # fmt: skip


def test_spamd_is_asked_by_its_protocol() -> None:
    heard: list[bytes] = []
    with answering(SPAMD, heard) as port:
        verdict = judge_at(f"spamd://127.0.0.1:{port}")(MAIL)

    assert heard[0] == b"REPORT SPAMC/1.5\r\nContent-length: %d\r\n\r\n%s" % (len(MAIL), MAIL)
    assert verdict is not None
    assert (verdict.filter, verdict.score, verdict.threshold, verdict.is_spam) == ("spamassassin", 6.1, 5.0, True)
    assert [(rule.name, rule.points) for rule in verdict.rules] == [
        ("GTUBE", 1000.0), ("SUBJ_ALL_CAPS", 1.2), ("DKIM_VALID", -0.1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 500 No\r\n\r\n", by_http(b"{"), by_http(b"[]"), by_http(b'{"symbols": {"A": 1}}'), b"\xff" * 999],
)
@pytest.mark.parametrize("scheme", ["http", "spamd"])
def test_a_filter_that_is_ill_gives_no_verdict(answer: bytes, scheme: str) -> None:
    with answering(answer) as port:
        assert judge_at(f"{scheme}://127.0.0.1:{port}")(MAIL) is None


def test_a_filter_that_is_away_or_none_gives_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spam_filters, "SECONDS", 0.2)
    assert judge_at("http://127.0.0.1:9")(MAIL) is None
    assert judge_at("")(MAIL) is None
    for address in ("https://x", "http://", "rspamd:11333"):
        with pytest.raises(ConfigError):
            judge_at(address)


def test_what_is_judged_is_the_mail_of_a_campaign_as_it_would_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_render, "PATIENCE_SECONDS", 300.0)
    content = {
        "from_email": "a@sklep.example", "subject": "Hej {{ first_name }}",
        "html": '<p>{{ price | amount("PLN") }}</p><a href="https://sklep.example/">X</a>'
        '<a href="{{ unsubscribe_url }}">U</a>',
        "tracking": {"opens": True, "clicks": True},
    }  # fmt: skip
    checked = first_render.check_apart(content, uuid4(), [], mail_from="https://wici.example")
    assert checked.mail is not None
    for part in (b"List-Unsubscribe-Post: ", b"https://wici.example/t/", b"Subject: Hej", b"From: a@sklep.example"):
        assert part in checked.mail.replace(b"=\r\n", b""), part
    # Not even this one is kept from being looked at.
    unfinished = first_render.check_apart(
        {**content, "html": "<p>Hej</p>"}, uuid4(), [], mail_from="https://wici.example"
    )
    assert unfinished.problems and unfinished.mail is not None
    assert first_render.check_apart(content, uuid4(), []) == replace(checked, mail=None)
