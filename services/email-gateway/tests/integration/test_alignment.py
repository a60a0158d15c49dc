"""Single addresses at domains that nobody authorised are refused where their mail would be; a name server says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from chassis.broker import Broker
from chassis.database import Database
from chassis.ids import new_id
from chassis.rpc_client import RpcClient
from chassis.testing import Launcher, RunningProcess, nameko_command, wait_until
from chassis.testing_clients import PatientClient
from contracts.errors import Forbidden, Invalid
from email_gateway.dependencies import look_up
from email_gateway.domain.alignment import ASKED_AGAIN_AFTER, ASKED_EVERY
from email_gateway.store import policies
from email_gateway.usecases import sender_addresses

from .conftest import HTML, Campaign, Heard, World, states
from .dns_peer import NameServer, name_server
from .test_senders import is_anybody_waiting

Call = Callable[..., Any]
NOW = datetime.now(UTC)
CONTENT = {"subject": "x", "html": HTML}


@pytest.fixture(scope="module")
def server() -> Iterator[NameServer]:
    with name_server() as made:
        yield made


@pytest.fixture(scope="module")
def service(launch_once: Launcher, amqp_url: str, server: NameServer) -> RunningProcess:
    target = "email_gateway.service:EmailGatewayService"
    env = {"EMAIL_NAMESERVERS": server.address, "EMAIL_SYSTEM_FROM": "noreply@wici.example"}
    return launch_once(target, command=nameko_command(target, amqp_url), service="email_gateway", env=env)


@pytest.fixture
def names(server: NameServer) -> NameServer:
    server.records, server.asked = {}, []
    server.silent = set()
    return server


@pytest.fixture
def call(service: RunningProcess, names: NameServer, database: Database, broker: Broker) -> Call:
    client = PatientClient(RpcClient(broker))
    return lambda method, actor, **payload: client.call(f"email_gateway.{method}", actor, payload, deadline=20)


def account() -> dict[str, Any]:
    return {"account_id": str(uuid4()), "permissions": ["email"]}


def confirmed(call: Call, database: Database, actor: dict[str, Any], address: str) -> dict[str, Any]:
    made = call("create_sender_address", actor, email=address)
    with database.transaction() as session:
        session.execute(text("UPDATE sender_addresses SET state = 'verified'"))
    return made  # type: ignore[no-any-return]


def ask_due(database: Database, names: NameServer, now: datetime) -> int:
    tools: Any = SimpleNamespace(look_up=lambda name, kind: look_up(name, kind, (names.address,)))
    return sender_addresses.ask_due_policies(database, now=now, tools=tools)


@pytest.mark.parametrize(
    ("address", "records", "code"),
    [
        ("biuro@bank.example", {"_dmarc.bank.example": "v=DMARC1; p=reject"}, "refused_by_domain"),
        ("biuro@bank.example", {"_dmarc.bank.example": "v=DMARC1; p=quarantine"}, "refused_by_domain"),
        ("biuro@Oddzial.Bank.example", {"_dmarc.bank.example": "v=DMARC1; p=none; sp=reject"}, "refused_by_domain"),
        ("jan.kowalski@gmail.com", {}, "public_provider"),
        ("jan.kowalski@WP.pl", {}, "public_provider"),
    ],
)
def test_an_address_whose_mail_would_be_refused_is_not_added(
    call: Call, names: NameServer, database: Database, address: str, records: dict[str, str], code: str
) -> None:
    names.records = {(name, "TXT"): [value] for name, value in records.items()}
    actor = account()

    with pytest.raises(Invalid, match=code) as refused:
        call("create_sender_address", actor, email=address)

    assert refused.value.errors[0]["field"] == "email"
    assert call("list_sender_addresses", actor)["items"] == []
    assert states(database, UUID(int=0)) == {}, "no code is mailed"


def test_an_address_without_a_policy_is_added_with_a_warning(call: Call, names: NameServer) -> None:
    names.records[("_dmarc.poczta.example", "TXT")] = ["v=DMARC1; p=none"]
    actor = account()

    made = call("create_sender_address", actor, email="biuro@poczta.example")

    assert made["warning"]["code"] == "sender_address.not_aligned"
    assert call("list_sender_addresses", actor)["items"][0]["warning"] == made["warning"]
    domain = call("create_sender_address", account(), email="biuro@wici.example")
    assert domain["warning"] is None, "the system's own domain signs what leaves from it"


def test_name_servers_that_do_not_answer_are_told_of_and_decide_nothing(
    call: Call, names: NameServer, database: Database
) -> None:
    actor = account()
    names.records[("_dmarc.poczta.example", "TXT")] = ["v=DMARC1; p=reject"]
    names.silent = {"_dmarc.poczta.example"}

    made = confirmed(call, database, actor, "biuro@poczta.example")

    assert made["warning"]["code"] == "sender_address.policy_unknown"
    assert call("prepare_content", actor, sender="biuro@poczta.example", content=CONTENT)["content_hash"]
    names.silent = set()
    assert ask_due(database, names, NOW) == 0
    assert ask_due(database, names, NOW + 2 * ASKED_AGAIN_AFTER) == 1
    with pytest.raises(Forbidden, match=r"email\.sender_unaligned"):
        call("prepare_content", actor, sender="biuro@poczta.example", content=CONTENT)


def test_a_policy_that_comes_later_stops_what_leaves_and_what_is_scheduled(
    call: Call, names: NameServer, database: Database
) -> None:
    actor, address = account(), "biuro@poczta.example"
    confirmed(call, database, actor, address)
    assert call("prepare_content", actor, sender=address, content=CONTENT)["content_hash"]
    names.records[("_dmarc.poczta.example", "TXT")] = ["v=DMARC1; p=reject"]
    names.asked = []

    assert call("prepare_content", actor, sender=address, content=CONTENT)["content_hash"]
    assert names.asked == [], "who sends asks no name server"
    assert ask_due(database, names, NOW + ASKED_EVERY + timedelta(minutes=5)) == 1

    with pytest.raises(Forbidden, match=r"email\.sender_unaligned") as refused:
        call("prepare_content", actor, sender=address, content=CONTENT, kind="campaign")
    assert refused.value.errors[0]["field"] == "sender.from_email"
    assert call("check_sender", actor, email=address) == {"authorised": False}
    assert call("list_sender_addresses", actor)["items"][0]["warning"]["code"] == "sender_address.refused_by_domain"


def test_silence_later_leaves_what_was_said_before(call: Call, names: NameServer, database: Database) -> None:
    actor, address = account(), "biuro@poczta.example"
    confirmed(call, database, actor, address)
    names.records[("_dmarc.poczta.example", "TXT")] = ["v=DMARC1; p=reject"]
    ask_due(database, names, NOW + 2 * ASKED_EVERY)
    names.silent = {"_dmarc.poczta.example"}

    assert ask_due(database, names, NOW + 4 * ASKED_EVERY) == 1

    assert call("check_sender", actor, email=address) == {"authorised": False}


def test_an_address_that_stays_when_its_domain_goes_is_asked_about(
    call: Call, names: NameServer, database: Database
) -> None:
    names.records[("_dmarc.sklep.example", "TXT")] = ["v=DMARC1; p=reject"]
    actor, address = account(), "news@sklep.example"
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO sender_domains (domain_id, account_id, domain, state, ownership_token)"
                " VALUES (:id, :account_id, 'sklep.example', 'verified', 'x')"
            ),
            {"id": new_id(), "account_id": actor["account_id"]},
        )
    assert call("create_sender_address", actor, email=address)["warning"] is None
    assert names.asked == []
    with database.transaction() as session:
        session.execute(text("DELETE FROM sender_domains WHERE domain = 'sklep.example'"))

    ask_due(database, names, NOW + ASKED_EVERY)

    assert call("check_sender", actor, email=address) == {"authorised": False}


def test_domains_that_no_address_has_are_asked_no_more(call: Call, names: NameServer, database: Database) -> None:
    confirmed(call, database, account(), "biuro@poczta.example")
    with database.transaction() as session:
        session.execute(text("DELETE FROM sender_addresses"))

    assert ask_due(database, names, NOW + 2 * ASKED_EVERY) == 0

    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM sender_policies")) == 0


def test_a_domain_that_gets_an_address_while_it_is_forgotten_is_asked_all_the_same(database: Database) -> None:
    """The domain is covered by an authorised one, so nothing was asked when its address was added."""
    address = (
        "INSERT INTO sender_addresses (address_id, account_id, email, state)"
        " VALUES (:id, :id, 'news@sklep.example', 'verified')"
    )
    with database.transaction() as session:
        policies.note(session, domain="sklep.example", now=NOW)

    def take_due() -> list[str]:
        with database.transaction() as session:
            return policies.take_due(session, now=NOW + ASKED_EVERY, limit=20)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            policies.note(session, domain="sklep.example", now=NOW + ASKED_EVERY)
            session.execute(text(address), {"id": new_id()})
            taking = pool.submit(take_due)
            wait_until(lambda: is_anybody_waiting(database) or taking.done(), what="the timer")
        taking.result(20)

    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM sender_policies")) == 1


def test_an_address_that_the_version_before_added_during_a_roll_out_is_asked_about(
    names: NameServer, database: Database
) -> None:
    names.records[("_dmarc.poczta.example", "TXT")] = ["v=DMARC1; p=reject"]
    address = (
        "INSERT INTO sender_addresses (address_id, account_id, email, state)"
        " VALUES (:id, :id, 'biuro@poczta.example', 'verified')"
    )
    with database.transaction() as session:
        session.execute(text(address), {"id": new_id()})

    assert ask_due(database, names, NOW) == 1

    with database.transaction() as session:
        assert policies.policies(session, ["poczta.example"]) == {"poczta.example": "reject"}


def test_what_is_on_its_way_is_refused_once_its_domain_refuses_it(
    call: Call, names: NameServer, database: Database, broker: Broker, world: World, launch: Launcher, heard: Heard
) -> None:
    actor, address = account(), "biuro@poczta.example"
    confirmed(call, database, actor, address)
    prepared = call("prepare_content", actor, sender=address, content=CONTENT, kind="campaign")
    names.records[("_dmarc.poczta.example", "TXT")] = ["v=DMARC1; p=reject"]
    ask_due(database, names, NOW + 2 * ASKED_EVERY)
    route = f"smtp://127.0.0.1:{world.smtp_port}?tls=off&connections=4"
    launch("email_gateway.outbound", service="email_gateway", env={"EMAIL_DEFAULT_ROUTE": route})
    campaign = Campaign(broker, UUID(actor["account_id"]), prepared["content_hash"])

    campaign.publish(campaign.batch(["jan@klient.example"]))

    wait_until(lambda: heard.of(campaign.account_id), what="the outcome")
    assert [event["code"] for event in heard.of(campaign.account_id)] == ["5.7.1"]
    assert heard.archived == set()
    assert all("klient" not in mail["address"] for mail in world.mails())
