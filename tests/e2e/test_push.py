"""A whole journey of push: an application, devices, a single message, a campaign, who opened it, a person's end."""

from __future__ import annotations

import hmac
from typing import Any

import pytest
import requests
from api import Api, Refused, poll
from journey import Journey


@pytest.fixture
def providers(environ: dict[str, str]) -> Api:
    return Api(f"http://127.0.0.1:{environ['WICI_PUSH_PORT']}")


def registered(journey: Journey, application: dict[str, Any], person: str, **device: Any) -> dict[str, Any]:
    """A device of the person with that external id, as the application and its server register it."""
    proof = hmac.digest(application["proof_key"].encode(), f"external_id:{person}".encode(), "sha256").hex()
    body = {"app_key": application["app_key"], "contact": {"external_id": person, "proof": proof}, **device}
    return dict(journey.public.post("/v1/devices", body))


def refused_strangers(journey: Journey, application: dict[str, Any], browser: dict[str, Any], person: str) -> None:
    """Who has no proof has nobody's messages; a stranger's endpoint is not called."""
    token = {"platform": "web", "token": browser["endpoint"], "keys": browser["keys"]}
    wrong = {"external_id": person, "proof": "0" * 64}
    for more, status in (({"contact": wrong}, 403), ({"token": "https://evil.example/x"}, 422)):
        with pytest.raises(Refused) as refused:
            journey.public.post("/v1/devices", {"app_key": application["app_key"], **token, **more})
        assert refused.value.status == status


def test_push_from_the_application_to_the_report(environ: dict[str, str], providers: Api) -> None:
    journey = Journey(environ)
    journey.register()
    journey.become_operator()
    journey.give_plan()
    api, stem = journey.api, journey.login
    group = api.post("/v1/groups", {"name": "App"})["id"]
    people = [f"{stem}-{place}" for place in range(3)]
    for person in people:
        api.post("/v1/contacts", {"external_id": person, "first_name": "Łucja", "group_ids": [group]})
    application = api.post("/v1/push/applications", {"name": "shop", "title": "Shop", "web_contact": "a@shop.example"})
    browsers = [providers.post("/browsers", {}) for _ in range(2)]
    devices = [
        registered(journey, application, person, platform="web", token=one["endpoint"], keys=one["keys"], language="pl")
        for person, one in zip(people, browsers, strict=False)
    ]

    refused_strangers(journey, application, browsers[0], people[0])
    contact = api.get(f"/v1/contacts/{devices[0]['contact_id']}")
    assert contact["push"] == contact["id"] and contact["consents"]["push"]["granted"] is True

    single = {"from": "shop", "to": [contact["push"]], "title": "Paczka", "body": "Skrytka {{ 12 }}", "url": "shop://p"}
    message = api.post("/v1/push", single, key="p1")["messages"][0]
    assert api.post("/v1/push", single, key="p1")["messages"][0] == message
    poll(lambda: api.get(f"/v1/push/{message['id']}"), lambda found: found["state"] == "delivered", seconds=60)

    draft = {
        "name": "Wyprzedaż", "channel": "push", "sender": "shop", "audience": {"groups": [group]},
        "content": {"title": "Hi", "body": "Sale", "translations": {"pl": {"title": "Hej {{ first_name }}"}}},
    }  # fmt: skip
    campaign_id = str(api.post("/v1/campaigns", draft)["id"])
    journey.schedule(campaign_id)
    journey.wait_sent(campaign_id)
    report = journey.wait_settled(campaign_id)
    assert (report["recipients"], report["counts"]["accepted"]) == (2, 2)

    ours = {one["endpoint"].rpartition("/")[2] for one in browsers}
    received = [one for one in providers.get("/messages?limit=100000")["items"] if one.get("target") in ours]
    assert [one["payload"]["body"] for one in received].count("Skrytka {{ 12 }}") == 1
    ours_of_campaign = [one for one in received if one["payload"]["body"] == "Sale"]
    assert {one["payload"]["title"] for one in ours_of_campaign} == {"Hej Łucja"} and len(ours_of_campaign) == 2

    person = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    assert requests.get(ours_of_campaign[0]["payload"]["opened"], headers=person, timeout=10).status_code == 200
    poll(lambda: journey.report(campaign_id), lambda found: found["counts"].get("unique_opens") == 1, seconds=60)

    erasure = api.post("/v1/privacy/erasures", {"external_id": people[0]})["id"]
    poll(lambda: api.get(f"/v1/privacy/erasures/{erasure}"), lambda found: found["state"] == "done", seconds=90)
    left = [one["id"] for one in api.pages(f"/v1/push/applications/{application['id']}/devices")]
    assert left == [devices[1]["id"]]
    assert api.get(f"/v1/push/{message['id']}")["to"] == "erased"
