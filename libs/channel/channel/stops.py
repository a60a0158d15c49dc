"""What must not leave now: of paused and ended campaigns, of suspended accounts; asked before each hand-over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from channel import campaign_states, suspended_accounts
from channel.batches import Header
from channel.outlets import Message
from channel.suspended_accounts import EVERYBODY, QUARANTINED
from contracts.vocabulary import CampaignState


class Stops:
    """As the watches of `campaign_states` and `suspended_accounts` told last.

    `campaigns` are `paused`, `cancelled` or `failed`, by id.
    """

    def __init__(self) -> None:
        self.campaigns: Mapping[str, CampaignState] = {}
        self.accounts: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.campaigns or self.accounts)

    def holds(self, header: Header) -> bool:
        """Whether nothing of the batch may leave."""
        return header.campaign_id in self.campaigns or header.account_id in self.accounts or self._is_quarantine

    @property
    def _is_quarantine(self) -> bool:
        return EVERYBODY in self.accounts

    def put_off(self, messages: Sequence[Message]) -> None:
        """The outcome of claimed messages that may not leave: they wait until campaign or account goes on, and of an
        ended campaign they are rejected."""
        now = datetime.now(UTC)
        for message in messages:
            header = message.header
            if self._is_quarantine:
                message.put_off(QUARANTINED, now, suspended_accounts.PUT_OFF)
            elif header.account_id in self.accounts:
                suspended_accounts.put_off(message, now)
            else:
                campaign_states.put_off(message, self.campaigns.get(header.campaign_id or ""), now)
