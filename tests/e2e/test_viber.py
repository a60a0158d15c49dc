"""A whole journey of Viber: a bot, an invitation, a single message, a campaign, who has seen it, an answer, a STOP."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from api import Api, poll
from journey import Journey


@pytest.fixture
def viber(environ: dict[str, str]) -> Api:
    return Api(f"http://127.0.0.1:{environ['WICI_OTT_PORT']}")


def set_up(journey: Journey, token: str) -> str:
    """A bot that is asked for, set up by the operator, and reports to the gateway; its id."""
    bot = str(journey.api.post("/v1/viber/bots", {"name": "shop", "title": "Sklep"})["id"])
    known = {"auth_token": token, "uri": f"bot-{token[-8:]}"}
    decided = journey.operator.post(
        f"/v1/operator/viber/bots/{bot}/decision", {"decision": "activate", "reason": "Contract", **known}
    )
    assert "auth_token" not in decided
    poll(lambda: journey.api.get("/v1/viber/bots"), lambda page: bool(page["items"][0]["hook_at"]), seconds=90)
    return bot


def test_viber_from_the_bot_to_the_report(environ: dict[str, str], viber: Api) -> None:
    journey = Journey(environ)
    journey.register()
    journey.become_operator()
    journey.give_plan()
    api, token = journey.api, f"token-{secrets.token_hex(12)}"
    bot = set_up(journey, token)

    def act(viber_id: str, act: str, **more: Any) -> Any:
        return viber.post("/viber/acts", {"token": token, "viber_id": viber_id, "act": act, **more})

    group = api.post("/v1/groups", {"name": "Viber"})["id"]
    people = {}
    for name in ("anna", "ola", "ewa"):
        email = f"{name}.{secrets.token_hex(4)}@poczta.example"
        contact = api.post("/v1/contacts", {"email": email, "first_name": name.title(), "group_ids": [group]})
        people[name] = contact["id"]
    for name in ("anna", "ola"):
        link = api.post(f"/v1/viber/bots/{bot}/invitations", {"contact_id": people[name]})["link"]
        act(name, "conversation_started", context=link.partition("context=")[2])
        act(name, "subscribed")
        poll(
            lambda name=name: api.get(f"/v1/contacts/{people[name]}"), lambda one: one["viber"] == one["id"], seconds=60
        )

    single = {"from": "shop", "to": [people["anna"]], "text": "{{ 12 }}", "buttons": [{"text": "Tak", "payload": "1"}]}
    message = api.post("/v1/viber", single, key="v1")["messages"][0]
    assert api.post("/v1/viber", single, key="v1")["messages"][0] == message
    found = poll(lambda: api.get(f"/v1/viber/{message['id']}"), lambda one: bool(one["read_at"]), seconds=60)
    assert found["state"] == "delivered"

    act("ola", "message", text="STOP")
    archived = poll(lambda: api.get("/v1/archive?channel=viber"), lambda page: bool(page["items"]), seconds=60)
    assert [(one["address"], one["reason"]) for one in archived["items"]] == [(people["ola"], "stop")]

    draft = {
        "name": "Paczki", "channel": "viber", "sender": "shop", "audience": {"groups": [group]},
        "content": {"text": "Hej {{ first_name }}"},
    }  # fmt: skip
    campaign_id = str(api.post("/v1/campaigns", draft)["id"])
    journey.schedule(campaign_id)
    journey.wait_sent(campaign_id)
    report = poll(lambda: journey.report(campaign_id), lambda one: one["counts"].get("read") == 1, seconds=90)
    assert (report["recipients"], report["counts"]["delivered"]) == (1, 1), "neither who said STOP nor who never came"
    texts = [one["body"]["text"] for one in viber.get("/viber/messages?limit=1000")["items"] if one["to"] == "anna"]
    assert texts == ["{{ 12 }}", "Hej Anna"]

    act("anna", "message", text="Dziękuję!", tracking_data=message["id"])
    written = poll(
        lambda: api.get(f"/v1/inbound-viber?contact_id={people['anna']}"), lambda one: bool(one["items"]), seconds=60
    )
    assert (written["items"][0]["text"], written["items"][0]["message_id"]) == ("Dziękuję!", message["id"])
    act("anna", "unsubscribed")
    poll(lambda: api.get(f"/v1/contacts/{people['anna']}"), lambda one: one["viber"] is None, seconds=60)
