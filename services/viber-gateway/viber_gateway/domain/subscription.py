"""Whose an id of Viber's is, and whether they have subscribed: by Viber's moments, in whatever order they are told."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Subscription(NamedTuple):
    """What is known of Viber's id of a person at one bot.

    :ivar linked_at: when the invitation was opened that says whose it is.
    :ivar changed_at: when they came, went or wrote last.
    """

    contact_id: UUID | None = None
    linked_at: datetime | None = None
    is_subscribed: bool = False
    changed_at: datetime | None = None

    def linked(self, contact_id: UUID, at: datetime) -> Subscription:
        """Of two invitations that one person opens the later one says whose the id is."""
        if self.linked_at is not None and (self.linked_at, str(self.contact_id)) >= (at, str(contact_id)):
            return self
        return self._replace(contact_id=contact_id, linked_at=at)

    def turned(self, is_subscribed: bool, at: datetime) -> Subscription:
        """The later moment holds, and is kept where it changes nothing: what is told later of one before it is not
        believed. Of one moment they have gone."""
        if self.changed_at is not None and (self.changed_at, not self.is_subscribed) >= (at, not is_subscribed):
            return self
        return self._replace(is_subscribed=is_subscribed, changed_at=at)
