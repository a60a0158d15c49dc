"""A whole campaign through the toy channel: from contacts to lines in its file, and once more over a power cut.

Real campaigns, contacts and their processes; identity is a stand-in, reporting's and campaigns' lanes end here.
"""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count

import orjson
import pytest
from live_channels import PYTHONPATH, new_account, start_identity, start_service
from sqlalchemy import text

from chassis.rpc_client import RemoteFailure, RpcClient
from chassis.testing import wait_until
from chassis.testing_clients import PatientClient
from contracts import lanes
from contracts.errors import Unavailable
from contracts.permissions import OWNER

PEOPLE = 1_500
AHEAD = 200  # `toy_channel.outbound.AHEAD`
CONSENTS = {"sms": {"granted": True, "source": "test"}}
_numbers = count(500_000_000)


@pytest.fixture(scope="module")
def services(launch_once, amqp_url):
    """All that a campaign takes but the channel's outbound process, at work for all tests of this file."""
    env = {"CAMPAIGNS_LEASE_SECONDS": "3"}
    start_identity(launch_once, amqp_url, wait=False)
    for target in (
        "contacts.service:ContactsService",
        "campaigns.service:CampaignsService",
        "toy_channel.service:ToyService",
    ):
        start_service(launch_once, amqp_url, target, service=target.split(".")[0], wait=False)
    processes = [
        launch_once("contacts.jobs", service="contacts", wait=False),
        launch_once("campaigns.dispatcher", service="campaigns", env=env, wait=False),
    ]
    for process in processes:
        process.wait_ready()


class Neighbourhood:
    """A new account, its campaigns, and what is heard of them."""

    def __init__(self, launch, broker, database, folder):
        self.client, self.database = PatientClient(RpcClient(broker)), database
        self.file = folder / "lines"
        self.actor = {**new_account(), "permissions": sorted(OWNER), "request_id": "r1"}
        self._launch = launch
        self._events = []
        self._seen = 0, 0.0  # lines, and since when so many
        broker.consume(lanes.DELIVERY_EVENTS, self._heard, prefetch=50)

    def outbound(self, **env):
        env = {**PYTHONPATH, "TOY_FILE": str(self.file), **env}
        return self._launch("toy_channel.outbound", service="toy_channel", env=env)

    def _heard(self, delivery):
        self._events += orjson.loads(delivery.body)["events"]
        delivery.ack()

    def call(self, method, **payload):
        return self.client.call(method, self.actor, payload, deadline=30)

    def campaign(self, at=None):
        """A campaign to `PEOPLE` contacts of a group, scheduled; returns its id and their phones."""
        group = wait_until(self._group, what="contacts and identity")
        phones = [f"+48{next(_numbers)}" for _ in range(PEOPLE)]
        for start in range(0, PEOPLE, 500):
            some = [
                {"phone": phone, "first_name": f"Osoba {phone[-4:]}", "group_ids": [group], "consents": CONSENTS}
                for phone in phones[start : start + 500]
            ]
            items = self.call("contacts.upsert_contacts", merge_by="phone", contacts=some)["items"]
            assert {item["outcome"] for item in items} == {"added"}
        campaign = self.call(
            "campaigns.create_campaign", name="Lato", channel="sms", sender="toy",
            audience={"groups": [group]}, content={"text": "Hej {{ first_name }}!"},
        )  # fmt: skip
        self.call("campaigns.schedule_campaign", campaign_id=campaign["id"], at=at)
        return campaign["id"], phones

    def _group(self):
        try:
            return self.call("contacts.create_group", name="Wszyscy")["id"]
        except (Unavailable, RemoteFailure):
            return None

    def lines(self):
        """Message id, phone and words of each line of the file."""
        written = self.file.read_text("utf-8").splitlines() if self.file.exists() else []
        return [line.split("\t") for line in written]

    def rested(self):
        """How many lines there are, once for half a second none has been added; None before."""
        count, at = len(self.lines()), time.monotonic()
        if count != self._seen[0]:
            self._seen = count, at
        return count if at - self._seen[1] > 0.5 else None

    def wait_sent(self, campaign_id, timeout=60):
        def sent():
            campaign = self.call("campaigns.get_campaign", campaign_id=campaign_id)
            return campaign if campaign["state"] == "sent" else None

        return wait_until(sent, timeout=timeout, what="the campaign's end")

    def told(self):
        """The kinds of events of each message of this account."""
        kinds = {}
        for event in list(self._events):
            if event["account_id"] == self.actor["account_id"]:
                kinds.setdefault(event["message_id"], []).append(event["kind"])
        return kinds

    def ledger(self):
        with self.database.transaction() as session:
            rows = session.execute(
                text("SELECT CAST(message_id AS text), address, state FROM ledger WHERE account_id = :account"),
                {"account": self.actor["account_id"]},
            )
            return {message_id: (address, state) for message_id, address, state in rows}

    def is_tidy(self):
        with self.database.transaction() as session:
            tables = ("claims", "retries", "lane_outbox")
            return not any(session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables)


@pytest.fixture
def neighbourhood(services, launch, broker, open_database, tmp_path):
    return Neighbourhood(launch, broker, open_database("toy_channel"), tmp_path)


def test_every_contact_gets_one_line_and_every_event_adds_up(neighbourhood):
    neighbourhood.outbound()

    campaign_id, phones = neighbourhood.campaign()
    sent = neighbourhood.wait_sent(campaign_id)

    lines = neighbourhood.lines()
    assert Counter(phone for _, phone, _ in lines) == Counter(phones)
    assert {(phone, words) for _, phone, words in lines} == {(p, f"Hej Osoba {p[-4:]}!") for p in phones}
    assert (sent["progress"]["recipients"], sent["progress"]["submitted"]) == (PEOPLE, PEOPLE)
    wait_until(lambda: len(neighbourhood.told()) == PEOPLE, what="the delivery events")
    assert neighbourhood.told() == {message_id: ["delivered"] for message_id, _, _ in lines}
    assert neighbourhood.ledger() == {message_id: (phone, "delivered") for message_id, phone, _ in lines}
    wait_until(neighbourhood.is_tidy, what="nothing left behind")


def test_a_power_cut_sends_nobody_twice_and_the_campaign_ends(neighbourhood):
    first = neighbourhood.outbound(TOY_PACE="400")
    campaign_id, phones = neighbourhood.campaign()
    wait_until(lambda: len(neighbourhood.lines()) > PEOPLE // 4, timeout=60, what="the first lines")

    first.kill()
    before = len(neighbourhood.lines())
    neighbourhood.outbound()
    sent = neighbourhood.wait_sent(campaign_id, timeout=90)

    assert before < PEOPLE, "the cut came too late to show anything"
    lines = neighbourhood.lines()
    ledger = neighbourhood.ledger()
    got = Counter(phone for _, phone, _ in lines)
    unknown = {message_id: address for message_id, (address, state) in ledger.items() if state == "unknown"}
    assert max(got.values()) == 1, "somebody got it twice"
    assert {address for address, _ in ledger.values()} == set(phones)
    # Nobody is left out but those that were claimed at the moment of the cut: no more than the outlet claims ahead.
    assert set(phones) - set(got) <= set(unknown.values())
    assert 0 < len(unknown) <= AHEAD
    assert Counter(state for _, state in ledger.values()) == {
        "delivered": PEOPLE - len(unknown),
        "unknown": len(unknown),
    }
    assert sent["progress"]["submitted"] == PEOPLE
    wait_until(lambda: len(neighbourhood.told()) == PEOPLE, what="the delivery events")
    assert {kinds[-1] for message_id, kinds in neighbourhood.told().items() if message_id in unknown} == {"unknown"}
    wait_until(neighbourhood.is_tidy, what="nothing left behind")


def test_a_pause_stops_what_the_channel_has_and_a_resume_sends_it_once(neighbourhood):
    """Two outbound processes, slow enough that most of the campaign waits in them when it is paused."""
    for _ in range(2):
        neighbourhood.outbound(TOY_PACE="150")
    campaign_id, phones = neighbourhood.campaign()
    wait_until(lambda: len(neighbourhood.lines()) > 100, timeout=60, what="the first lines")

    neighbourhood.call("campaigns.pause_campaign", campaign_id=campaign_id)
    stopped = wait_until(neighbourhood.rested, timeout=5, what="no line more")
    assert stopped < PEOPLE - AHEAD, "it was over too soon to show anything"

    def counted():
        waiting = Counter(state for _, state in neighbourhood.ledger().values())["deferred"]
        progress = neighbourhood.call("campaigns.get_campaign", campaign_id=campaign_id)["progress"]
        return 0 < waiting <= progress["deferred"]

    wait_until(counted, timeout=20, what="what waits in the channel, in the campaign's own figures")
    neighbourhood.call("campaigns.resume_campaign", campaign_id=campaign_id)
    progress = neighbourhood.wait_sent(campaign_id)["progress"]
    assert (progress["submitted"], progress["failed"], progress["deferred"]) == (PEOPLE, 0, 0)
    assert Counter(phone for _, phone, _ in neighbourhood.lines()) == Counter(phones)
    assert {state for _, state in neighbourhood.ledger().values()} == {"delivered"}
    wait_until(neighbourhood.is_tidy, what="nothing left behind")


def test_a_cancelled_campaign_ends_in_the_channel_too(neighbourhood):
    neighbourhood.outbound(TOY_PACE="150")
    campaign_id, _ = neighbourhood.campaign()
    wait_until(lambda: len(neighbourhood.lines()) > 100, timeout=60, what="the first lines")
    neighbourhood.call("campaigns.pause_campaign", campaign_id=campaign_id)
    wait_until(neighbourhood.rested, timeout=5, what="no line more")

    neighbourhood.call("campaigns.cancel_campaign", campaign_id=campaign_id)
    wait_until(neighbourhood.is_tidy, timeout=20, what="nothing waiting for its turn")

    ledger = Counter(state for _, state in neighbourhood.ledger().values())
    assert ledger["delivered"] == len(neighbourhood.lines()) < PEOPLE

    def counted():
        progress = neighbourhood.call("campaigns.get_campaign", campaign_id=campaign_id)["progress"]
        return (progress["submitted"], progress["failed"], progress["deferred"])

    wait_until(lambda: counted() == (ledger["delivered"], ledger["rejected"], 0), what="the campaign's own figures")
    assert set(ledger) == {"delivered", "rejected"}


def test_a_content_that_fails_in_the_mass_pauses_and_resumed_it_reaches_the_others(neighbourhood, open_database):
    neighbourhood.outbound(TOY_PACE="1500")
    in_an_hour = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    campaign_id, phones = neighbourhood.campaign(in_an_hour)
    neighbourhood.call("campaigns.pause_campaign", campaign_id=campaign_id)
    renamed = [{"phone": phone, "first_name": "{{ Ola"} for phone in phones[:100]]
    neighbourhood.call("contacts.upsert_contacts", merge_by="phone", contacts=renamed)
    with open_database("campaigns").transaction() as session:
        session.execute(text("UPDATE campaigns SET send_at = now() WHERE id = :id"), {"id": campaign_id})
    neighbourhood.call("campaigns.resume_campaign", campaign_id=campaign_id)

    def paused():
        campaign = neighbourhood.call("campaigns.get_campaign", campaign_id=campaign_id)
        assert campaign["state"] != "sent", "nobody was told"
        return campaign if campaign["state"] == "paused" else None

    failure = wait_until(paused, timeout=60, what="the pause")["failure"]
    assert failure["code"] == "campaign.content_fails" and "template.failed 100" in failure["detail"]
    neighbourhood.call("campaigns.resume_campaign", campaign_id=campaign_id)
    sent = neighbourhood.wait_sent(campaign_id)

    assert (sent["progress"]["submitted"], sent["progress"]["failed"]) == (PEOPLE - 100, 100)
    assert Counter(phone for _, phone, _ in neighbourhood.lines()) == Counter(phones[100:])
    assert sent["failure"] is None
