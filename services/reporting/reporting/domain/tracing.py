"""Which lines of the logs tell of one message: by its own id, its batch, its send, or the request that asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.ids import message_ids, recipient_number

# Lines on a campaign as a whole, which name no batch.
_TOLD_IN_SLICES = frozenset({"campaign_told_of", "campaign_counted"})
NEAR = timedelta(seconds=5)
# What lines have in them that teach further ids of a message.
TEACHING = ("sends", "batch_published")
_OF_CAMPAIGN = frozenset({"campaign_leased", "campaign_told_of", "campaign_counted", "step_failed"})


@dataclass
class Traced:
    """One message, and under which ids the processes speak of it, as far as their lines have told."""

    message_id: UUID
    campaign_id: str | None
    trace_id: str | None = None
    send_id: str | None = None
    batch_id: str | None = None

    def is_send(self, send_id: Any) -> bool:
        """Whether the message is of that send: its id is a function of the send's and of its number there."""
        try:
            return message_ids(UUID(str(send_id)))(recipient_number(self.message_id)) == self.message_id
        except ValueError:
            return False

    def ids(self) -> list[str]:
        """What is known of it: a line that has none of these is not about it."""
        known = (str(self.message_id), self.campaign_id, self.trace_id, self.send_id, self.batch_id)
        return [each for each in known if each]

    def learn(self, line: Mapping[str, Any]) -> None:
        """Learn further ids from a line, if it is one that knows them."""
        for send in line.get("sends") or ():
            if isinstance(send, Mapping) and self.is_send(send.get("send_id")):
                self._note(send)
        if line.get("event") == "batch_published" and line.get("campaign_id") == self.campaign_id:
            number = recipient_number(self.message_id)
            if self.is_send(line.get("send_id")) and line["first"] <= number <= line["last"]:
                self._note(line)
                self.batch_id = str(line["batch_id"])

    def _note(self, line: Mapping[str, Any]) -> None:
        self.send_id = str(line["send_id"])
        self.trace_id = str(line["trace_id"]) if line.get("trace_id") else self.trace_id


def is_near(line: Mapping[str, Any], moments: Sequence[datetime]) -> bool:
    """Whether a line that tells of a campaign in slices may be of the slice that has the message.

    :param moments: when something happened to the message; a slice is written within seconds of it.
    """
    if line.get("event") not in _TOLD_IN_SLICES:
        return True
    at = datetime.fromisoformat(str(line["timestamp"]))
    return any(timedelta(0) <= at - moment <= NEAR for moment in moments)


def is_about(traced: Traced, line: Mapping[str, Any]) -> bool:
    """Whether a line is worth reading by who follows the message."""
    if line.get("batch_id"):
        return bool(line["batch_id"] == traced.batch_id)
    if traced.trace_id and line.get("trace_id") == traced.trace_id:
        return True
    if any(isinstance(send, Mapping) and traced.is_send(send.get("send_id")) for send in line.get("sends") or ()):
        return True
    named = line.get("messages")
    if line.get("message_id") == str(traced.message_id) or (
        isinstance(named, list | dict) and str(traced.message_id) in named
    ):
        return True
    return line.get("event") in _OF_CAMPAIGN and line.get("campaign_id") == traced.campaign_id is not None
