"""Which network a number is with: asked of a carrier beside the sending, kept, and known to all processes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from raw_http_carrier import HttpCarrier, Request, answer
from sqlalchemy import text

from chassis.database import Database
from chassis.public_addresses import networks as allowed
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS
from contracts.errors import Invalid
from contracts.sms_gateway import RPC
from sms_gateway.domain import networks
from sms_gateway.domain.prices import place_of
from sms_gateway.http_api.number_look_ups import LookUpSettings
from sms_gateway.http_api.requests import Access
from sms_gateway.outbound.number_networks import NumberNetworks
from sms_gateway.store import number_networks
from sms_gateway.usecases import carriers

from .conftest import OPERATORS

PHONES = [f"+4860100000{last}" for last in range(4)]  # of Plus, by the plan
SAYS = {PHONES[0]: "26006", PHONES[1]: "26001", PHONES[2]: "26099"}  # of the fourth nothing


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    for phone in PHONES:
        networks.note_look_up(phone, None)


async def hlr(_carrier: HttpCarrier, request: Request, writer: asyncio.StreamWriter) -> None:
    word = SAYS.get("+" + request.target.rpartition("=")[2])
    writer.write(answer(200, {"data": [{"mccmnc": word}]}) if word else answer(503))


def asked(database: Database, *, days: int = 30) -> HttpCarrier:
    """Everybody is asked about once, and what was told is learnt."""

    async def run() -> HttpCarrier:
        carrier = HttpCarrier(hlr)
        port = await carrier.start()
        settings = LookUpSettings(
            f"http://127.0.0.1:{port}/hlr?n={{to_digits}}", Access("", "secret", ""), "data.0.mccmnc",
            {"26006": "pl.play", "26001": "pl.plus"}, ("+48",), {"Authorization": "Bearer {token}"}, rate=1_000,
            days=days, allowed=allowed(("127.0.0.0/8",)),
        )  # fmt: skip
        made = NumberNetworks(database, lambda: settings)
        await made.ask(settings, PHONES)
        await asyncio.to_thread(made.learn)
        carrier.server.close()
        return carrier

    return asyncio.run(run())


def test_a_number_is_with_the_network_that_the_carrier_names(database: Database) -> None:
    by_plan = networks.network_of(PHONES[0])
    assert by_plan == "pl.plus"

    carrier = asked(database)

    assert [place_of(phone) for phone in PHONES] == ["pl.play", by_plan, by_plan, by_plan]
    assert {request.headers["authorization"] for request in carrier.requests} == {"Bearer secret"}
    with database.transaction() as session:
        rows = session.execute(text("SELECT number, network FROM number_networks")).all()
    assert dict(rows) == {PHONES[0]: "pl.play", PHONES[1]: "pl.plus", PHONES[2]: None}


def test_what_has_an_answer_is_asked_again_when_it_is_too_old(database: Database) -> None:
    assert len(asked(database).requests) == 4
    assert len(asked(database).requests) == 1  # whose answer did not come
    with database.transaction() as session:
        session.execute(text("UPDATE number_networks SET looked_up_at = now() - interval '2 days'"))
    assert len(asked(database, days=1).requests) == 4


def test_a_person_and_old_answers_are_forgotten(database: Database) -> None:
    asked(database)
    with database.transaction() as session:
        number_networks.forget(session, addresses=PHONES[:1])
        assert len(number_networks.told_since(session, datetime.now(UTC) - timedelta(days=1), 10)) == 2
        number_networks.forget_old(session, datetime.now(UTC) + number_networks.KEPT + timedelta(days=1))
        assert number_networks.told_since(session, datetime.now(UTC) - timedelta(days=1), 10) == []


def test_only_wanted_numbers_wait_and_each_once(database: Database) -> None:
    settings = LookUpSettings("http://h/{to}", Access("", "", ""), "n", {}, ("+4860",))
    made = NumberNetworks(database, lambda: settings)
    made.want([*PHONES, "+4950000000", *PHONES])
    assert list(made._waiting) == PHONES
    NumberNetworks(database, lambda: None).want(PHONES)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"url": "https://hlr.example/{text}"}, "http.look_up.url"),
        ({"headers": {"A": "{hook_url}"}}, "http.look_up.headers"),
        ({"networks": {"1": "pl.nobody"}}, "http.look_up.networks"),
    ],
)
def test_a_look_up_that_cannot_be_is_refused(database: Database, wrong: dict[str, Any], field: str) -> None:
    right = {"url": "https://hlr.example/{to}", "network": "n", "networks": {"26006": "pl.play"}, "prefixes": ["+48"]}
    look_up = right | wrong
    http = {"url": "https://sms.example", "body": {"to": "{to}"}, "answer": {"id": "id"}, "look_up": look_up}
    request = RPC["create_carrier"].load({"name": "hlr", "kind": "http", "http": http, "reason": "Test"})
    with database.transaction() as session, pytest.raises(Invalid) as refused:
        carriers.create_carrier(session, **{**OPERATORS, **request}, vault=Vault(SECRET_KEYS))
    assert refused.value.errors[0]["field"] == field
