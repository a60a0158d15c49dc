"""The outbound process against the simulated providers: what leaves, what comes back, and what happens on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
from keys_of_tests import P256, RSA
from sqlalchemy import text

from chassis.database import Database
from chassis.partitions import ensure_partitions
from chassis.testing import RunningProcess, wait_until
from contracts.vocabulary import Lane
from push_gateway.outbound.push import PushOutbound

from .conftest import ProvidersPeer, Shop, Told

Outbound = Callable[..., RunningProcess]


def test_every_device_of_a_contact_gets_it_in_its_language(
    outbound: Outbound, providers: ProvidersPeer, shop: Shop, heard: Told
) -> None:
    anna, ola = uuid4(), uuid4()
    browser = providers.call("/browsers", {})
    shop.device("fcm", "anna-android", anna, language="pl")
    shop.device("apns", "a1b2c3d4", anna, language="de-DE")
    shop.device("web", browser["endpoint"], ola, keys=browser["keys"], language="pl-PL")
    old = _day_of_the_ledger(shop.database, days_ago=PushOutbound.kept_days + 1)
    outbound()

    people = [str(anna), str(ola), str(uuid4())]
    batch = shop.send(people)
    wait_until(lambda: batch in heard.done, what="the batch's end")

    (fcm,), (apns,), (web,) = (providers.messages(name) for name in ("fcm", "apns", "web"))
    assert fcm["message"]["notification"]["title"] == "Cześć Anna"
    assert apns["payload"]["aps"]["alert"] == {"title": "Hello Anna", "body": "Your parcel is here"}
    assert (apns["headers"]["apns-topic"], apns["headers"]["apns-priority"]) == ("com.shop", "10")
    assert (web["payload"]["title"], web["payload"]["body"]) == ("Cześć Anna", "Paczka czeka")
    assert web["payload"]["opened"].startswith("https://wici.example/o/")
    wait_until(lambda: heard.last().keys() >= set(people), what="the events")
    assert [heard.last()[one]["kind"] for one in people] == ["delivered", "delivered", "rejected"]
    assert heard.done[batch]["submitted"] == 2
    _everybody_can_verify(providers, fcm, apns)
    wait_until(lambda: not _is_there(shop.database, old), what="the old day gone")


def _day_of_the_ledger(database: Database, *, days_ago: int) -> str:
    day = (datetime.now(UTC) - timedelta(days=days_ago)).date()
    with database.transaction() as session:
        ensure_partitions(session, "ledger", day, days=1)
    return f"ledger_p{day:%Y%m%d}"


def _is_there(database: Database, table: str) -> bool:
    with database.transaction() as session:
        return bool(session.scalar(text("SELECT to_regclass(:name) IS NOT NULL"), {"name": table}))


def _everybody_can_verify(providers: ProvidersPeer, fcm: dict[str, Any], apns: dict[str, Any]) -> None:
    (token,) = providers.messages("token")
    claims = jwt.decode(token["assertion"], RSA.public_key(), ["RS256"], audience=f"{providers.origin}/token")
    assert claims["iss"] == "push@shop.example"
    assert jwt.decode(apns["provider_token"], P256.public_key(), ["ES256"])["iss"] == "TEAM123456"
    assert fcm["name"].startswith("projects/shop-1/messages/")


def test_each_answer_of_a_provider_becomes_what_it_means(
    outbound: Outbound, providers: ProvidersPeer, shop: Shop, heard: Told
) -> None:
    """Dead devices go, and contacts hears of who has none left; others stay; what was lost is unknown."""
    answers = {
        "fcm:gone": "UNREGISTERED", "fcm:other": "SENDER_ID_MISMATCH", "fcm:wrong": "INVALID_ARGUMENT",
        "fcm:token": "INVALID_ARGUMENT/token", "fcm:away": "UNAVAILABLE", "fcm:lost": "lost",
        "apns:gone": "Unregistered", "apns:bad": "BadDeviceToken",
        "apns:busy": "TooManyRequests", "apns:lost": "lost",
    }  # fmt: skip
    people: dict[str, UUID] = {token: uuid4() for token in answers}
    for token, person in people.items():
        shop.device(token.partition(":")[0], token, person)
    second = shop.device("apns", "apns:fine", people["fcm:gone"])
    providers.call("/settings", {"answers": answers, "retry_after": 0})
    outbound()

    batch = shop.send([str(person) for person in people.values()])
    wait_until(lambda: batch in heard.done and len(heard.last()) == len(people), what="the batch's end")

    kinds = {token: heard.last()[str(person)] for token, person in people.items()}
    assert {token: event["kind"] for token, event in kinds.items()} == {
        "fcm:gone": "delivered",  # by the other device
        **dict.fromkeys(("fcm:other", "fcm:wrong", "fcm:token", "apns:gone", "apns:bad"), "rejected"),
        **dict.fromkeys(("fcm:away", "apns:busy"), "deferred"),
        **dict.fromkeys(("fcm:lost", "apns:lost"), "unknown"),
    }
    assert kinds["apns:bad"]["code"] == "apns.BadDeviceToken"
    dead = {"fcm:gone", "fcm:token", "apns:gone"}
    assert shop.tokens_left() == set(answers) - dead | {"apns:fine"}
    wait_until(lambda: len(heard.gone) == 2, what="contacts without a device")
    assert heard.gone == {str(people[token]) for token in dead - {"fcm:gone"}}
    assert second is not None

    providers.call("/settings", {"answers": {}})
    waiting = [str(people[token]) for token in ("fcm:away", "apns:busy")]
    wait_until(lambda: {heard.last()[one]["kind"] for one in waiting} == {"delivered"}, what="those that waited")


def test_a_provider_that_throttles_is_left_alone_and_everybody_gets_it_once(
    outbound: Outbound, providers: ProvidersPeer, shop: Shop, heard: Told
) -> None:
    people = [uuid4() for _ in range(60)]
    for place, person in enumerate(people):
        shop.device("fcm", f"device-{place}", person)
    providers.call("/settings", {"throttle": 1, "retry_after": 1})
    outbound()

    shop.send([str(person) for person in people])
    wait_until(
        lambda: sum(event["kind"] == "delivered" for event in heard.last().values()) == 60,
        timeout=40, what="all of them",
    )  # fmt: skip

    targets = [one["target"] for one in providers.messages("fcm")]
    assert sorted(targets) == sorted(f"device-{place}" for place in range(60))


def test_whoever_is_killed_nobody_gets_a_campaign_twice_and_single_messages_arrive(
    outbound: Outbound, providers: ProvidersPeer, shop: Shop, heard: Told
) -> None:
    people = [uuid4() for _ in range(300)]
    for place, person in enumerate(people):
        shop.device("fcm", f"device-{place}", person)
    providers.call("/settings", {"delay": 0.05})
    first = outbound()
    batches = [shop.send([str(one) for one in people[start : start + 50]]) for start in range(0, 200, 50)]
    shop.send([str(one) for one in people[200:]], lane=Lane.TRANSACTIONAL)
    wait_until(lambda: len(providers.messages("fcm")) > 40, what="some of them on their way")
    first.kill()
    outbound()

    singles = {str(one) for one in people[200:]}

    def have_all_ended() -> bool:
        last = heard.last()
        have_arrived = all(last.get(one, {}).get("kind") == "delivered" for one in singles)
        return set(batches) <= heard.done.keys() and len(last) == len(people) and have_arrived

    wait_until(have_all_ended, timeout=40, what="every message's end")
    kinds = {address: event["kind"] for address, event in heard.last().items()}
    targets = [one["target"] for one in providers.messages("fcm")]
    campaign = {f"device-{place}" for place in range(200)}
    assert len([target for target in targets if target in campaign]) == len(campaign & set(targets)), "nobody twice"
    assert {f"device-{place}" for place in range(200, 300)} <= set(targets)
    for place, person in enumerate(people[:200]):
        assert f"device-{place}" in targets or kinds[str(person)] == "unknown"
        assert kinds[str(person)] in ("delivered", "unknown")
