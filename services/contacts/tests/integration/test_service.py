"""The service, its jobs and stand-ins for identity and reporting as real processes on the real bus."""

from __future__ import annotations

import os
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from chassis.broker import Broker
from chassis.ids import new_id
from chassis.rpc_client import RpcClient
from chassis.testing import RunningProcess, free_port, wait_until
from chassis.testing_clients import PatientClient
from chassis.topology import event_queue
from contracts import errors, events
from contracts.vocabulary import ArchiveReason, Channel

from .fake_reporting import SENT_TO

FIXTURES = Path(__file__).parent.parent / "fixtures"


class Api:
    def __init__(self, client: PatientClient) -> None:
        self._client = client
        self.actor = {"account_id": str(new_id()), "user_id": str(new_id())}

    def __call__(self, name: str, /, **payload: object) -> dict:
        return self._client.call(f"contacts.{name}", self.actor, payload, deadline=20.0)

    def start_import(self, content: bytes, filename: str, **options: object) -> str:
        upload_id = self("begin_upload", filename=filename)["upload_id"]
        for seq in range((len(content) + 262143) // 262144):
            chunk = b64encode(content[seq * 262144 : (seq + 1) * 262144]).decode()
            self("append_upload", upload_id=upload_id, seq=seq, chunk=chunk)
        return self("create_import", upload_id=upload_id, options=options)["id"]

    def finished(self, import_id: str, timeout: float = 60.0) -> dict:
        def ended() -> dict | None:
            job = self("get_import", import_id=import_id)
            return job if job["state"] not in ("waiting", "running") else None

        return wait_until(ended, timeout=timeout, what="the end of the import")


@pytest.fixture(scope="module")
def service(amqp_url: str, database_url, tmp_path_factory) -> Iterator[None]:
    """The service and the stand-ins, once for all tests here: they take seconds to start."""
    folder, here = tmp_path_factory.mktemp("service"), str(Path(__file__).parent)
    running = []
    for target in ("fake_identity:FakeIdentity", "fake_reporting:FakeReporting", "contacts.service"):
        environ = {
            **os.environ,
            "AMQP_URL": amqp_url,
            "CONTACTS_DATABASE_URL": database_url("contacts"),
            "HEALTH_PORT": str(free_port()),
            "PYTHONPATH": f"{here}:{os.environ.get('PYTHONPATH', '')}",
        }
        command = [str(Path(sys.executable).with_name("nameko")), "run", "--broker", amqp_url, target]
        running.append(RunningProcess(command, environ, folder / f"{target}.log"))
    for process in running:
        process.wait_ready()
    yield
    for process in running:
        process.stop()


@pytest.fixture
def api(service, database, broker: Broker) -> Api:
    return Api(PatientClient(RpcClient(broker)))


def test_a_list_becomes_an_audience(api, launch):
    launch("contacts.jobs", service="contacts")
    api("create_field", key="discount_code", label="Kod rabatowy", type="text")
    content = (FIXTURES / "contacts-pl.csv").read_bytes()

    job = api.finished(api.start_import(content, "contacts-pl.csv", group_name="Lista"))
    audience = {"groups": job["group_ids"]}
    count = api("count_audience", channel="sms", audience=audience)["count"]
    figures = api("break_down_audience", channel="email", also_on=["sms"], audience=audience)
    assert figures["reachable"] == api("count_audience", channel="sms", also_on=["email"], audience=audience)["count"]
    snapshot = {"snapshot_id": str(new_id()), "channel": "sms", "audience": audience}
    api("snapshot_audience", fields=["first_name", "discount_code", "birth_date"], **snapshot)
    taken = wait_until(
        lambda: (found := api("get_snapshot", snapshot_id=snapshot["snapshot_id"]))["state"] == "done" and found
    )

    recipients = []
    after = 0
    while page := api("read_audience", snapshot_id=snapshot["snapshot_id"], after=after, limit=1000)["recipients"]:
        recipients += page
        after = page[-1]["number"]
    assert taken["total"] == count == len(recipients) > 5000
    assert [one["number"] for one in recipients] == list(range(1, count + 1))
    assert len({one["address"] for one in recipients}) == count
    assert {key for one in recipients for key in one["fields"]} == {"first_name", "discount_code", "birth_date"}
    api("drop_snapshot", snapshot_id=snapshot["snapshot_id"])
    with pytest.raises(errors.NotFound):
        api("read_audience", snapshot_id=snapshot["snapshot_id"])


@pytest.mark.parametrize("told_by", [events.RECIPIENT_UNSUBSCRIBED, events.EMAIL_RECIPIENT_UNSUBSCRIBED])
def test_events_archive_addresses_once_and_tell_of_it(api, broker, database, told_by):
    person = api("create_contact", email="Ola@x.example", phone="505 603 496", consents={"email": {"granted": True}})
    account_id = UUID(api.actor["account_id"])
    head = {"event_id": str(new_id()), "occurred_at": datetime.now(UTC).isoformat(), "account_id": str(account_id)}
    unsubscribed = {**head, "message_id": str(new_id()), "contact_id": person["id"], "channel": "email"}
    refused = {
        **head,
        "event_id": str(new_id()),
        "addresses": [{"channel": Channel.SMS, "address": "+48505603496", "reason": ArchiveReason.STOP}],
    }

    for _ in range(2):
        broker.publish_event(told_by, orjson.dumps(unsubscribed)).result(10)
        broker.publish_event(events.SMS_ADDRESSES_REFUSED, orjson.dumps(refused)).result(10)

    found = wait_until(lambda: len(items := api("list_archive")["items"]) == 2 and items)
    assert {(one["channel"], one["address"], one["reason"]) for one in found} == {
        ("email", "ola@x.example", "unsubscribed"),
        ("sms", "+48505603496", "stop"),
    }
    assert {one["contact_id"] for one in found} == {person["id"]}


def test_who_unsubscribes_after_the_contact_was_deleted_is_archived_for_the_next_list(api, broker):
    deleted, moved = (api("create_contact", email=f"{name}@x.example") for name in ("skasowana", "inna"))
    api("delete_contact", contact_id=deleted["id"])
    api("update_contact", contact_id=moved["id"], email="teraz@x.example")

    def unsubscribe(contact_id: str) -> None:
        head = {"event_id": str(new_id()), "occurred_at": datetime.now(UTC).isoformat(), "message_id": str(new_id())}
        told = {**head, "account_id": api.actor["account_id"], "contact_id": contact_id, "channel": "email"}
        broker.publish_event(events.RECIPIENT_UNSUBSCRIBED, orjson.dumps(told)).result(10)

    def archived() -> set[tuple[str, str | None]]:
        return {(one["address"], one["contact_id"]) for one in api("list_archive")["items"]}

    unsubscribe(deleted["id"])
    wait_until(lambda: archived() == {(SENT_TO, None)})
    unsubscribe(moved["id"])
    wait_until(lambda: archived() == {(SENT_TO, None), ("teraz@x.example", moved["id"])})


def test_a_closed_account_is_erased(api, broker, database):
    api("create_contact", email="ola@x.example")
    api("create_group", name="Lista")
    closed = {
        "event_id": str(new_id()),
        "occurred_at": datetime.now(UTC).isoformat(),
        "account_id": api.actor["account_id"],
    }

    broker.publish_event(events.ACCOUNT_CLOSED, orjson.dumps(closed)).result(10)

    wait_until(lambda: not api("list_contacts")["items"] and not api("list_groups")["items"])


def test_a_stranger_signs_up_and_the_mail_is_asked_for(api, broker):
    asked = []
    queue = event_queue(events.CONFIRMATION_MAIL_REQUESTED, "email_gateway", "send_confirmation_mail")
    broker.consume(queue, lambda delivery: (asked.append(orjson.loads(delivery.body)), delivery.ack()), prefetch=10)
    form = api("create_form", name="Newsletter", consent_texts={"pl": "Tak."}, fields=[{"key": "birth_date"}])
    owner, api.actor = api.actor, {"account_id": None, "address": "192.0.2.7"}

    answers = {"email": "ola@x.example", "birth_date": "1990-05-31"}
    api("submit_form", form_id=form["id"], fields=answers, consent=True, user_agent="Firefox")
    token = wait_until(lambda: asked and asked[0]["token"], what="the mail's event")
    assert api("get_confirmation", token=token)["state"] == "pending"
    first, second = (api("confirm_submission", token=token, user_agent="Safari") for _ in range(2))

    assert [(one["state"], one["already"]) for one in (first, second)] == [("confirmed", False), ("confirmed", True)]
    api.actor = owner
    (contact,) = api("list_contacts")["items"]
    (consent,) = api("list_consents", contact_id=contact["id"])["items"]
    assert (contact["email"], contact["birth_date"]) == ("ola@x.example", "1990-05-31")
    assert consent["evidence"]["confirmed"]["user_agent"] == "Safari"
    assert consent["evidence"]["submitted"]["address"] == "192.0.2.7"
    assert api("list_submissions", form_id=form["id"], state="confirmed")["items"][0]["contact_id"] == contact["id"]


def is_in(job: dict, stage: str) -> bool:
    return job["stage"] == stage and job["done"] > 0


def test_an_import_that_is_killed_goes_on_and_doubles_no_row(api, launch, database):
    jobs = launch("contacts.jobs", service="contacts")
    rows = "".join(f"p{n}@x.example;50{n:07d};Imię {n}\n" for n in range(60_000))
    content = f"email;telefon;imię\n{rows}{rows[:400_000].rpartition(chr(10))[0]}\n".encode()

    import_id = api.start_import(content, "list.csv", group_name="Lista")
    kills = 0
    for wanted in (("reading",), ("adding", "merging"), ("merging",)):
        wait_until(
            lambda wanted=wanted: (
                (job := api("get_import", import_id=import_id))["stage"] in wanted and job["done"] > 0
            ),
            timeout=60,
        )
        jobs.kill()
        kills += 1
        assert api("get_import", import_id=import_id)["state"] == "running"
        jobs.start().wait_ready()
    job = api.finished(import_id, timeout=120)

    counts = job["counts"]
    assert job["state"] == "done" and kills == 3
    assert (counts["added"], counts["updated"], counts["unchanged"], counts["rejected"]) == (60_000, 0, 0, 0)
    assert counts["read"] == counts["added"] + counts["merged"] == job["done"] == job["total"]
    assert api("get_group", group_id=job["group_ids"][0])["contacts"] == 60_000
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM contacts")) == 60_000


def test_a_process_that_stops_gives_its_import_back(api, launch, database):
    jobs = launch("contacts.jobs", service="contacts")
    content = ("email\n" + "".join(f"p{n}@x.example\n" for n in range(100_000))).encode()
    import_id = api.start_import(content, "list.csv")
    wait_until(lambda: api("get_import", import_id=import_id)["done"] > 0)

    assert jobs.stop() == 0

    with database.transaction() as session:
        row = session.execute(text("SELECT state, lease_owner, attempts FROM jobs")).one()
    assert tuple(row) == ("waiting", None, 0)


def test_a_cancelled_import_ends_soon(api, launch):
    launch("contacts.jobs", service="contacts")
    content = ("email\n" + "".join(f"p{n}@x.example\n" for n in range(100_000))).encode()
    import_id = api.start_import(content, "list.csv")
    wait_until(lambda: api("get_import", import_id=import_id)["done"] > 0)

    api("cancel_import", import_id=import_id)
    began = time.monotonic()
    job = api.finished(import_id)

    assert job["state"] == "cancelled" and time.monotonic() - began < 10
    with pytest.raises(errors.Conflict):
        api("cancel_import", import_id=import_id)


def test_another_account_sees_nothing(api):
    person = api("create_contact", email="ola@x.example")
    group = api("create_group", name="Lista")

    api.actor = {**api.actor, "account_id": str(new_id())}

    for name, payload in (
        ("get_contact", {"contact_id": person["id"]}),
        ("update_contact", {"contact_id": person["id"], "city": "x"}),
        ("delete_contact", {"contact_id": person["id"]}),
        ("get_group", {"group_id": group["id"]}),
        ("delete_group", {"group_id": group["id"]}),
    ):
        with pytest.raises(errors.NotFound):
            api(name, **payload)
    with pytest.raises(errors.Invalid):
        api("count_audience", channel="sms", audience={"groups": [group["id"]]})
    assert api("list_contacts")["items"] == []


def test_an_act_on_many_contacts_runs_by_itself(api, launch):
    launch("contacts.jobs", service="contacts")
    api.finished(api.start_import(b"email;miasto\nola@x.example;Gdynia\njan@x.example;Sopot\n", "list.csv"))
    group_id = api("create_group", name="Gdynia")["id"]
    rules = {"field": "city", "op": "eq", "value": "Gdynia"}

    bulk_id = api("create_bulk", rules=rules, act="add_to_group", target_group_id=group_id)["id"]

    wait_until(lambda: api("get_bulk", bulk_id=bulk_id)["state"] == "done", what="the end of the act")
    assert api("get_bulk", bulk_id=bulk_id)["counts"] == {"fitting": 1, "changed": 1}
    assert api("get_group", group_id=group_id)["contacts"] == 1
