"""Bots with their tokens, and who has subscribed to them: what the sending asks the database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from channel.providers.known import Known
from chassis.database import Database, Session
from chassis.secrets import Vault
from viber_gateway.batches import StoredContent, Subscriber
from viber_gateway.models import Sender
from viber_gateway.store import senders, subscribers


@dataclass(frozen=True, slots=True)
class BotAccount:
    """What Viber knows a bot by. :ivar title: its name, as people see it."""

    auth_token: str = field(repr=False)
    title: str


@dataclass(frozen=True, slots=True)
class Found:
    """What messages of one content need.

    :ivar account: None: the bot is none of the account's, or not active any more.
    :ivar people: by address, who may be written to.
    """

    account: BotAccount | None = None
    people: Mapping[str, Subscriber] = field(default_factory=dict)


class Directory:
    """Called on threads."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault
        self._known = Known[tuple[UUID, BotAccount]]()

    def look_up(self, content: StoredContent, contact_ids: Collection[str]) -> Found:
        with self._database.transaction() as session:
            named = content.account_id, content.sender
            known = self._known.get(*named, lambda: self._sender(session, *named))
            if known is None:
                return Found()
            sender_id, account = known
            people = subscribers.with_addresses(
                session, account_id=UUID(content.account_id), sender_id=sender_id, contact_ids=contact_ids
            )
        return Found(account, people)

    def _sender(self, session: Session, account_id: str, name: str) -> tuple[UUID, BotAccount] | None:
        row = senders.active(session, UUID(account_id), name)
        return None if row is None else (row.id, self.opened(row))

    def opened(self, row: Sender) -> BotAccount:
        """:raises SecretError: its token lies under no key that is known."""
        return BotAccount(self._vault.decrypt(row.auth_token or b"").decode(), row.title)
