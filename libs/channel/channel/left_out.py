"""Who is not sent to for what happened to them since their campaign numbered its audience: words, and the question.

A message that waits is tried again for days. Before that the channel asks contacts, about many at once, whom to leave
out; their outcome is `rejected` with one of `CODES`, and campaigns counts it by the reason, not as failed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from contracts.rpc import Actor
from contracts.vocabulary import Channel, LeftOut

CODES: Mapping[str, str] = {
    reason: "address.erased" if reason is LeftOut.ERASED else f"recipient.{reason}" for reason in LeftOut
}
REASONS: Mapping[str | None, LeftOut] = {code: LeftOut(reason) for reason, code in CODES.items()}
DEADLINE = 5.0


class Looked(NamedTuple):
    """A message that waits, of a campaign to one of its account's contacts."""

    message_id: str
    account_id: str
    contact_id: str
    address: str
    campaign_id: str


Verdicts = Mapping[str, str]
"""Reasons by message id; of nobody else."""
Ask = Callable[[Sequence[Looked]], Verdicts]


class Call(Protocol):
    """`chassis.rpc_client.RpcClient.call`."""

    def __call__(self, name: str, actor: Actor, payload: dict[str, Any], *, deadline: float = ...) -> Any: ...


def asker(call: Call, service: str, channel: Channel) -> Ask:
    """Asks contacts, once for each account.

    :param service: who asks. The question raises `Unavailable` where contacts does not answer, and LookupError,
        TypeError or ValueError where what it says is no answer: nothing may leave then.
    """

    def ask(looked: Sequence[Looked]) -> Verdicts:
        by_account: dict[str, list[Looked]] = defaultdict(list)
        for each in looked:
            by_account[each.account_id].append(each)
        verdicts: dict[str, str] = {}
        for account_id, theirs in by_account.items():
            actor: Actor = {"account_id": account_id, "service": service}
            addressees = [[each.contact_id, each.address] for each in theirs]
            payload = {
                "channel": str(channel),
                "addressees": addressees,
                "campaign_ids": [each.campaign_id for each in theirs],
            }
            answer = call("contacts.check_addressees", actor, payload, deadline=DEADLINE)
            verdicts |= _read(answer, theirs)
        return verdicts

    return ask


def _read(answer: Any, theirs: Sequence[Looked]) -> Verdicts:
    """:raises LookupError, TypeError, ValueError: it is no answer to the question about them."""
    verdicts: dict[str, str] = {}
    for place, reason in answer["left_out"]:
        if type(place) is not int or not 0 <= place < len(theirs):
            raise ValueError("somebody is left out who was not asked about")
        verdicts[theirs[place].message_id] = str(LeftOut(reason))
    return verdicts
