"""Account B calls every route that names a thing with account A's ids: not found, and nothing of A's changes."""

import re
from pathlib import Path

import pytest
from api import Refused

from api_gateway.routes import all_routes
from api_gateway.routing import PUBLIC

LIST = "e-mail;telefon\nola@poczta.example;600100200\nala@poczta.example;600100201\n"
# What a route cannot be asked without.
QUERIES = {"/v1/campaigns/<uuid:campaign_id>/report/recipients": "?who=opened"}
UNKNOWN = "0192f0a0-0000-7000-8000-00000000dead"
ROUTES = [
    route for route in all_routes() if route.path_parameters and route.permission != PUBLIC and not route.operator
]


@pytest.fixture(scope="module")
def tenants(environ, tmp_path_factory):
    """Account A with one of everything, and account B; A's ids by noun."""
    from journey import Journey

    a, b = Journey(environ), Journey(environ)
    for account in (a, b):
        account.register()
    a.become_operator()
    a.give_plan()
    a.connect_simulators()
    a.authorise_senders()
    b.operator = a.operator
    b.give_plan()
    file: Path = tmp_path_factory.mktemp("lists") / "people.csv"
    file.write_text(LIST, "utf-8")
    job = a.import_contacts(file, group="Ludzie", consent=["sms", "email"])
    group_id = job["group_ids"][0]
    campaign_id = a.sms_campaign(group_id)
    message = a.api.post("/v1/sms", {"from": "Wici", "to": ["+48600100200"], "text": "Raz"}, key="tenants")
    ids = {
        "groups": group_id,
        "imports": job["id"],
        "campaigns": campaign_id,
        "sms": message["messages"][0]["id"],
        "messages": message["messages"][0]["id"],
        "contacts": next(iter(a.api.pages("/v1/contacts")))["id"],
        "sender-ids": next(iter(a.api.pages("/v1/sender-ids")))["id"],
        "sender-domains": next(iter(a.api.pages("/v1/sender-domains")))["id"],
        "sessions": next(iter(a.api.pages("/v1/sessions")))["id"],
        "users": a.api.get("/v1/me")["id"],
        "api-keys": a.api.post("/v1/api-keys", {"name": "Klucz", "scopes": ["contacts.read"]})["id"],
        "templates": a.api.post("/v1/templates", {"name": "Wzór", "channel": "sms", "content": {"text": "Raz"}})["id"],
        "forms": a.api.post("/v1/forms", {"name": "Zapis", "consent_texts": {"pl": "Tak."}})["id"],
        "contact-fields": a.api.post("/v1/contact-fields", {"key": "rozmiar", "type": "text"})["id"],
    }
    return a, b, ids


def state_of(a):
    """What A sees of its own, as far as lists show it."""
    lists = ["contacts", "groups", "campaigns", "sender-ids", "sender-domains", "users", "api-keys", "templates"]
    lists += ["forms"]
    seen = {name: sorted(str(item) for item in a.api.pages(f"/v1/{name}")) for name in lists}
    return {
        name: re.sub(r"'(last_used_at|contacts|updated_at)': [^,}]+", "", str(items)) for name, items in seen.items()
    }


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_b_finds_nothing_of_a(tenants, route):
    a, b, ids = tenants
    noun = route.path.split("/")[2]
    foreign = ids.get(noun, UNKNOWN)
    path = re.sub(r"<[^>]+>", foreign, route.path) + QUERIES.get(route.path, "")
    before = state_of(a)

    with pytest.raises(Refused) as refused:
        b.api.request(route.method, path, dict(route.example or {}) if route.request else None)

    assert refused.value.status in (403, 404), str(refused.value)
    assert state_of(a) == before
