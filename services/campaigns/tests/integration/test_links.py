"""Named links: what the gateway is told of them, and clicks that are counted once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from chassis.broker import Broker
from chassis.ids import new_id
from chassis.testing import wait_until
from chassis.topology import event_queue
from contracts.errors import Conflict, Forbidden, Invalid, NotFound
from contracts.events import NAMED_LINK_CHANGED, NAMED_LINKS_FOLLOWED, SHORT_LINK_HOST_CHANGED

TARGET = "https://sklep.example/wiosna?a=1&b=%C5%BC"


@pytest.fixture
def told(broker: Broker) -> list[Any]:
    """What the gateway would hear."""
    heard: list[Any] = []

    def take(delivery: Any) -> None:
        heard.append(orjson.loads(delivery.body))
        delivery.ack()

    broker.consume(event_queue(NAMED_LINK_CHANGED, "api_gateway", "keep_named_link"), take)
    return heard


def made(owner: Any, **more: Any) -> Any:
    return owner("create_link", **{"suffix": f"wiosna-{uuid4().hex[:12]}", "target": TARGET, **more})


def test_each_change_is_told_in_order(caller: Callable, told: list[Any]) -> None:
    owner = caller()
    link = made(owner)
    assert link["url"] == f"https://wici.example/l/{link['suffix']}" and link["clicks"] == 0
    end = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    owner("update_link", link_id=link["id"], target="https://sklep.example/lato", expires_at=end)
    owner("delete_link", link_id=link["id"])

    def of_link() -> list[Any]:
        return sorted((one for one in told if one["link_id"] == link["id"]), key=lambda one: one["version"])

    wait_until(lambda: len(of_link()) == 3, what="three events")
    assert [one["target"] for one in of_link()] == [TARGET, "https://sklep.example/lato", None]
    assert [one["expires_at"] is None for one in of_link()] == [True, False, False]
    with pytest.raises(NotFound):
        owner("get_link", link_id=link["id"])
    assert made(caller(), suffix=link["suffix"])["suffix"] == link["suffix"]  # free for others


def test_a_suffix_is_one_link_s_alone_and_a_repeated_request_makes_one(caller: Callable) -> None:
    owner = caller()
    suffix = f"promo{uuid4().hex[:12]}"
    with_key = owner.with_key(str(uuid4()))
    assert made(with_key, suffix=suffix)["id"] == made(with_key, suffix=suffix)["id"]
    for somebody in (owner, caller()):
        with pytest.raises(Conflict, match=r"link\.suffix_taken"):
            made(somebody, suffix=suffix)
    with pytest.raises(Forbidden):
        made(caller(permissions=["contacts"]))
    page = owner("list_links", q="promo sklep")
    assert (page["total"], [one["suffix"] for one in page["items"]]) == (1, [suffix])
    assert caller()("list_links")["items"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": "https://wici.example/l/inny"},
        {"target": "https://WICI.example./l/inny"},
        {"target": "javascript:alert(1)"},
        {"suffix": "-x-"},
        {"suffix": "Promo"},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "9999-12-31T23:59:59Z"},
    ],
)
def test_what_leads_nowhere_is_refused(caller: Callable, wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        made(caller(), **wrong)


def test_clicks_are_kept_once_and_machines_are_not_counted(caller: Callable, broker: Broker) -> None:
    owner, other = caller(), caller()
    link, foreign = made(owner), made(other)
    now = datetime.now(UTC)
    clicks = [
        {"click_id": str(new_id()), "link_id": of, "at": (now + timedelta(seconds=number)).isoformat(),
         "is_machine": number == 2}
        for number, of in enumerate([link["id"]] * 4 + [foreign["id"], str(uuid4())])
    ]  # fmt: skip
    for number in range(3):  # the second and third time with another id of the event, and with fewer
        event = {"event_id": str(new_id()), "occurred_at": now.isoformat(), "account_id": str(owner.account_id)}
        broker.publish_event(NAMED_LINKS_FOLLOWED, orjson.dumps({**event, "clicks": clicks[number:]})).result(5)

    wait_until(lambda: owner("get_link", link_id=link["id"])["clicks"] == 3, what="the clicks")
    page = owner("list_link_clicks", link_id=link["id"], limit=3)
    rest = owner("list_link_clicks", link_id=link["id"], limit=3, cursor=page["next_cursor"])
    assert [one["is_machine"] for one in page["items"] + rest["items"]] == [False, True, False, False]
    assert rest["next_cursor"] is None and owner("get_link", link_id=link["id"])["clicks"] == 3
    assert other("get_link", link_id=foreign["id"])["clicks"] == 0
    with pytest.raises(NotFound):
        other("list_link_clicks", link_id=link["id"])


def test_links_start_with_the_accounts_own_host_and_lead_to_none_of_ours(caller: Callable, broker: Broker) -> None:
    owner, other = caller(), caller()
    link, foreign = made(owner), made(other)

    def tell(host: str | None, version: int) -> None:
        event = {"event_id": str(new_id()), "occurred_at": datetime.now(UTC).isoformat(), "version": version}
        told = {**event, "account_id": str(owner.account_id), "host": host}
        broker.publish_event(SHORT_LINK_HOST_CHANGED, orjson.dumps(told)).result(5)

    def url() -> str:
        return str(owner("get_link", link_id=link["id"])["url"])

    tell("link.sklep.example", 2)
    wait_until(lambda: url() == f"https://link.sklep.example/l/{link['suffix']}", what="the host")
    tell(None, 1)  # told late
    tell("link.sklep.example", 2)
    assert made(owner)["url"].startswith("https://link.sklep.example/l/")
    assert owner("list_links", limit=1)["items"][0]["url"].startswith("https://link.sklep.example/l/")
    assert other("get_link", link_id=foreign["id"])["url"].startswith("https://wici.example/l/")
    for ours in ("https://link.sklep.example/l/a", "https://wici.example/l/a"):
        for somebody in (owner, other):
            with pytest.raises(Invalid):
                made(somebody, target=ours)
            with pytest.raises(Invalid):
                of = link if somebody is owner else foreign
                somebody("update_link", link_id=of["id"], target=ours)
    tell(None, 3)
    wait_until(lambda: url() == f"https://wici.example/l/{link['suffix']}", what="the platform's host")
