"""A customer's system is told of every message of a campaign, though the process that tells it is killed on the way."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from journey import Journey
from standardwebhooks.webhooks import Webhook

from chassis.testing import wait_until

PEOPLE = 300


@pytest.fixture
def endpoint():
    """(its URL, the requests that have come: headers and body)."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests.append(({name.lower(): value for name, value in self.headers.items()}, body.decode()))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments):
            """Not in the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/wici", requests
    server.shutdown()
    server.server_close()


def test_every_message_is_told_of_though_the_process_is_killed(system, environ, endpoint, tmp_path):
    url, requests = endpoint
    journey = Journey(environ)
    journey.prepare()
    file = tmp_path / "people.csv"
    file.write_text("e-mail\n" + "".join(f"osoba{number}@poczta.example\n" for number in range(PEOPLE)))
    group = journey.import_contacts(file, group="Klienci", consent=["email"])["group_ids"][0]
    asked = {"url": url, "events": ["message.delivered", "campaign.state_changed"], "max_events": 20}
    test_id = journey.api.post("/v1/webhooks/test", {"url": url})["id"]
    wait_until(
        lambda: journey.api.get(f"/v1/webhooks/url-tests/{test_id}")["state"] == "delivered", what="the test of the URL"
    )
    webhook = journey.api.post("/v1/webhooks", {**asked, "test_id": test_id})
    journey.api.post(f"/v1/webhooks/{webhook['id']}/test")
    wait_until(lambda: len(requests) == 2, what="the test")

    campaign_id = journey.email_campaign(group)
    tests = {"addresses": ["szef@poczta.example"]}
    tested = journey.api.post(f"/v1/campaigns/{campaign_id}/test", tests, key="test-of-it")["messages"][0]["id"]
    journey.schedule(campaign_id)
    wait_until(lambda: len(requests) > 3, timeout=60, what="the first events")
    system.kill("reporting.webhooks")
    journey.wait_settled(campaign_id)
    delivered = {one["id"] for one in journey.messages(campaign_id) if one["state"] == "delivered"}
    assert len(delivered) == PEOPLE
    (listed,) = [one for one in journey.api.get("/v1/campaigns")["items"] if one["id"] == campaign_id]
    assert listed["rates"] == {"delivery_rate": 1.0, "open_rate": 0.0, "click_rate": 0.0}
    assert [one["id"] for one in journey.api.get(f"/v1/messages?test_of={campaign_id}")["items"]] == [tested]
    last = journey.api.get(f"/v1/messages/{tested}")["timeline"][-1]
    assert last["kind"] == "delivered" and last["detail"] and not last.get("peer"), "our own smarthost has no name"

    def told():
        return [event for _headers, body in list(requests) for event in json.loads(body)]

    def is_complete():
        return {event["data"].get("message_id") for event in told()} >= {*delivered, tested}

    # What the killed process had in hand is sent again when its lease has ended, after a minute.
    wait_until(is_complete, timeout=120, what="every delivery")
    by_id = {event["id"]: event for event in told()}
    messages = [event for event in by_id.values() if event["type"] == "message.delivered"]
    assert len(messages) == PEOPLE + 1  # the campaign's test, too
    people = {f"osoba{n}@poczta.example" for n in range(PEOPLE)}
    assert {event["data"]["address"] for event in messages} == {*people, *tests["addresses"]}
    states = [event["data"]["state"] for event in by_id.values() if event["type"] == "campaign.state_changed"]
    assert {"scheduled", "sending", "sent"} <= set(states)
    for headers, body in requests:
        assert Webhook(webhook["secret"]).verify(body, headers)


def test_a_send_has_an_address_of_its_own_and_a_key_has_a_webhook(system, environ, endpoint):
    url, requests = endpoint
    journey = Journey(environ)
    journey.prepare()
    secret = journey.api.post("/v1/webhooks/key", {})["secret"]
    sms = {"from": "Wici", "to": ["+48600100207"], "text": "Raz", "external_id": "zam/7", "webhook_url": url}
    message_id = journey.api.post("/v1/sms", sms)["messages"][0]["id"]

    def told():
        return [event for _headers, body in list(requests) for event in json.loads(body)]

    wait_until(lambda: "message.delivered" in {event["type"] for event in told()}, timeout=60, what="its end")
    assert {event["data"]["message_id"] for event in told()} == {message_id}
    assert {event["data"]["address"] for event in told()} == {"+48600100207"}
    for headers, body in requests:
        assert Webhook(secret).verify(body, headers)
    (found,) = journey.api.get("/v1/messages?external_id=zam/7")["items"]
    assert found["id"] == message_id
    (stands,) = [one for one in journey.api.get("/v1/webhooks")["items"] if one["for_sends"]]
    assert stands["url"] == url
