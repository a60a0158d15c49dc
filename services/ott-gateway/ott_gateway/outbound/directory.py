"""Numbers with their tokens, templates, and who may be written to: what the sending asks the database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from channel.providers.known import Known
from chassis.database import Database, Session
from chassis.secrets import Vault
from contracts.ott_gateway.templates import APPROVED
from ott_gateway.batches import StoredContent
from ott_gateway.models import Sender
from ott_gateway.store import answers, senders, templates
from ott_gateway.wires.whatsapp import WhatsappAccount


@dataclass(frozen=True, slots=True)
class Found:
    """What messages of one content need.

    :ivar account: None: the number is none of the account's, or not active any more.
    :ivar refusal: a code, where the template that they use is not approved now.
    :ivar open_for: who may be written to without a template.
    """

    account: WhatsappAccount | None = None
    refusal: str | None = None
    open_for: frozenset[str] = frozenset()


class Directory:
    """Called on threads."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault
        self._known = Known[tuple[UUID, WhatsappAccount]]()

    def look_up(self, content: StoredContent, phones: Collection[str]) -> Found:
        with self._database.transaction() as session:
            named = content.account_id, content.sender
            known = self._known.get(*named, lambda: self._sender(session, *named))
            if known is None:
                return Found()
            sender_id, account = known
            use = content.template.content.get("template")
            if use is None:
                return Found(account, open_for=answers.open_for(session, sender_id, phones))
            template = templates.find(session, sender_id, use["name"], use["language"])
        is_approved = template is not None and template.status == APPROVED
        return Found(account, None if is_approved else "whatsapp.template_not_approved")

    def _sender(self, session: Session, account_id: str, name: str) -> tuple[UUID, WhatsappAccount] | None:
        row = senders.active(session, UUID(account_id), name)
        return None if row is None else (row.id, self.opened(row))

    def opened(self, row: Sender) -> WhatsappAccount:
        token = self._vault.decrypt(row.access_token or b"").decode()
        return WhatsappAccount(row.phone_number_id or "", row.business_account_id or "", token)
