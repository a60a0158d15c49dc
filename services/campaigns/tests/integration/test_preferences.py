"""What the gateway is told of a campaign's unsubscribe links, and who left a list by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import orjson
import pytest

from chassis.broker import Broker, Delivery
from chassis.testing import wait_until
from chassis.topology import event_queue
from contracts.errors import Invalid
from contracts.events import CAMPAIGN_PAGE_SET, RECIPIENT_LEFT_LISTS, UNSUBSCRIBE_PAGE_WRITTEN

from .test_attachments import CONTENT, SENDER

BRAND = {"name": "Sklep"}


@pytest.fixture
def told(broker: Broker) -> dict[str, list[dict[str, Any]]]:
    """What the gateway hears, by the event's name."""
    heard: dict[str, list[dict[str, Any]]] = {"keep_written_page": [], "keep_campaign_page": []}

    def hear(name: str, queue: str) -> None:
        def take(delivery: Delivery) -> None:
            heard[name].append(orjson.loads(delivery.body))
            delivery.ack()

        broker.consume(queue, take)

    hear("keep_written_page", event_queue(UNSUBSCRIBE_PAGE_WRITTEN, "api_gateway", "keep_written_page"))
    hear("keep_campaign_page", event_queue(CAMPAIGN_PAGE_SET, "api_gateway", "keep_campaign_page"))
    return heard


def mailing(owner: Any, page_id: Any, **more: Any) -> Any:
    options = {"unsubscribe_page_id": page_id}
    return owner.draft(100, channel="email", sender=SENDER, content=CONTENT, options=options, **more)


def test_a_campaign_that_starts_tells_which_page_and_lists_its_links_show(
    caller: Callable, email_channel: Any, dispatcher: Callable, told: dict[str, list[dict[str, Any]]]
) -> None:
    owner = caller()
    owner("create_unsubscribe_page", name="Domyślna", brand=BRAND)
    page = owner("create_unsubscribe_page", name="Zima", brand=BRAND)
    campaign = mailing(owner, page["id"])
    owner("schedule_campaign", campaign_id=campaign["id"])
    dispatcher()
    owner.wait_for(campaign["id"], "sent")

    def of_ours() -> list[dict[str, Any]]:
        """The queues have what campaigns of other tests told, too."""
        return [one for one in told["keep_campaign_page"] if one["campaign_id"] == campaign["id"]]

    wait_until(of_ours, what="what the gateway hears")
    (said,) = of_ours()
    assert said["page_id"] == page["id"]
    assert said["group_ids"] == campaign["audience"]["groups"]
    written = [one for one in told["keep_written_page"] if one["page_id"] == page["id"]]
    assert len(written) == 2 and written[-1]["brand"]["name"] == "Sklep", "again at the start: it may be older"

    owner("delete_unsubscribe_page", page_id=page["id"])
    wait_until(
        lambda: any(one["page_id"] == page["id"] and one["brand"] is None for one in told["keep_written_page"]),
        what="that it is gone",
    )


def test_a_page_is_the_accounts_own_and_an_e_mails(caller: Callable) -> None:
    owner, stranger = caller(), caller()
    page = stranger("create_unsubscribe_page", name="Cudza", brand=BRAND)

    def refusal(ask: Callable[[], Any]) -> list[tuple[str, str]]:
        with pytest.raises(Invalid) as refused:
            ask()
        return [(error["field"], error["code"]) for error in refused.value.errors]

    not_found = [("options.unsubscribe_page_id", "unsubscribe_page.not_found")]
    draft, options = mailing(owner, None), {"unsubscribe_page_id": page["id"]}
    assert refusal(lambda: mailing(owner, page["id"])) == not_found
    assert refusal(lambda: owner("update_campaign", campaign_id=draft["id"], options=options)) == not_found
    sms = owner.draft()
    not_on_channel = [("options.unsubscribe_page_id", "unsubscribe_page.not_on_channel")]
    assert refusal(lambda: owner("update_campaign", campaign_id=sms["id"], options=options)) == not_on_channel
    assert refusal(lambda: owner.draft(options=options)) == not_on_channel


def test_who_leaves_a_list_counts_once_for_their_message(caller: Callable, broker: Broker) -> None:
    owner, stranger = caller(), caller()
    campaign, message = mailing(owner, None), str(uuid4())
    event = {
        "event_id": str(uuid4()), "occurred_at": "2026-11-30T08:00:00+00:00", "account_id": str(owner.account_id),
        "campaign_id": campaign["id"], "message_id": message, "contact_id": str(uuid4()), "group_ids": [str(uuid4())],
    }  # fmt: skip
    again = {**event, "event_id": str(uuid4())}
    elsewhere = {**event, "event_id": str(uuid4()), "message_id": str(uuid4()), "account_id": str(stranger.account_id)}
    of_none = {**event, "event_id": str(uuid4()), "message_id": str(uuid4()), "campaign_id": None}
    other = {**event, "event_id": str(uuid4()), "message_id": str(uuid4())}
    for each in (event, event, again, elsewhere, of_none, other):
        broker.publish_event(RECIPIENT_LEFT_LISTS, orjson.dumps(each)).result(5)

    def counted() -> int:
        left: int = owner("get_campaign", campaign_id=campaign["id"])["progress"]["left_lists"]
        return left

    wait_until(lambda: counted() == 2, what="the count")
    owner("delete_campaign", campaign_id=campaign["id"])
