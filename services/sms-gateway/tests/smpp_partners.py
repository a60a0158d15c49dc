"""What the tests of the SMPP server share: partners, and what is on disk of theirs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from smpp_peer import Peer
from sqlalchemy import text

from chassis.database import Database
from chassis.ids import new_id
from chassis.testing import RunningProcess
from contracts.sms_gateway import RPC
from sms_gateway.content import octets
from sms_gateway.models import SenderId
from sms_gateway.smpp.constants import Status
from sms_gateway.usecases import smpp_accounts

EMPTY_HANDED: set[str] = set()  # accounts that have no quota left


class Running(NamedTuple):
    process: RunningProcess
    port: int


class Partner(NamedTuple):
    account_id: UUID
    id: UUID
    system_id: str
    password: str


def an_account(database: Database, *senders: str) -> UUID:
    account_id = new_id()
    with database.transaction() as session:
        for sender in senders or ("Wici",):
            session.add(
                SenderId(id=new_id(), account_id=account_id, sender=sender, sender_key=sender.lower(), state="active")
            )
    return account_id


def a_partner(database: Database, account_id: UUID | None = None, *, has: tuple[str, ...] = (), **more: Any) -> Partner:
    """An SMPP account, as the API makes one."""
    account_id = account_id or an_account(database, *has)
    request = RPC["create_smpp_account"].load({"name": "Test", "rate": 10_000, **more})
    with database.transaction() as session:
        made = smpp_accounts.create_smpp_account(session, **asked_by(account_id), **request)
    return Partner(account_id, made["id"], made["system_id"], made["password"])


def asked_by(account_id: UUID) -> dict[str, Any]:
    return {"actor": {"account_id": str(account_id)}, "now": datetime.now(UTC)}


def bound(running: Running, partner: Partner, kind: str = "transceiver") -> Peer:
    peer = Peer(running.port)
    assert peer.bind(partner.system_id, partner.password, kind) == Status.OK
    return peer


def binds(database: Database, partner: Partner) -> Any:
    with database.transaction() as session:
        return smpp_accounts.list_smpp_binds(session, **asked_by(partner.account_id), smpp_account_id=partner.id)


def message_id(partners: str) -> UUID:
    return UUID(hex=f"{partners}00000001")


def stored(database: Database, partners: str) -> Any:
    """The ledger's row with its send and content, by the id that the partner was answered with."""
    with database.transaction() as session:
        return session.execute(
            text(
                "SELECT l.*, s.lane, s.text, s.smpp, s.sender, coalesce(s.content, c.content) AS content, r.due_at"
                " FROM ledger l JOIN sends s ON s.stem_id = :stem LEFT JOIN contents c USING (content_hash)"
                " LEFT JOIN retries r ON r.message_id = l.message_id WHERE l.message_id = :id"
            ),
            {"id": message_id(partners), "stem": UUID(hex=f"{partners}00000000")},
        ).one_or_none()


def octets_of(row: Any) -> bytes:
    return octets.of_content(row.content)
