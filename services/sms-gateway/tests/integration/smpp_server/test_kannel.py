"""Kannel's bearerbox bound as a partner: a text in parts of Kannel's own, and its receipts back to whoever sent it."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import parse_qs, quote, urlsplit
from urllib.request import urlopen

import pytest
from foreign_peers import debian_kannel
from smpp_partners import Partner, Running
from sqlalchemy import text

from chassis.database import Database, cursor_of
from chassis.testing import free_port, wait_until
from contracts.vocabulary import MessageState
from sms_gateway.batches import receipt_event
from sms_gateway.store import smpp_deliveries

CONFIGURATION = """
group = core
admin-port = {admin}
admin-password = secret
smsbox-port = {box}
box-allow-ip = 127.0.0.1
dlr-storage = internal
log-file = {folder}/bearerbox.log

group = smsc
smsc = smpp
smsc-id = wici
host = 127.0.0.1
port = {port}
smsc-username = {system_id}
smsc-password = {password}
system-type = ""
transceiver-mode = true

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sends}
log-file = {folder}/smsbox.log

group = sendsms-user
username = u
password = p
max-messages = 10
concatenation = true
"""


@pytest.fixture
def told() -> Iterator[tuple[int, list[str]]]:
    """A port that Kannel tells of receipts, and what it has told: its own words for the end of each."""
    heard: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.extend(parse_qs(urlsplit(self.path).query)["type"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, heard
    server.shutdown()
    server.server_close()


@pytest.fixture
def kannel(server: Running, partner: Callable[..., Partner], tmp_path: Path) -> Iterator[tuple[Partner, int]]:
    """The partner as which it is bound, and the port that takes messages."""
    made, sends, box = partner(), free_port(), free_port()
    path = tmp_path / "kannel.conf"
    path.write_text(
        CONFIGURATION.format(
            admin=free_port(), box=box, folder=tmp_path, port=server.port, system_id=made.system_id,
            password=made.password, sends=sends,
        )
    )  # fmt: skip
    running = []
    try:
        for name in ("bearerbox", "smsbox"):
            program, environ = debian_kannel(name)
            quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            running.append(subprocess.Popen([program, str(path)], env={**os.environ, **environ}, **quiet))
            wait_until(lambda: listens(box), what="bearerbox")  # smsbox gives up where it finds none
        yield made, sends
    finally:
        for process in reversed(running):
            process.kill()
            process.wait(10)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_kannel_sends_and_is_told(
    server: Running, base: Database, kannel: tuple[Partner, int], told: tuple[int, list[str]]
) -> None:
    made, sends = kannel
    port, heard = told
    receipt = quote(f"http://127.0.0.1:{port}/?type=%d")
    asked = f"username=u&password=p&from=Wici&to=48600100200&text={'x' * 200}&dlr-mask=3&dlr-url={receipt}"

    def is_taken() -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{sends}/cgi-bin/sendsms?{asked}", timeout=10) as answer:
                return bool(answer.status == 202)
        except (URLError, ConnectionError):
            return False

    def messages() -> list[str]:
        with base.transaction() as session:
            query = text("SELECT message_id::text FROM ledger WHERE account_id = :account ORDER BY 1")
            return list(session.scalars(query, {"account": made.account_id}))

    wait_until(is_taken, what="that Kannel takes a message")
    wait_until(lambda: len(messages()) == 2, what="both parts")
    events = [
        receipt_event(each, str(made.account_id), None, datetime.now(UTC).timestamp(), state, "000")
        for each, state in zip(messages(), (MessageState.DELIVERED, MessageState.DELIVERED), strict=True)
    ]
    with base.transaction() as session:
        smpp_deliveries.add_receipts(cursor_of(session), events)
    wait_until(lambda: heard.count("1") >= 1, what="that Kannel says delivered")
    with base.transaction() as session:
        query = text("SELECT content ->> 'has_header' FROM sends WHERE account_id = :account")
        assert set(session.scalars(query, {"account": made.account_id})) == {"true"}
    wait_until(lambda: not waiting(base, made), what="that Kannel has acknowledged both")


def waiting(base: Database, made: Partner) -> int:
    with base.transaction() as session:
        query = text("SELECT count(*) FROM smpp_deliveries WHERE smpp_account_id = :id")
        return int(session.scalar(query, {"id": made.id}) or 0)
