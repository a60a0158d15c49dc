"""Agents with their credentials, and what is known of phones and messages: what the sending asks the database."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from channel.providers.google import ServiceAccount
from chassis.database import Database, Session, cursor_of
from chassis.secrets import Vault
from rcs_gateway.models import Agent
from rcs_gateway.store import agents, reach, revocations

KNOWN_SECONDS = 2.0  # after that a change of credentials holds
MOST_KNOWN = 1_000


@dataclass(frozen=True, slots=True)
class Sender:
    """An agent as messages leave by it."""

    agent_id: UUID
    account_id: UUID
    service_account: ServiceAccount


@dataclass(frozen=True, slots=True)
class Found:
    """Of a group of messages: the agent, None where there is none; which phones are known to be reached, or not;
    which messages are to be taken back."""

    sender: Sender | None
    reach: Mapping[str, bool]
    revoked: frozenset[str] = frozenset()


class Directory:
    """Called on threads; what it remembers is replaced whole."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault
        self._known: dict[tuple[str, str], tuple[float, Sender | None]] = {}

    def look_up(self, account_id: str, name: str, phones: Collection[str], message_ids: Collection[str]) -> Found:
        with self._database.transaction() as session:
            sender = self._sender(session, account_id, name)
            if sender is None:
                return Found(None, {})
            cursor = cursor_of(session)
            known = reach.known(cursor, sender.agent_id, phones, datetime.now(UTC))
            return Found(sender, known, frozenset(revocations.among(cursor, message_ids)))

    def note_reach(self, sender: Sender, found: Mapping[str, bool]) -> None:
        """What Google has said of many phones at once."""
        rows = [(sender.agent_id, phone, sender.account_id, is_reachable) for phone, is_reachable in found.items()]
        with self._database.transaction() as session:
            reach.write(cursor_of(session), rows, datetime.now(UTC))

    def due_revocations(self, limit: int) -> tuple[int, list[tuple[Sender, revocations.Due]]]:
        """How many were looked at, and those of them that Google is to be asked for."""
        with self._database.transaction() as session:
            looked_at, due = revocations.take_due(cursor_of(session), datetime.now(UTC), limit)
            rows = agents.by_ids(session, [one.agent_id for one in due if one.agent_id])
            senders = {row.id: self._opened(row) for row in rows}
        asked = [(sender, one) for one in due if one.agent_id and (sender := senders.get(one.agent_id)) is not None]
        return looked_at, asked

    def end_revocation(self, message_id: UUID, state: str) -> None:
        with self._database.transaction() as session:
            revocations.end(cursor_of(session), [message_id], state)

    def _sender(self, session: Session, account_id: str, name: str) -> Sender | None:
        known_at, known = self._known.get((account_id, name), (0.0, None))
        if known is not None and time.monotonic() - known_at < KNOWN_SECONDS:
            return known
        row = agents.active(session, UUID(account_id), name)
        found = None if row is None else self._opened(row)
        kept = self._known if len(self._known) < MOST_KNOWN else {}
        self._known = {**kept, (account_id, name): (time.monotonic(), found)}
        return found

    def _opened(self, row: Agent) -> Sender | None:
        if row.private_key is None:
            return None
        key = self._vault.decrypt(row.private_key)
        return Sender(row.id, row.account_id, ServiceAccount(row.google_id or "", row.client_email or "", key))
