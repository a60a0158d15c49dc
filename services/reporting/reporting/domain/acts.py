"""Openings and clicks of one message: whose they are, what they sum up to, and which counters they move.

All of it is a function of the set of a message's acts, so that neither order nor repetition of the events matters.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from reporting.domain import counting
from reporting.domain.counting import Dimension, Tally
from reporting.domain.folding import CLICKED, OPENED, moment_of
from reporting.domain.machines import BURST, FEWEST, Bursts

HOUR_MICROS = 3_600_000_000
Moved = tuple[int, str, str]
"""Dimension (its number, whose hash costs little), key and metric of a counter."""
_HOUR, _DEVICE, _LINK = int(Dimension.HOUR), int(Dimension.DEVICE), int(Dimension.LINK)


class Act(NamedTuple):
    """An opening or a click as it stands in the log.

    :param at: microseconds since 1970. :param machine: the rule by which it is a machine's; None: a person's.
    """

    event_id: str
    kind: int
    at: int
    device: str
    link_id: str | None
    machine: str | None
    is_told: bool = True


class Summary(NamedTuple):
    """What a message's acts come to; times in microseconds, None where no person did it.

    :param burst_opens: of the machines', those that are known by their company alone; :param burst_clicks: likewise.
    """

    opens: int
    clicks: int
    machine_opens: int
    machine_clicks: int
    opened_at: int | None
    clicked_at: int | None
    burst_opens: int = 0
    burst_clicks: int = 0


def judged(acts: Collection[Act]) -> list[Act]:
    """The acts, those of bursts as a machine's; whom a rule knows already stays so."""
    clicked = [(act.at, act.link_id) for act in acts if act.kind == CLICKED and act.link_id is not None]
    if len(clicked) < FEWEST:
        return list(acts)
    bursts = Bursts(clicked)

    def is_in_burst(act: Act) -> bool:
        return bursts.hold_click(act.at) if act.kind == CLICKED else bursts.hold_opening(act.at)

    return [act._replace(machine=BURST) if act.machine is None and is_in_burst(act) else act for act in acts]


def openings(acts: Iterable[Act]) -> list[Act]:
    """What people opened, with the click that shows that a message was seen where no picture was loaded before it."""
    opened: list[Act] = []
    first_click: Act | None = None
    for act in acts:
        if act.machine is not None:
            continue
        if act.kind == OPENED:
            opened.append(act)
        elif first_click is None or _by_time(act) < _by_time(first_click):
            first_click = act
    if first_click is not None and not any(act.at <= first_click.at for act in opened):
        opened.append(first_click)
    return opened


def clicks(acts: Iterable[Act]) -> list[Act]:
    return [act for act in acts if act.machine is None and act.kind == CLICKED]


def summary(acts: Collection[Act]) -> Summary:
    opened, clicked = openings(acts), clicks(acts)
    machines = [act.kind for act in acts if act.machine is not None]
    bursts = [act.kind for act in acts if act.machine == BURST]
    return Summary(
        opens=len(opened),
        clicks=len(clicked),
        machine_opens=machines.count(OPENED),
        machine_clicks=machines.count(CLICKED),
        opened_at=min((act.at for act in opened), default=None),
        clicked_at=min((act.at for act in clicked), default=None),
        burst_opens=bursts.count(OPENED),
        burst_clicks=bursts.count(CLICKED),
    )


def moved(acts: Collection[Act]) -> Iterator[Moved]:
    """What a message's acts are by hour, device and link; once for each of what they add one to.

    Totals and domains count them through the message.
    """
    clicked = clicks(acts)
    for act in openings(acts):
        yield from _by_hour_and_device(act, "opens")
    for act in clicked:
        yield from _by_hour_and_device(act, "clicks")
        if act.link_id is not None:
            yield _LINK, act.link_id, "clicks"
    for link_id in {act.link_id for act in clicked}:
        if link_id is not None:
            yield _LINK, link_id, "unique_clicks"
    for act in acts:
        if act.machine is not None:
            metric = "machine_opens" if act.kind == OPENED else "machine_clicks"
            yield from _by_hour_and_device(act, metric)
            if act.link_id is not None:
                yield _LINK, act.link_id, metric


def _by_hour_and_device(act: Act, metric: str) -> tuple[Moved, Moved]:
    return (_HOUR, _hour_key(act.at // HOUR_MICROS), metric), (_DEVICE, act.device, metric)


def count(tally: Tally, *, account_id: UUID, campaign_id: UUID, amounts: Mapping[Moved, int]) -> None:
    """Add what acts of a campaign's messages move, all of them together: a counter is found once."""
    for (dimension, key, metric), amount in amounts.items():
        tally.add(account_id, (campaign_id, Dimension(dimension), key), metric, amount)


def untold(acts: Collection[Act]) -> list[tuple[str, int]]:
    """What people did and contacts has not heard of: `opened` or `clicked`, and when.

    A click that stands for an opening is told as both.
    """
    return [
        (kind, act.at)
        for kind, done in (("opened", openings(acts)), ("clicked", clicks(acts)))
        for act in done
        if not act.is_told
    ]


@lru_cache(maxsize=4096)
def _hour_key(hour: int) -> str:
    return counting.hour_key(moment_of(hour * HOUR_MICROS))


def _by_time(act: Act) -> tuple[int, str]:
    return act.at, act.event_id
