"""A person who left a trace everywhere: one file tells all of it, and after the erasure no database names them."""

import io
import json
import re
import secrets
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from api import Refused, poll
from journey import DOMAIN, SENDER_ID

from chassis.database import Database, make_engine
from chassis.testing import places_of

# What may still name a person, why, and for how long at most.
EXCEPTIONS = {
    "api_gateway": ("idempotent_requests",),  # answers of requests with an Idempotency-Key: 24 hours
    "sms_gateway": ("parked_receipts",),  # receipts of messages that nobody knows: 3 days
}


class Anna:
    def __init__(self):
        word = secrets.token_hex(3)
        self.email, self.old_email = f"anna.{word}@poczta.example", f"panna.{word}@poczta.example"
        self.phone = f"+48500{secrets.randbelow(10**6):06d}"
        self.name = f"Wiśniewska{word}"

    @property
    def needles(self):
        return (self.email, self.old_email, self.phone, self.phone[3:], self.name, self.email.replace("@", "%40"))


@pytest.fixture(scope="module")
def lived(environ, tmp_path_factory):
    """Anna, imported, written to, moved, signed up, archived; and others beside her."""
    from journey import Journey

    journey, anna = Journey(environ), Anna()
    journey.prepare()
    others = "".join(f"o{n}.{secrets.token_hex(3)}@poczta.example;+48501{n:06d};Inny\n" for n in range(20))
    file = tmp_path_factory.mktemp("list") / "people.csv"
    file.write_text(
        f"e-mail;telefon;nazwisko\n{anna.old_email};{anna.phone};{anna.name}\n{others};;{anna.email} bez adresu\n"
    )
    group_id = journey.import_contacts(file, group="Ludzie", consent=["sms", "email"])["group_ids"][0]
    _write_to_all(journey, group_id)
    contact = next(one for one in journey.api.pages("/v1/contacts", phone=anna.phone))
    journey.api.patch(f"/v1/contacts/{contact['id']}", {"email": anna.email})
    _write_to_her(journey, anna)
    _sign_up(journey, anna)
    archived = {"channel": "sms", "addresses": [anna.phone], "reason": "other", "note": f"{anna.name} dzwoniła"}
    journey.api.post("/v1/archive", archived)
    listed = journey.api.post("/v1/exports", {"group_id": group_id, "format": "csv"})
    _wait(journey, f"/v1/exports/{listed['id']}")
    return journey, anna, group_id


def _write_to_all(journey, group_id):
    before = journey.simulators.mailbox.get("/counts")["accepted"]
    html = '<p>{{ last_name }}</p><a href="https://x.example/?k={{ email }}">x</a><a href="{{ unsubscribe_url }}">y</a>'
    for campaign_id in (journey.sms_campaign(group_id), journey.email_campaign(group_id, html=html)):
        journey.schedule(campaign_id)
        journey.wait_sent(campaign_id)
        journey.wait_settled(campaign_id)
    done = journey.read_mail(after=before, opens=1, clicks=1, leave=0)
    journey.wait_engagement(campaign_id, done)


def _write_to_her(journey, anna):
    """Single messages: one sent, and one that waits for its day."""
    sms = {"from": SENDER_ID, "to": [anna.phone], "text": f"{anna.name}, kod 1234 na {anna.phone}"}
    journey.api.post("/v1/sms", sms)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    journey.api.post("/v1/sms", {**sms, "schedule_at": tomorrow.isoformat()})
    mail = {"from": {"email": f"sklep@{DOMAIN}"}, "subject": anna.name, "text": f"Dla {anna.email}"}
    journey.api.post("/v1/emails", {**mail, "to": [{"email": anna.email, "variables": {"kto": anna.name}}]})


def _sign_up(journey, anna):
    form = journey.api.post("/v1/forms", {"name": "Newsletter", "consent_texts": {"pl": "Tak."}})
    answers = {"fields": {"email": anna.email}, "consent": True}
    journey.public.post(f"/v1/forms/{form['id']}/submissions", answers)


def _wait(journey, path):
    job = poll(lambda: journey.api.get(path), lambda one: one["state"] not in ("waiting", "running"), seconds=60)
    assert job["state"] == "done", job
    return job


def _places(environ, needles):
    found = {}
    for key, url in environ.items():
        if key.endswith("_DATABASE_URL") and not key.startswith("WICI_"):
            service = key.removesuffix("_DATABASE_URL").lower()
            database = Database(make_engine(url, pool_size=1))
            places = places_of(database, needles, but=EXCEPTIONS.get(service, ()))
            database.dispose()
            if places:
                found[service] = places
    return found


def test_the_file_of_a_person_holds_every_trace(lived):
    journey, anna, _ = lived

    asked = journey.api.post("/v1/privacy/exports", {"phone": anna.phone})
    job = _wait(journey, f"/v1/privacy/exports/{asked['id']}")
    raw = journey.api.get(f"/v1/privacy/exports/{asked['id']}/file")

    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        told = {name: archive.read(name).decode() for name in archive.namelist()}
    documents = {name: json.loads(text)["records"] for name, text in told.items() if name != "index.html"}
    kinds = {name: {one["kind"] for one in records} for name, records in documents.items()}
    assert kinds["contacts.json"] >= {
        *("contact", "former_address", "group", "consent", "import", "archive", "submission", "engagement"),
    }
    assert len(documents["sms_gateway.json"]) >= 2 and "kod 1234" in told["sms_gateway.json"]
    assert anna.old_email in told["email_gateway.json"] and f"Dla {anna.email}" in told["email_gateway.json"]
    moments = [m for one in documents["reporting.json"] for m in one["record"]["timeline"]]
    assert {"delivered", "opened", "clicked"} <= {moment["kind"] for moment in moments}
    assert any(moment["ip"] and moment["user_agent"] for moment in moments if moment["kind"] == "opened")
    assert re.search(r"reporting\.json.*message", told["index.html"]) and job["expires_at"]


def test_after_the_erasure_no_database_names_the_person_and_numbers_stay(lived, environ):
    journey, anna, _ = lived
    before = [journey.report(one["id"])["counts"] for one in journey.api.pages("/v1/campaigns")]
    assert len(_places(environ, anna.needles)) >= 4
    dry = journey.api.post("/v1/privacy/erasures", {"email": anna.email, "dry_run": True})
    counts = {one["service"]: one["counts"] for one in _wait(journey, f"/v1/privacy/erasures/{dry['id']}")["services"]}
    assert counts["reporting"]["messages"] >= 4 and counts["contacts"]["contacts"] == 1

    erasure = journey.api.post("/v1/privacy/erasures", {"email": anna.email})
    job = _wait(journey, f"/v1/privacy/erasures/{erasure['id']}")

    assert {one["state"] for one in job["services"]} == {"done", "holds_nothing"}
    poll(lambda: _places(environ, anna.needles), lambda places: not places, seconds=20)
    assert [journey.report(one["id"])["counts"] for one in journey.api.pages("/v1/campaigns")] == before
    ran = subprocess.run(
        [sys.executable, "-m", "reporting.commands.check"], env=environ, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_no_list_and_no_upsert_brings_an_erased_person_back(lived, tmp_path):
    journey, anna, group_id = lived
    file = tmp_path / "again.csv"
    file.write_text(f"e-mail;telefon\n{anna.email};\n;{anna.phone}\n{anna.old_email};\nnowa@poczta.example;\n")

    job = journey.import_contacts(file)

    assert (job["counts"]["added"], job["counts"]["rejected"]) == (1, 3)
    assert job["problems"] == {"email.erased": 2, "phone.erased": 1}
    item = journey.api.post("/v1/contacts/batch", {"contacts": [{"email": anna.email}]})["items"][0]
    assert (item["outcome"], item["code"]) == ("rejected", "address.erased")
    with pytest.raises(Refused) as refused:
        journey.api.post("/v1/contacts", {"email": anna.email})
    assert refused.value.code == "address.erased"
    assert anna.phone not in str(list(journey.api.pages("/v1/contacts", group_id=group_id)))
