"""Agents with their credentials, and what is known of phones and messages: what the sending asks the database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from channel.providers.google import ServiceAccount
from channel.providers.known import Known
from chassis.database import Database, Session, cursor_of
from chassis.logs import get_logger
from chassis.secrets import SecretError, Vault
from rcs_gateway.models import Agent
from rcs_gateway.store import agents, reach, revocations

log = get_logger()


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
    """Called on threads."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault
        self._known = Known[Sender]()

    def look_up(self, account_id: str, name: str, phones: Collection[str], message_ids: Collection[str]) -> Found:
        with self._database.transaction() as session:
            sender = self._known.get(account_id, name, lambda: self._sender(session, account_id, name))
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
            senders = {row.id: self._openable(row) for row in rows}
        asked = [(sender, one) for one in due if one.agent_id and (sender := senders.get(one.agent_id)) is not None]
        return looked_at, asked

    def end_revocation(self, message_id: UUID, state: str) -> None:
        with self._database.transaction() as session:
            revocations.end(cursor_of(session), [message_id], state)

    def _sender(self, session: Session, account_id: str, name: str) -> Sender | None:
        row = agents.active(session, UUID(account_id), name)
        return None if row is None else self._opened(row)

    def _openable(self, row: Agent) -> Sender | None:
        """None, too, where its key cannot be opened: what others have sent is taken back all the same."""
        try:
            return self._opened(row)
        except SecretError as error:
            log.error("agent_not_opened", account_id=str(row.account_id), error=error)
            return None

    def _opened(self, row: Agent) -> Sender | None:
        if row.private_key is None:
            return None
        key = self._vault.decrypt(row.private_key)
        return Sender(row.id, row.account_id, ServiceAccount(row.google_id or "", row.client_email or "", key))
