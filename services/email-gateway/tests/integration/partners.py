"""A partner: an account that may send, with an SMTP account, and what speaks SMTP in its name."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from chassis.database import Database
from chassis.ids import new_id
from chassis.testing import RunningProcess
from email_gateway.usecases import smtp_accounts

from .asking import DOMAIN
from .conftest import store_content

TOOLS: Any = SimpleNamespace(new_id=new_id)
MAIL = (
    f"From: Sklep <sklep@{DOMAIN}>\r\nTo: ala@poczta.example\r\nSubject: =?utf-8?b?xYHEhWth?=\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
    "X-Odd:   spaces\tkept \r\n\r\n.dot\r\n..\r\n Zażółć  \r\n\r\n\r\n"
).encode()


@dataclass(frozen=True)
class Partner:
    account_id: UUID
    smtp_account_id: UUID
    username: str
    password: str

    @property
    def actor(self) -> Any:
        return {"account_id": str(self.account_id)}


@dataclass(frozen=True)
class Ports:
    starttls: int
    wrapped: int
    process: RunningProcess


def new_partner(database: Database, **more: Any) -> Partner:
    account_id = uuid4()
    store_content(database, account_id)
    return another_login(database, account_id, **more)


def another_login(database: Database, account_id: UUID, **more: Any) -> Partner:
    given = {"name": "Sklep", "ip_list": [], "messages_a_minute": 60_000, **more}
    actor: Any = {"account_id": str(account_id)}
    with database.transaction() as session:
        made = smtp_accounts.create_smtp_account(session, actor=actor, now=None, tools=TOOLS, **given)  # type: ignore[arg-type]
    return Partner(account_id, made["id"], made["username"], made["password"])


def changed(database: Database, partner: Partner, change: Callable[..., Any], **more: Any) -> Any:
    given = {"actor": partner.actor, "now": None, "smtp_account_id": partner.smtp_account_id, **more}
    with database.transaction() as session:
        return change(session, **given)


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def logged_in(ports: Ports, partner: Partner) -> smtplib.SMTP:
    client = smtplib.SMTP("127.0.0.1", ports.starttls, timeout=30)
    client.starttls(context=trusting())
    client.login(partner.username, partner.password)
    return client


class Raw:
    """Bytes in, lines out."""

    def __init__(self, port: int) -> None:
        self._socket: socket.socket = socket.create_connection(("127.0.0.1", port), 30)
        self._file = self._socket.makefile("rb")

    def send(self, octets: bytes) -> None:
        self._socket.sendall(octets)

    def secure(self) -> None:
        self._socket = trusting().wrap_socket(self._socket)
        self._file = self._socket.makefile("rb")

    def reply(self) -> str:
        """The next reply's last line; empty where the connection is closed."""
        while True:
            try:
                line = self._file.readline().decode()
            except (ConnectionError, ssl.SSLError):
                return ""
            if line[3:4] != "-":
                return line.strip()

    def say(self, octets: bytes) -> str:
        self.send(octets)
        return self.reply()

    def close(self) -> None:
        self._file.close()
        self._socket.close()
