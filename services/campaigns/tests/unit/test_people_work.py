"""People of campaigns of steps: which events are of steps, and what comes of what channels and the log answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from campaigns.domain import people
from campaigns.domain.chains import GoOn
from campaigns.store import people as store
from campaigns.store.people import Family, Person, StepCampaign
from campaigns.usecases import people_heard, people_work
from contracts.errors import Unavailable
from contracts.vocabulary import CampaignState, Channel, MessageState

START = datetime(2026, 12, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
STEPS = {UUID(int=one): (UUID(int=100 + one), 0) for one in range(4)}


class NoDatabase:
    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield None


def test_a_step_that_is_known_is_one_still_when_the_memory_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people_heard, "REMEMBERED", 3)
    monkeypatch.setattr(store, "steps_among", lambda _, ids: {one: STEPS[one] for one in ids if one in STEPS})
    heard = people_heard.PeopleHeard(NoDatabase())  # type: ignore[arg-type]
    for campaign_ids in ([0, 1], [1, 2, 50], [0, 1, 2, 3, 51, 52], [3, 0]):
        keys = [str(UUID(int=one)) for one in campaign_ids]
        found = heard._steps_among([*keys, "no id"])
        assert found == {str(one): STEPS[one] for one in STEPS if one.int in campaign_ids}


def family_of(*channels: Channel, state: CampaignState = CampaignState.SENDING) -> Family:
    steps = tuple(StepCampaign(UUID(int=place), one, UUID(int=9), True) for place, one in enumerate(channels))
    return Family(UUID(int=7), UUID(int=8), state, (GoOn(not_read=HOUR), GoOn()), steps)


def looked_at(family: Family, person: Person, now: datetime, answers: dict[str, Any]) -> tuple[Any, list[Any]]:
    """Their chain after one look, and what was asked; who is not in `answers` does not answer."""
    asked = []

    def call(method: str, _actor: Any, payload: Any, **_: Any) -> Any:
        asked.append((method, payload))
        if method not in answers:
            raise Unavailable("service.unavailable", "Away.")
        return answers[method](payload["message_ids"])

    (one,) = people_work._ask_all(call, people_work._by_step(family, [person], now), set())
    (key,) = one.number_of
    return people_work._after(person.chain, one, key, now), asked


def as_it_is(state: str, code: str | None = None, revoked: bool = False) -> Any:
    return lambda ids: {"messages": [{"id": one, "state": state, "code": code, "revoked": revoked} for one in ids]}


def test_whom_the_log_does_not_know_yet_is_not_taken_for_one_who_has_not_read_it() -> None:
    family, now = family_of(Channel.EMAIL, Channel.SMS), START + HOUR
    chain = people.dispatched(people.begun(family.rules), 0, START)
    chain = people.heard(chain, 0, MessageState.DELIVERED, START, START, None, unreachable=())
    person = Person(family.id, 1, chain, [1, 0])
    submitted = as_it_is("delivered")
    unknown = {
        "email_gateway.take_back_messages": submitted,
        "reporting.find_read": lambda _: {"known": [], "read": []},
    }

    after, _ = looked_at(family, person, now, unknown)
    assert people.is_queued_for(people.next_look(after, now)[0]) is None
    known = {**unknown, "reporting.find_read": lambda ids: {"known": ids, "read": []}}
    after, _ = looked_at(family, person, now, known)
    assert people.is_queued_for(people.next_look(after, now)[0]) == 1


def test_of_what_nothing_was_heard_the_channel_says_how_it_stands() -> None:
    family, now = family_of(Channel.EMAIL, Channel.SMS), START + people.UNHEARD
    person = Person(family.id, 1, people.dispatched(people.begun(family.rules), 0, START), [1, 0])
    method = "email_gateway.take_back_messages"

    refused, asked = looked_at(family, person, now, {method: as_it_is("rejected", "5.1.1")})
    assert [(name, payload["is_wanted_back"]) for name, payload in asked] == [(method, False)]
    assert people.is_queued_for(refused) == 1
    left, _ = looked_at(family, person, now, {method: as_it_is("submitted")})
    assert left.steps[0].state == "sent"
    for answers in ({}, {method: lambda _: {"messages": []}}, {method: as_it_is("accepted")}):
        waits, _ = looked_at(family, person, now, answers)
        assert waits.steps[0].state == "sending"
        assert people.next_look(waits, now)[1] == now + people.UNHEARD

    ended = family_of(Channel.EMAIL, Channel.SMS, state=CampaignState.CANCELLED)
    withdrawn, _ = looked_at(ended, person, now, {method: lambda _: {"messages": []}})
    assert [str(step.state) for step in withdrawn.steps] == ["unknown", "skipped"]


def test_who_does_not_answer_is_asked_once_in_a_look() -> None:
    family = family_of(Channel.EMAIL, Channel.SMS)
    asked: list[str] = []

    def call(method: str, *_: Any, **__: Any) -> Any:
        asked.append(method)
        raise Unavailable("service.unavailable", "Away.")

    person = Person(family.id, 1, people.dispatched(people.begun(family.rules), 0, START), [1, 0])
    waiting = people_work._by_step(family, [person], START + HOUR) * 3
    other = people_work.Asked(family, 1, True, True, {"x": 1})

    done = people_work._ask_all(call, [*waiting, other], set())

    assert asked == ["email_gateway.take_back_messages", "sms_gateway.take_back_messages"]
    assert [one.channel for one in done] == ["email", "sms"]
