"""A sender domain loses its DNS records and gets them back, in a name server that the whole system asks.

Days pass by SQL. Two processes of email-gateway look records up by their timers, and the account asks for it besides.
"""

import email
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email import policy
from pathlib import Path

import psycopg
import pytest
from api import Refused, poll
from journey import Journey
from whole_system import ROOT, mailboxes

from chassis.testing import free_port

DOMAIN = "kwiaciarnia.example"
PEOPLE, SLOWLY = 400, 7_200  # messages an hour
TIMERS_SECONDS = 120.0  # two rounds of the timer
HTML = '<p>Hej</p><a href="{{ unsubscribe_url }}">Wypisz</a>'


class Shop:
    """An account whose domain was verified by its records."""

    def __init__(self, environ, names):
        self.environ, self.names = environ, names
        self.journey = Journey(environ)
        self.journey.register()
        self.journey.become_operator()
        self.journey.give_plan()
        self.journey.connect_simulators()
        self.api, self.owner = self.journey.api, f"{self.journey.login}@sklep.example"
        self.sql("IDENTITY", "UPDATE users SET email_confirmed_at = now() WHERE login = %s", self.journey.login)
        self.domain = self.api.post("/v1/sender-domains", {"domain": DOMAIN})
        self.seen = len(self.journey.received_mail())

    def sql(self, service, statement, *values):
        with psycopg.connect(self.environ[f"{service}_DATABASE_URL"], autocommit=True) as connection:
            connection.execute(statement, values)

    def publish(self):
        self.names.records = {}
        for record in self.domain["records"]:
            self.names.records.setdefault((record["name"], record["type"]), []).append(record["value"])

    def lose(self):
        """Whoever keeps the DNS has thrown the subdomain of bounces away, and written another SPF in its place."""
        bounces = f"bounces.{DOMAIN}"
        kept = {key: values for key, values in self.names.records.items() if key[0] != bounces}
        self.names.records = {**kept, (bounces, "TXT"): ["v=spf1 mx -all"]}

    def check(self):
        self.domain = self.api.post(f"/v1/sender-domains/{self.domain['id']}/verify")
        return self.domain

    def check_by_all(self):
        """The moment has come for both timers; four people of the account cannot wait for them."""
        due = "UPDATE sender_domains SET check_due_at = now() WHERE domain_id = %s"
        self.sql("EMAIL_GATEWAY", due, self.domain["id"])
        path = f"/v1/sender-domains/{self.domain['id']}/verify"
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: self.api.post(path), range(4)))

    def let_pass(self, days):
        moved = "UPDATE sender_domains SET lost_at = lost_at - make_interval(days => %s), check_due_at = now()"
        self.sql("EMAIL_GATEWAY", f"{moved} WHERE domain_id = %s", days, self.domain["id"])

    def draft(self, group, **options):
        """A campaign from the domain."""
        content = {"subject": "Tulipany", "html": HTML}
        draft = {
            "name": "Tulipany", "channel": "email", "sender": {"from_email": f"sklep@{DOMAIN}"},
            "audience": {"groups": [group]}, "content": content, "options": options,
        }  # fmt: skip
        return self.api.post("/v1/campaigns", draft)["id"]

    def mails(self, words):
        """To the owner, with these words in the subject."""
        arrived = self.journey.received_mail(after=self.seen)
        return [mail for mail in arrived if mail["address"] == self.owner and words in mail["subject"]]

    def wait_mail(self, words, seconds=TIMERS_SECONDS):
        (mail,) = poll(lambda: self.mails(words), bool, seconds=seconds)
        return self.parsed(mail)

    def parsed(self, mail):
        raw = self.journey.simulators.mailbox.get(f"/messages/{mail['number']}/raw")
        return email.message_from_bytes(raw if isinstance(raw, bytes) else raw.encode(), policy=policy.default)

    def submitted(self, campaign_id):
        return self.journey.campaign(campaign_id)["progress"]["submitted"]


def group_of(api, people, mark):
    group = api.post("/v1/groups", {"name": mark})["id"]
    consents = {"email": {"granted": True, "source": "test"}}
    contacts = [
        {"email": f"{mark}{number}@poczta.example", "consents": consents, "group_ids": [group]}
        for number in range(people)
    ]
    items = api.post("/v1/contacts/batch", {"merge_by": "email", "contacts": contacts})["items"]
    assert {item["outcome"] for item in items} == {"added"}
    return group


@pytest.fixture
def second_process(environ, tmp_path):
    """Another one that serves email-gateway, beside the system's own."""
    log = tmp_path / "log"
    command = ["nameko", "run", "--config", "services/email-gateway/config.yml"]
    own = {"HEALTH_PORT": str(free_port()), "WICI_PROCESS": "email_gateway.second"}
    own["AMQP_URL"] = environ["EMAIL_GATEWAY_AMQP_URL"]
    with log.open("wb") as told:
        process = subprocess.Popen(
            [f"{Path(sys.executable).parent}/{command[0]}", *command[1:],
             "email_gateway.service:EmailGatewayService"],
            env={**os.environ, **environ, **own}, cwd=ROOT, stdout=told, stderr=told,
        )  # fmt: skip
    yield process
    assert process.poll() is None, log.read_text()[-2000:]
    process.terminate()
    process.wait(30)


def test_campaigns_stop_three_days_after_the_records_are_gone_and_go_on_once_they_are_back(
    environ, names, second_process
):
    mailboxes(environ, {"keep_raw": 1_000_000})
    shop = Shop(environ, names)
    shop.publish()
    checked = shop.check()
    assert checked["state"] == "verified"
    few, many = group_of(shop.api, 25, "kilka"), group_of(shop.api, PEOPLE, "wiele")

    the_records_vanish(shop, {each["purpose"]: each["value"] for each in checked["records"]})
    assert sent_to(shop, few) == 25, "there is a grace"
    slow, waiting = shop.draft(many, throttle_per_hour=SLOWLY), shop.draft(few)
    shop.journey.schedule(slow)
    poll(lambda: shop.submitted(slow), bool, seconds=60)
    in_an_hour = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    shop.api.post(f"/v1/campaigns/{waiting}/schedule", {"at": in_an_hour})

    the_grace_is_over(shop)
    new_campaigns_are_refused(shop, few)
    who_waited_fails(shop, waiting)
    who_is_under_way_pauses(shop, slow)
    single_mails_go_on(shop)

    shop.publish()
    assert shop.check()["campaigns_stop_at"] is None, "the account does not wait for the timer"
    assert "bez przeszkód" in shop.wait_mail("wróciły", seconds=60).get_content()
    time.sleep(3)  # for as long a process believes its refusal
    assert sent_to(shop, few) == 25
    had = shop.submitted(slow)
    shop.api.post(f"/v1/campaigns/{slow}/resume")
    poll(lambda: shop.submitted(slow), lambda now: now > had, seconds=90)
    assert shop.journey.campaign(slow)["state"] == "sending"
    shop.api.post(f"/v1/campaigns/{slow}/cancel")
    each_is_told_once(shop)


def the_records_vanish(shop, value):
    """One mail, that says to whoever keeps the DNS what is missing."""
    shop.lose()
    shop.check_by_all()

    lost = shop.wait_mail("zniknęły").get_content().replace("\r\n", "\n")

    for line in (
        "Wpis: MX", f"Nazwa: bounces.{DOMAIN}", f"Wartość: {value['return_path']}", "Teraz: nie ma go.", "Wpis: TXT",
        f"Wartość: {value['spf']}", "Teraz jest tam co innego:\n  v=spf1 mx -all", "za trzy dni",
    ):  # fmt: skip
        assert line in lost, lost
    assert "_dmarc" not in lost and "_wici" not in lost and "_domainkey" not in lost


def the_grace_is_over(shop):
    shop.let_pass(days=3)
    shop.check_by_all()

    stopped = shop.wait_mail("stoją").get_content()

    assert f"Nazwa: bounces.{DOMAIN}" in stopped and "Pojedyncze wiadomości idą dalej" in stopped


def new_campaigns_are_refused(shop, group):
    with pytest.raises(Refused) as refused:
        shop.journey.schedule(shop.draft(group))
    assert (refused.value.status, refused.value.code) == (403, "email.sender_records_lost")
    assert "DNS records of the sender's domain are gone" in refused.value.problem["errors"][0]["detail"]


def who_waited_fails(shop, campaign_id):
    shop.sql("CAMPAIGNS", "UPDATE campaigns SET send_at = now() WHERE id = %s", campaign_id)
    failed = poll(lambda: shop.journey.campaign(campaign_id), lambda one: one["state"] == "failed", seconds=60)
    assert failed["failure"]["code"] == "email.sender_records_lost"


def who_is_under_way_pauses(shop, campaign_id):
    paused = poll(lambda: shop.journey.campaign(campaign_id), lambda one: one["state"] != "sending", seconds=180)
    assert (paused["state"], paused["failure"]["code"]) == ("paused", "email.sender_records_lost")
    assert paused["failure"]["detail"].startswith("DNS records of the sender's domain are gone: ")
    assert 20 <= paused["progress"]["failed"] < PEOPLE / 4, "those who are left get it later"


def single_mails_go_on(shop):
    before, to = len(shop.journey.received_mail()), "ala@poczta.example"
    code = {"from": {"email": f"sklep@{DOMAIN}"}, "to": [{"email": to}], "subject": "Kod", "text": "1234"}
    shop.api.post("/v1/emails", code)

    arrived = poll(
        lambda: [one for one in shop.journey.received_mail(after=before) if one["address"] == to], bool, seconds=60
    )

    assert f"d={DOMAIN};" in shop.parsed(arrived[0])["DKIM-Signature"]
    assert not arrived[0]["sender"].endswith(f"@bounces.{DOMAIN}"), "bounces would go nowhere"


def each_is_told_once(shop):
    assert [len(shop.mails(words)) for words in ("zniknęły", "stoją", "wróciły")] == [1, 1, 1]
    actions = [act["action"] for act in shop.api.get("/v1/audit-log")["items"]]
    assert [each for each in reversed(actions) if each.startswith("sender_domain.")] == [
        "sender_domain.added", "sender_domain.verified", "sender_domain.records_lost", "sender_domain.stopped",
        "sender_domain.records_found",
    ]  # fmt: skip


def sent_to(shop, group):
    """So many of a new campaign's recipients."""
    campaign_id = shop.draft(group)
    shop.journey.schedule(campaign_id)
    return shop.journey.wait_sent(campaign_id)["progress"]["submitted"]
