"""Account B walks the whole live description with account A's ids, and finds, learns and changes nothing."""

import json
import re
import secrets
import time
from uuid import UUID

import psycopg
import pytest
from api import Refused
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from journey import DOMAIN, Journey
from psycopg import sql

COMPANY = {"name": "Łąka sp. z o.o.", "address": "Polna 1, 00-001 Warszawa", "vat_number": "5260250274"}
LINES = [{"description": "Konfiguracja", "quantity": "1", "unit": "h", "unit_net_price": 25000, "vat_rate": "23"}]
BRAND = {"name": "Łąka", "background": "#ffffff", "text": "#1d2129", "button": "#14532d", "button_text": "#ffffff"}
PAGE_TEXTS = ("title", "text", "leave", "done_title", "done", "why", "thanks")
# Whose id a field of a body or query names, by the field's name.
NOUNS = {
    "group": "groups", "groups": "groups", "exclude_groups": "groups", "group_id": "groups", "group_ids": "groups",
    "target_group_id": "groups", "source_group_id": "groups", "test_id": "url-tests", "test_of": "campaigns",
    "segments": "segments", "exclude_segments": "segments", "segment_id": "segments",
    "message_ids": "rcs",
    "contact_id": "contacts", "contact_ids": "contacts", "campaign_id": "campaigns", "roles": "roles",
    "attachments": "files", "unsubscribe_page_id": "unsubscribe-pages",
    "user_id": "users", "user_ids": "users", "api_key_id": "api-keys", "submitter_id": "api-keys",
    "template_id": "templates", "account_id": "accounts",
    "trial_number_id": "trial-numbers", "application_id": "applications", "device_id": "devices",
    "operator_id": None, "carrier_id": None, "plan_id": None, "pool_id": None, "range_id": None,
}  # fmt: skip
PRICE = {"network": "pl.play", "amount": 7, "from": "2031-01-01T00:00:00+00:00", "reason": "Test"}
# Columns and tables that change by themselves.
ASIDE = {
    # Leases and campaigns settle with identity some time after what they were for.
    "used", "reserved",
    # What changes by itself: uses, and what is found in a domain's DNS or at WhatsApp.
    "last_used_at", "checked_at", "check_due_at", "found", "seen", "lost_at", "stopped_at",
    "templates_at", "templates_due_at", "templates_problem",
}  # fmt: skip
QUEUES = {"outbox", "inbox", "quota_leases", "leases", "reservations", "quota_reservations"}


@pytest.fixture(scope="module")
def a(environ):
    made = Journey(environ)
    made.prepare()
    return made


@pytest.fixture(scope="module")
def b(environ, a):
    made = Journey(environ)
    made.register()
    made.operator = a.operator
    made.give_plan()
    return made


@pytest.fixture(scope="module")
def secret():
    """A word that stands in everything of A's, so that an answer that shows any of it is known by it."""
    return f"tajne{secrets.token_hex(6)}"


def pushed(a, secret):
    """An application with a device, and a push to it."""
    application = a.api.post("/v1/push/applications", {"name": "tajne", "title": secret})
    device = {"app_key": application["app_key"], "platform": "fcm", "token": secret}
    device_id = a.public.post("/v1/devices", device)["id"]
    push = {"from": "tajne", "to": [device_id], "title": secret, "body": secret}
    messages = a.api.post("/v1/push", push, key="tenants-push")["messages"]
    return {"applications": application["id"], "devices": device_id, "push": messages[0]["id"]}


def chain_of(secret):
    """One message over two steps."""
    step = {"channel": "sms", "from": "Wici", "content": {"text": secret}}
    return {"to": {"phone": "+48600100200"}, "steps": [step, step], "external_id": secret}


def written_by_rcs(a, secret):
    """An agent, and a message from it."""
    agent = a.api.post("/v1/rcs/agents", {"name": "tajne", "title": secret[:20], "purpose": secret})["id"]
    key = rsa.generate_private_key(65_537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = f"/v1/operator/rcs/agents/{agent}"
    known = {"google_id": secret, "client_email": "a@b.example", "private_key": key.decode(), "client_token": secret}
    a.operator.put(f"{path}/credentials", {**known, "reason": "Test"})
    a.operator.post(f"{path}/decision", {"decision": "activate", "reason": "Test"})
    message = {"from": "tajne", "to": ["+48600100200"], "kind": "basic", "text": secret}
    messages = a.api.post("/v1/rcs", message, key="tenants-rcs")["messages"]
    return {"agents": agent, "rcs": messages[0]["id"]}


def written_on_whatsapp(a, secret):
    """A WhatsApp number, and a message from it."""
    asked = {"name": "tajne", "title": secret, "phone": "+48500700800"}
    sender = a.api.post("/v1/whatsapp/senders", asked)["id"]
    known = {
        "phone_number_id": f"10{secrets.randbelow(10**12):012d}", "business_account_id": "102290129340398",
        "access_token": f"EAA{secret}", "app_secret": secret, "verify_token": secret,
    }  # fmt: skip
    path = f"/v1/operator/whatsapp/senders/{sender}/decision"
    a.operator.post(path, {"decision": "activate", "reason": "Test", **known})
    message = {"from": "tajne", "to": ["+48600100200"], "text": secret}
    messages = a.api.post("/v1/whatsapp", message, key="tenants-whatsapp")["messages"]
    return {"senders": sender, "whatsapp": messages[0]["id"]}


def written_on_viber(a, secret):
    """A Viber bot, and a message from it."""
    bot = a.api.post("/v1/viber/bots", {"name": "tajne", "title": secret[:28]})["id"]
    known = {"auth_token": f"token-{secret}", "uri": secret}
    path = f"/v1/operator/viber/bots/{bot}/decision"
    a.operator.post(path, {"decision": "activate", "reason": "Test", **known})
    message = {"from": "tajne", "to": ["0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b40"], "text": secret}
    messages = a.api.post("/v1/viber", message, key="tenants-viber")["messages"]
    return {"bots": bot, "viber": messages[0]["id"]}


def blocked_address(a, smtp_account_id, email):
    """The id of an address that an SMTP account of A's sends nothing to."""
    path = f"/v1/smtp-accounts/{smtp_account_id}/blocked-addresses"
    a.api.post(path, {"emails": [email]})
    return next(a.api.pages(path))["id"]


@pytest.fixture(scope="module")
def ids(a, secret, tmp_path_factory):
    """A's ids by noun, one of everything that an address can name."""
    file = tmp_path_factory.mktemp("lists") / "people.csv"
    file.write_text(
        f"e-mail;telefon;imię\n{secret}@poczta.example;600100200;{secret}\nala@poczta.example;zły;{secret}\n"
    )
    job = a.import_contacts(file, group=secret, consent=["sms", "email"])
    group = job["group_ids"][0]
    sms = a.api.post("/v1/sms", {"from": "Wici", "to": ["+48600100200"], "text": secret}, key="tenants")
    mail = {"from": {"email": f"sklep@{DOMAIN}"}, "to": [{"email": f"{secret}@poczta.example"}], "subject": secret}
    emails = a.api.post("/v1/emails", {**mail, "text": secret}, key="tenants-mail")
    found = {
        "accounts": a.account_id,
        "groups": group,
        "imports": job["id"],
        "campaigns": a.sms_campaign(group, name=secret, text=secret),
        "sms": sms["messages"][0]["id"],
        "messages": sms["messages"][0]["id"],
        "emails": emails["messages"][0]["id"],
        "contacts": next(a.api.pages("/v1/contacts"))["id"],
        "sender-ids": next(a.api.pages("/v1/sender-ids"))["id"],
        "sender-domains": next(a.api.pages("/v1/sender-domains"))["id"],
        "sessions": next(a.api.pages("/v1/sessions"))["id"],
        "users": a.api.get("/v1/me")["id"],
    }
    for noun, body in {
        "api-keys": {"name": secret, "scopes": ["contacts.read"]},
        "templates": {"name": secret, "channel": "sms", "content": {"text": secret}},
        "contact-fields": {"key": secret, "label": secret, "type": "text"},
        "forms": {"name": secret, "consent_texts": {"pl": secret}},
        "segments": {"name": secret, "rules": {"field": "first_name", "op": "eq", "value": secret}},
        "roles": {"name": secret, "permissions": ["contacts"]},
        "exports": {"group_id": group, "format": "csv"},
        "sender-addresses": {"email": f"{secret}@inne.example", "name": secret},
        "trial-numbers": {"phone": f"+4852{secrets.randbelow(10**7):07d}"},
        "groups/combine": {"operation": "union", "group_ids": [group], "name": f"{secret} 2"},
        "links": {"suffix": secret, "target": f"https://{secret}.example/"},
        "unsubscribe-pages": {"name": secret, "brand": BRAND, "texts": {"pl": dict.fromkeys(PAGE_TEXTS, secret)}},
        "sms-keywords": {"keyword": secret, "answer": secret},
        "smpp-accounts": {"name": secret, "ip_list": ["192.0.2.0/24"]},
        "smtp-accounts": {"name": secret, "ip_list": ["192.0.2.0/24"]},
    }.items():
        found[noun.rpartition("/")[2]] = a.api.post(f"/v1/{noun}", body)["id"]
    found |= (
        pushed(a, secret) | written_on_whatsapp(a, secret) | written_by_rcs(a, secret) | written_on_viber(a, secret)
    )
    found["message-chains"] = a.api.post("/v1/messages", chain_of(secret), key="tenants-chain")["id"]
    found["blocked-addresses"] = blocked_address(a, found["smtp-accounts"], f"{secret}@zablokowane.example")
    hosted = file.with_name(f"{secret}.txt")
    hosted.write_text(secret)
    found["files"] = a.api.upload("/v1/files", hosted)["id"]
    # Not enabled, so that nothing of it changes while the tests run; its name leads nowhere.
    webhook = {
        "url": f"https://{secret}.example/",
        "events": ["message.opened"],
        "description": secret,
        "enabled": False,
    }
    found["webhooks"] = a.api.post("/v1/webhooks", webhook)["id"]
    found["report-schedules"] = a.api.post("/v1/report-schedules", {"kind": "weekly"})["id"]
    found["deliveries"] = a.api.post(f"/v1/webhooks/{found['webhooks']}/test")["id"]
    found["url-tests"] = a.api.post("/v1/webhooks/test", {"url": webhook["url"]})["id"]
    archived = {"channel": "email", "addresses": [f"x{secret}@poczta.example"], "reason": "spam", "note": secret}
    found["archive"] = a.api.post("/v1/archive", archived)["items"][0]["id"]
    counted = {"text": secret, "act": "add_to_group", "target_group_id": group, "dry_run": True}
    found["bulk"] = found["jobs"] = a.api.post("/v1/contacts/bulk", counted)["id"]
    found["erasures"] = a.api.post("/v1/privacy/erasures", {"email": "ala@poczta.example"})["id"]
    a.api.patch("/v1/account", {"company": COMPANY})
    invoice = {"lines": LINES, "reason": "Test"}
    found["invoices"] = a.operator.post(f"/v1/operator/accounts/{a.account_id}/invoices", invoice)["id"]
    for noun in ("carriers", "routes", "mail-routes"):
        found[noun] = next(a.operator.pages(f"/v1/operator/{noun}"))["id"]
    found["sms-prices"] = a.operator.post("/v1/operator/sms-prices", PRICE)["id"]
    test = {"to": "+48600100200", "sender": "Wici", "text": "Test", "reason": "Test"}
    found["tests"] = a.operator.post(f"/v1/operator/carriers/{found['carriers']}/tests", test)["id"]
    pool = a.operator.post("/v1/operator/ip-pools", {"name": secret, "kind": "dedicated", "reason": "Test"})
    address = {"address": f"192.0.2.{secrets.randbelow(256)}", "ehlo_name": f"{secret}.example", "reason": "Test"}
    pool = a.operator.post(f"/v1/operator/ip-pools/{pool['id']}/addresses", address)
    found["ip-pools"], found["addresses"] = pool["id"], pool["addresses"][0]["id"]
    # Only a surge of messages makes a range; that B is no operator comes first.
    found |= {"plans": "enterprise", "versions": 1, "sms-ranges": str(UUID(int=7))}
    found["duplicates"] = a.operator.post(f"/v1/operator/invoices/{found['invoices']}/duplicates", {"reason": "Test"})[
        "id"
    ]
    return found


@pytest.fixture(scope="module")
def own(b):
    """B's own things, for addresses below which bodies may name others."""
    contact = b.api.post("/v1/contacts", {"email": "b@poczta.example"})["id"]
    user = {"login": f"b{secrets.token_hex(4)}", "email": "b@poczta.example", "password": secrets.token_urlsafe(18)}
    return {
        "contacts": contact,
        "groups": b.api.post("/v1/groups", {"name": "B"})["id"],
        "campaigns": b.api.post("/v1/campaigns", {"name": "B", "channel": "sms", "content": {"text": "B"}})["id"],
        "forms": b.api.post("/v1/forms", {"name": "B", "consent_texts": {"pl": "Tak."}})["id"],
        "segments": b.api.post("/v1/segments", {"name": "B", "rules": {"field": "city", "op": "eq", "value": "B"}})[
            "id"
        ],
        "users": b.api.post("/v1/users", user)["id"],
    }


@pytest.fixture(scope="module")
def described(a):
    return a.public.get("/v1/openapi.json")


@pytest.fixture(scope="module")
def operations(described):
    """(method, path, operation) of the running system's own description; public ones answer anyone by their purpose."""
    return [
        (method.upper(), path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if operation["security"]
    ]


def with_ids(path, ids):
    """The path with A's ids; raises KeyError for one of a noun that `ids` has none of."""

    def of(found):
        return ids[re.sub(r"[^a-z-]", "", found[1])]

    return re.sub(r"([a-z-]+)/\{[a-z_]+\}", lambda found: f"{found[1]}/{of(found)}", path)


def example(operation):
    for content in operation.get("requestBody", {}).get("content", {}).values():
        return content["example"]
    return None


def needed_query(operation):
    needed = [one for one in operation["parameters"] if one["in"] == "query" and one.get("required")]
    return "&".join(f"{one['name']}={one['schema'].get('enum', ['Test'])[0]}" for one in needed)


def ask(b, method, path, body):
    """(status, answer as text) of what B asks."""
    try:
        return 200, json.dumps(b.api.request(method, path, body), default=str, ensure_ascii=False)
    except Refused as refused:
        return refused.status, json.dumps(refused.problem)


def rows_of(environ, account_id):
    """A checksum of an account's rows by table, in every service's database."""
    sums = {}
    for name in sorted(name for name in environ if name.endswith("_DATABASE_URL") and not name.startswith("WICI_")):
        with psycopg.connect(environ[name]) as connection:
            columns = {}
            for table, column in connection.execute(
                "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            ):
                columns.setdefault(table, set()).add(column)
            for table, names in columns.items():
                if "account_id" in names and table not in QUEUES:
                    sums[name, table] = checksum(connection, table, sorted(names - ASIDE), account_id)
    return sums


def checksum(connection, table, columns, account_id):
    query = sql.SQL("SELECT count(*), sum(hashtext(row({})::text)) FROM {} WHERE account_id = %s").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
    )
    return connection.execute(query, [account_id]).fetchone()


@pytest.fixture
def unchanged(environ, a, ids):
    """Nothing of A's changes while the test runs."""
    ends = time.monotonic() + 120
    before = rows_of(environ, a.account_id)
    while True:  # messages on their way first arrive
        time.sleep(1)
        now = rows_of(environ, a.account_id)
        if now == before:
            break
        assert time.monotonic() < ends, changed(before, now)
        before = now
    assert len([counted for counted, _sum in before.values() if counted]) > 20
    yield
    time.sleep(1)  # what B may have set going would show by now: time is the subject
    assert changed(before, rows_of(environ, a.account_id)) == {}


def changed(before, now):
    return {table: (before.get(table), now.get(table)) for table in before | now if before.get(table) != now.get(table)}


def test_b_finds_nothing_of_a_by_id(a, b, ids, operations, secret, unchanged):
    wrong, tried = [], 0

    for method, path, operation in operations:
        if "{" not in path:
            continue
        try:
            asked = f"{with_ids(path, ids)}?{needed_query(operation)}".rstrip("?")
        except KeyError as noun:
            wrong.append(f"{method} {path}: the test has no id of A's {noun}: give the fixture `ids` one")
            continue
        status, answer = ask(b, method, asked, example(operation))
        tried += 1
        if status not in (403, 404) or secret in answer:
            wrong.append(f"{method} {path}: {status} {answer[:300]}")

    assert wrong == []
    assert tried > 70


def test_b_learns_nothing_by_naming_things_of_a(b, ids, own, described, operations, secret, unchanged):
    wrong, tried = [], set()

    for method, path, operation in operations:
        try:
            address = with_ids(path, own)
        except KeyError:
            continue  # B has no such thing to name A's below.
        for name, noun, asked, body in naming(described, operation, address, ids):
            status, answer = ask(b, method, asked, body)
            tried.add(name)
            if status >= 500 or secret in answer:
                wrong.append(f"{method} {path} with A's {noun} as {name}: {status} {answer[:300]}")

    assert wrong == []
    assert tried >= {"group_ids", "group_id", "contact_ids", "contact_id", "groups", "segments", "roles", "campaign_id"}


def naming(described, operation, address, ids):
    """The example once more for each field and query that names a thing, with A's thing there."""
    whole = example(operation)
    for place, is_list in places(described, body_schema(operation), ()):
        noun = NOUNS[place[-1]]
        if noun:
            yield place[-1], noun, address, replaced(whole, place, [ids[noun]] if is_list else ids[noun])
    for one in operation["parameters"]:
        noun = NOUNS.get(one["name"]) if one["in"] == "query" else None
        if noun:
            yield one["name"], noun, f"{address}?{one['name']}={ids[noun]}", whole


def body_schema(operation):
    for content in operation.get("requestBody", {}).get("content", {}).values():
        return content["schema"]
    return {}


def places(described, schema, path):
    """(path, whether it is a list) of every field of ids in a body's schema, those of lists of objects left out."""
    if "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for choice in schema.get("anyOf", ()):
        if len(path) < 3:
            yield from places(described, choice, path)
    for name, field in schema.get("properties", {}).items():
        kind = json.dumps(field)
        if '"uuid"' in kind and "$ref" not in kind and "properties" not in kind:
            yield (*path, name), '"array"' in kind
        elif len(path) < 3:
            yield from places(described, field, (*path, name))


def replaced(node, place, value):
    if not place:
        return value
    node = dict(node or {})
    node[place[0]] = replaced(node.get(place[0]), place[1:], value)
    return node


def test_every_field_that_names_a_thing_is_known(described, operations):
    """A new field of ids fails here until NOUNS says whose they are."""
    named = set()
    for _method, _path, operation in operations:
        named |= {one["name"] for one in operation["parameters"] if one["in"] == "query" and "uuid" in json.dumps(one)}
        named |= {place[-1] for place, _is_list in places(described, body_schema(operation), ())}

    assert named - NOUNS.keys() == set()
