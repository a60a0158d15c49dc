"""Trial: what a new account may send to, and how it proves an address."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text as sql

from chassis.database import Database
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests
from identity.domain import trial_codes
from identity.usecases import accounts, links, quotas, suspension, trial, trial_numbers

Actor = dict[str, Any]
OPERATOR: Actor = {"operator_id": str(uuid4())}
PHONE = "+48600100200"


@pytest.fixture
def newcomer(register: Callable[..., Actor], log_in: Any) -> Actor:
    """The owner of an account on trial, logged in."""
    actor = register("kowal", confirmed=False, on_trial=True, panel_url="https://panel.example")
    return {**actor, "session_id": str(log_in("kowal")["session_id"])}


@pytest.fixture
def told(database: Database) -> Callable[[str], list[dict[str, Any]]]:
    """`told("system_sms_requested")`: the events of that name so far."""

    def events(name: str) -> list[dict[str, Any]]:
        with database.transaction() as session:
            query = sql("SELECT body FROM outbox WHERE routing_key = :name ORDER BY position")
            return [json.loads(bytes(body)) for body in session.scalars(query, {"name": name})]

    return events


def only_to(act: Any, actor: Actor, feature: str) -> Any:
    leased = act(quotas.lease, actor, reservation_id=uuid4(), feature=feature, at_least=1, wanted=1)
    reserved = act(quotas.reserve, actor, reservation_id=uuid4(), feature=feature, amount=1)
    assert leased["only_to"] == reserved["only_to"]
    return leased["only_to"]


def test_quota_says_where_it_may_be_spent(newcomer: Actor, act: Any, told: Any, database: Database, clock: Any) -> None:
    assert act(accounts.get, newcomer)["state"] == "trial"
    assert only_to(act, newcomer, "sms") == only_to(act, newcomer, "email") == []

    token = told("account_registered")[0]["url"].rpartition("/")[2]
    act(links.confirm_email_change, {}, token=token)
    number = act(trial_numbers.add, newcomer, phone=PHONE)
    assert only_to(act, newcomer, "sms") == []
    code = told("system_sms_requested")[0]["fields"]["code"]
    confirmed = trial_numbers.confirm(database, actor=newcomer, now=clock.now, trial_number_id=number["id"], code=code)

    assert confirmed["confirmed_at"] == clock.now
    assert (only_to(act, newcomer, "sms"), only_to(act, newcomer, "email")) == ([PHONE], ["kowal@example.com"])
    assert len(told("account_standing_changed")) == 2
    act(trial_numbers.delete, newcomer, trial_number_id=number["id"])
    assert only_to(act, newcomer, "sms") == []

    account_id = UUID(newcomer["account_id"])
    with pytest.raises(Forbidden):
        act(trial.end, newcomer, account_id=account_id, reason="I am good")
    assert act(trial.end, OPERATOR, account_id=account_id, reason="Known")["state"] == "active"
    assert only_to(act, newcomer, "sms") is None


@pytest.mark.parametrize(("plan", "state"), [("starter", "active"), ("none", "trial"), ("free", "trial")])
def test_only_a_plan_that_costs_something_ends_a_trial(newcomer: Actor, act: Any, plan: str, state: str) -> None:
    moved = act(accounts.set_plan, OPERATOR, account_id=UUID(newcomer["account_id"]), plan=plan, reason="Contract")
    assert moved["state"] == state


def test_a_code_ends_with_its_time_its_guesses_and_the_next_code(
    newcomer: Actor, act: Any, told: Any, database: Database, clock: Any
) -> None:
    number = act(trial_numbers.add, newcomer, phone=PHONE)

    def confirm(code: str) -> Any:
        return trial_numbers.confirm(database, actor=newcomer, now=clock.now, trial_number_id=number["id"], code=code)

    first = told("system_sms_requested")[0]["fields"]["code"]
    wrong = f"{(int(first) + 1) % 10**6:06d}"
    for _ in range(trial_codes.GUESSES):
        with pytest.raises(Invalid):
            confirm(wrong)
    with pytest.raises(Conflict, match="code_expired"):
        confirm(first)

    assert act(trial_numbers.add, newcomer, phone=PHONE)["id"] == number["id"]
    second = told("system_sms_requested")[1]["fields"]["code"]
    clock.advance(seconds=trial_codes.LIFE / timedelta(seconds=1))
    with pytest.raises(Conflict, match="code_expired"):
        confirm(second)
    act(trial_numbers.add, newcomer, phone=PHONE)
    assert confirm(told("system_sms_requested")[2]["fields"]["code"])["confirmed_at"]
    assert act(trial_numbers.add, newcomer, phone=PHONE)["confirmed_at"], "no code for who is confirmed"
    assert len(told("system_sms_requested")) == 3


def test_codes_are_few_of_an_account_and_to_a_number(
    newcomer: Actor, act: Any, register: Any, log_in: Any, told: Any, clock: Any
) -> None:
    other = register("murarz", on_trial=True)
    other["session_id"] = str(log_in("murarz")["session_id"])
    for asks in (newcomer, other, newcomer):
        act(trial_numbers.add, asks, phone=PHONE)
    with pytest.raises(TooManyRequests):
        act(trial_numbers.add, other, phone=PHONE)
    for number in range(8):
        act(trial_numbers.add, newcomer, phone=f"+4860010030{number}")
    with pytest.raises(TooManyRequests):
        act(trial_numbers.add, newcomer, phone="+48600100310")
    assert len(told("system_sms_requested")) == 11

    clock.advance(days=1, seconds=1)
    act(trial_numbers.add, newcomer, phone="+48600100310")
    with pytest.raises(Conflict, match="too_many"):
        act(trial_numbers.add, newcomer, phone="+48600100311")


def test_anothers_number_is_not_there(newcomer: Actor, act: Any, register: Any, log_in: Any) -> None:
    number = act(trial_numbers.add, newcomer, phone=PHONE)
    other = register("murarz")
    other["session_id"] = str(log_in("murarz")["session_id"])
    with pytest.raises(NotFound):
        act(trial_numbers.delete, other, trial_number_id=number["id"])


def test_a_suspended_account_gets_no_quota(newcomer: Actor, act: Any, told: Any) -> None:
    account_id = UUID(newcomer["account_id"])
    reservation_id = uuid4()
    act(quotas.reserve, newcomer, reservation_id=reservation_id, feature="sms", amount=5)
    for _ in range(2):
        assert act(suspension.suspend, OPERATOR, account_id=account_id, reason="Spam")["state"] == "suspended"

    for asked in (
        lambda: act(quotas.lease, newcomer, reservation_id=uuid4(), feature="sms", at_least=1, wanted=1),
        lambda: act(quotas.reserve, newcomer, reservation_id=uuid4(), feature="sms", amount=1),
    ):
        with pytest.raises(Forbidden, match=r"account\.suspended"):
            asked()
    assert act(quotas.release, newcomer, reservation_id=reservation_id) == {"released": 5}

    with pytest.raises(Forbidden):
        act(suspension.lift, newcomer, account_id=account_id, reason="I am good")
    assert act(suspension.lift, OPERATOR, account_id=account_id, reason="Cleared")["state"] == "trial"
    assert [event["is_suspended"] for event in told("account_suspension_changed")] == [True, False]


def test_each_change_of_a_suspension_has_a_higher_version_whatever_the_clock_says(
    newcomer: Actor, act: Any, told: Any, clock: Any
) -> None:
    account_id = UUID(newcomer["account_id"])
    for change in (suspension.suspend, suspension.lift, suspension.suspend):
        act(change, OPERATOR, account_id=account_id, reason="Spam")
        clock.now -= timedelta(minutes=5)

    versions = [event["version"] for event in told("account_suspension_changed")]
    assert len(versions) == 3
    assert 0 < versions[0] < versions[1] < versions[2]


def test_what_costs_no_quota_learns_the_same_of_where_an_account_may_send_to(
    newcomer: Actor, act: Any, database: Database
) -> None:
    asks: Actor = {"account_id": newcomer["account_id"], "service": "contacts"}
    with database.transaction() as session:
        session.execute(sql("UPDATE users SET email_confirmed_at = now()"))

    assert act(trial.get_standing, asks, feature="email") == {"only_to": ["kowal@example.com"]}
    assert act(trial.get_standing, asks, feature="sms") == {"only_to": []}
    with database.transaction() as session:
        session.execute(sql("UPDATE accounts SET state = 'closing'"))
    assert act(trial.get_standing, asks, feature="email")["only_to"] is not None, "closing is no way out of a trial"
    act(trial.end, OPERATOR, account_id=UUID(newcomer["account_id"]), reason="Known")
    assert act(trial.get_standing, asks, feature="email") == {"only_to": None}


def test_the_code_to_a_strangers_phone_holds_nothing_that_somebody_typed(newcomer: Actor, act: Any, told: Any) -> None:
    act(trial_numbers.add, newcomer, phone=PHONE)

    [asked] = told("system_sms_requested")
    assert list(asked["fields"]) == ["code"]
