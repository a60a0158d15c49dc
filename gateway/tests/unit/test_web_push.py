"""The web SDK of push, and devices that register from any page."""

from collections import Counter

import pytest

from api_gateway.routes import push_applications, web_push

ROUTES = [*web_push.ROUTES, *push_applications.ROUTES]
PAGE = {"Origin": "https://sklep.example"}
DEVICE = {"app_key": "m3pVnq0b1o2cX4rT6yU8", "platform": "fcm", "token": "fGh1:APA91bHqX"}


@pytest.mark.parametrize("name", ["sdk.js", "worker.js", "demo.js"])
def test_pages_of_any_origin_may_load_the_scripts(make_client, name):
    client = make_client(ROUTES)

    script = client.get(f"/web-push/{name}")

    assert script.status_code == 200 and script.mimetype == "application/javascript"
    assert script.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    again = client.get(f"/web-push/{name}", headers={"If-None-Match": script.headers["ETag"]})
    assert again.status_code == 304


def test_the_page_that_shows_them_loads_nothing_from_elsewhere(make_client):
    client = make_client(ROUTES)

    page = client.get("/web-push/demo")

    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "http://" not in page.text and "https://" not in page.text
    for name in ("..%2fnotice.html", "notice.html", "web_push_sdk.js", "x"):
        assert client.get(f"/web-push/{name}").status_code == 404, name


def test_a_browser_registers_from_whatever_page_the_application_is(make_client, services):
    services.answers["push_gateway.register_device"] = {
        "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b43",
        "contact_id": None,
    }
    client = make_client(ROUTES)

    preflight = client.options("/v1/devices", headers={**PAGE, "Access-Control-Request-Method": "POST"})
    made = client.post("/v1/devices", json=DEVICE, headers=PAGE)
    others = client.get("/v1/push/applications", headers=PAGE)

    assert preflight.headers["Access-Control-Allow-Origin"] == PAGE["Origin"]
    assert (made.status_code, made.headers["Access-Control-Allow-Origin"]) == (201, PAGE["Origin"])
    assert "Access-Control-Allow-Origin" not in others.headers


def test_few_devices_of_an_application_come_from_one_address_in_an_hour(make_client, services):
    services.answers["push_gateway.register_device"] = {
        "id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b43",
        "contact_id": None,
    }
    taken = Counter()

    def lease(subject, _start, _block, limit):  # one at a time, as the database would
        taken[subject] += 1
        return (1, limit - taken[subject]) if taken[subject] <= limit else (0, 0)

    client = make_client(ROUTES, device_rate=2, lease=lease)

    mine = [client.post("/v1/devices", json=DEVICE) for _ in range(3)]
    another = client.post("/v1/devices", json={**DEVICE, "app_key": "another-application"})

    assert [one.status_code for one in [*mine, another]] == [201, 201, 429, 201]
