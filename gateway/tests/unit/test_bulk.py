"""An act on many contacts through the API: a job with a place of its own."""

import pytest

from api_gateway.routes import contacts

GROUP = "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e91"


@pytest.fixture
def client(make_client):
    return make_client(contacts.ROUTES)


def test_it_is_queued_looked_at_and_cancelled(client, writer, services):
    asked = []
    for name in ("create_bulk", "get_bulk", "cancel_bulk"):
        services.answers[f"contacts.{name}"] = lambda _actor, payload: asked.append(payload) or contacts._BULK

    queued = client.post(
        "/v1/contacts/bulk", json={"text": "a", "act": "add_to_group", "target_group_id": GROUP}, headers=writer
    )
    place = queued.headers["Location"]
    seen, ended = client.get(place, headers=writer), client.post(f"{place}/cancel", headers=writer)

    assert [queued.status_code, seen.status_code, ended.status_code] == [202, 200, 200]
    assert place == f"/v1/contacts/bulk/{contacts._BULK['id']}" and queued.headers["Retry-After"] == "1"
    assert asked == [
        {"text": "a", "act": "add_to_group", "target_group_id": GROUP},
        {"bulk_id": contacts._BULK["id"]},
        {"bulk_id": contacts._BULK["id"]},
    ]


def test_an_unknown_act_is_refused(client, writer):
    answer = client.post("/v1/contacts/bulk", json={"text": "a", "act": "explode"}, headers=writer)

    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "act")


def test_who_may_only_read_begins_none(client, log_in):
    reader = log_in(permissions=["contacts.read"])

    answer = client.post("/v1/contacts/bulk", json={"text": "a", "act": "archive"}, headers=reader)

    assert answer.status_code == 403
