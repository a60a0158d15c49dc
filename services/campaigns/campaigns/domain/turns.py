"""Whose turn it is: slots in a channel's lane, shared fairly between accounts and their campaigns."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from contracts.vocabulary import Channel


@dataclass(frozen=True)
class Turn:
    """A campaign that could send now: how many batches it has ready, how many of its batches are in flight."""

    campaign_id: UUID
    account_id: UUID
    channel: Channel
    ready: int
    in_flight: int


@dataclass(frozen=True)
class Windows:
    """Most batches in flight: of one campaign, of one account, of one channel over all accounts.

    An account always gets `guaranteed` of them, so that a few whose batches do not move cannot hold up the rest.
    """

    campaign: int = 16
    account: int = 32
    channel: int = 96
    guaranteed: int = 2


def fair_order(turns: Sequence[Turn], in_flight: Mapping[tuple[UUID, Channel], int], windows: Windows) -> list[UUID]:
    """Which campaigns send a batch now, in order; a campaign stands there once for each batch.

    The next slot always goes to the account with the least in flight on that channel, and within it to the campaign
    with the least: one account's million waits beside another's hundred, never before it.

    :param in_flight: batches in flight by account and channel, those of campaigns that cannot send now included.
    """
    order: list[UUID] = []
    for channel in Channel:
        order += _order_on_channel([turn for turn in turns if turn.channel is channel], channel, in_flight, windows)
    return order


def _order_on_channel(
    turns: Sequence[Turn], channel: Channel, in_flight: Mapping[tuple[UUID, Channel], int], windows: Windows
) -> list[UUID]:
    by_account: dict[UUID, int] = {turn.account_id: in_flight.get((turn.account_id, channel), 0) for turn in turns}
    total = sum(count for (_, of_channel), count in in_flight.items() if of_channel is channel)
    left = {turn.campaign_id: min(turn.ready, windows.campaign - turn.in_flight) for turn in turns}
    # (in flight of the account, in flight of the campaign, place): the place keeps equal ones in the order given.
    queue = [(by_account[turn.account_id], turn.in_flight, place) for place, turn in enumerate(turns)]
    heapq.heapify(queue)
    order: list[UUID] = []
    while queue:
        of_account, of_campaign, place = heapq.heappop(queue)
        turn = turns[place]
        if left[turn.campaign_id] <= 0:
            continue
        now_of_account = by_account[turn.account_id]
        if of_account != now_of_account:
            # Another campaign of the account has got a slot meanwhile.
            heapq.heappush(queue, (now_of_account, of_campaign, place))
            continue
        if now_of_account >= windows.account or (total >= windows.channel and now_of_account >= windows.guaranteed):
            continue
        order.append(turn.campaign_id)
        left[turn.campaign_id] -= 1
        by_account[turn.account_id] += 1
        total += 1
        heapq.heappush(queue, (by_account[turn.account_id], of_campaign + 1, place))
    return order
