"""A domain's records come, change and go in a real name server: what may leave from it follows."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from chassis.database import Database
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import LINK_KEYS, RETURN_PATH_KEYS, SECRET_KEYS
from contracts.errors import Conflict, Forbidden, Invalid
from contracts.rpc import Actor
from email_gateway.batches import Refusal, ToCompose
from email_gateway.content import dkim
from email_gateway.content.compose import Links
from email_gateway.content.prepare import Kind, prepare
from email_gateway.dependencies import look_up
from email_gateway.domain.senders import (
    CHECKED_AGAIN_AFTER,
    CHECKED_EVERY,
    KEPT_AFTER_ROTATION,
    LOST_CHECKED_EVERY,
    LOST_GRACE,
)
from email_gateway.outbound.composers import REFUSED_SECONDS, Composers
from email_gateway.store import senders as store
from email_gateway.usecases import contents, sender_checks, senders, views

from .conftest import DOMAIN, HTML
from .dns_peer import NameServer, name_server

NOW = datetime.now(UTC)
PAYING = {"state": "active", "plan": {"price": {"amount": 100}}}


@pytest.fixture
def names() -> Iterator[NameServer]:
    with name_server() as made:
        yield made


class Owner:
    """Of a domain whose records are in `names`."""

    def __init__(self, database: Database, names: NameServer, **names_chosen: str) -> None:
        self.database, self.names, self.account_id = database, names, new_id()
        self.actor: Actor = {"account_id": str(self.account_id)}
        config = SimpleNamespace(
            mail_host="mail.wici.example", public_host="wici.example", public_url="http://wici.example"
        )
        self.tools: Any = SimpleNamespace(
            config=config, vault=Vault(SECRET_KEYS), new_id=new_id,
            new_key=lambda algorithm, _account: dkim.new_private_key(algorithm),
            look_up=lambda name, kind: look_up(name, kind, (names.address,)), serves_links=lambda _host: False,
        )  # fmt: skip
        self.domain = senders.create_sender_domain(
            database, actor=self.actor, now=NOW, tools=self.tools, account=PAYING, domain=DOMAIN,
            algorithms=["ed25519"], **names_chosen,
        )  # fmt: skip

    def publish(self) -> None:
        """What the records' view asks for, as somebody copies it."""
        self.names.records = {}
        for record in self.domain["records"]:
            self.names.records.setdefault((record["name"], record["type"]), []).append(record["value"])

    def check(self, at: datetime = NOW) -> dict[str, Any]:
        asked: Any = {"actor": self.actor, "now": at, "tools": self.tools, "domain_id": self.domain["id"]}
        self.domain = senders.check_sender_domain(self.database, **asked)
        return self.domain

    def timer(self, at: datetime) -> int:
        return sender_checks.check_due_domains(self.database, now=at, tools=self.tools)

    def rotate(self) -> dict[str, Any]:
        asked: Any = {"actor": self.actor, "now": NOW, "tools": self.tools, "domain_id": self.domain["id"]}
        self.domain = senders.rotate_keys(self.database, algorithms=None, **asked)
        return self.domain

    def problems(self) -> dict[str, str]:
        return {each["purpose"]: each["problem"]["code"] for each in self.domain["records"] if each["problem"]}

    def kept(self, kind: Kind = Kind.CAMPAIGN) -> str:
        """The hash of a content that was prepared before."""
        content = {"subject": "Hej", "html": HTML, "from_email": f"news@{DOMAIN}"}
        prepared = prepare(content, kind, self.account_id)
        with self.database.transaction() as session:
            contents.keep(session, self.account_id, prepared)
        assert prepared.content_hash is not None
        return prepared.content_hash

    def prepare(self) -> None:
        """A campaign, as it is scheduled."""
        content = {"subject": "Hej", "html": HTML, "from_email": f"news@{DOMAIN}"}
        given: Any = {"actor": self.actor, "now": NOW, "sender": None, "recipients": [], "is_on_trial": lambda: False}
        contents.prepare_content(self.database, content=content, kind=Kind.CAMPAIGN, **given)

    def composers(self) -> Composers:
        links = Links(
            public_url="http://wici.example", key=LINK_KEYS.encode(), return_path_key=RETURN_PATH_KEYS.encode()
        )
        return Composers(self.database, self.tools.vault, links)

    def compose(self, content_hash: str, composers: Composers | None = None) -> Any:
        """The mail, or why there is none, from a process that has begun now."""
        composers = composers or self.composers()
        (made,) = composers.compose(
            [ToCompose(new_id(), self.account_id, None, None, "ala@poczta.example", {}, content_hash, None)], 0
        )
        return made

    def acts(self) -> list[str]:
        return [act["action"] for act in self.told()]

    def told(self) -> list[dict[str, Any]]:
        with self.database.transaction() as session:
            rows = session.scalars(
                text(
                    "SELECT act FROM (SELECT position, CAST(convert_from(body, 'UTF8') AS jsonb) AS act"
                    " FROM outbox) AS told WHERE act ->> 'account_id' = :account ORDER BY position"
                ),
                {"account": str(self.account_id)},
            )
            return list(rows)


def without(names: NameServer, start: str) -> None:
    names.records = {key: values for key, values in names.records.items() if not key[0].startswith(start)}


@pytest.fixture
def owner(database: Database, names: NameServer) -> Owner:
    return Owner(database, names)


def test_each_record_says_what_was_found_in_its_place(owner: Owner, names: NameServer) -> None:
    assert owner.problems() == {}, "nobody has looked yet"
    owner.publish()
    names.records[(f"bounces.{DOMAIN}", "TXT")] = ["v=spf1 mx -all"]
    names.records[(f"_wici.{DOMAIN}.{DOMAIN}", "TXT")] = names.records.pop((f"_wici.{DOMAIN}", "TXT"))
    names.silent = {f"_dmarc.{DOMAIN}"}

    checked = owner.check()

    assert checked["state"] == "pending"
    assert owner.problems() == {
        "ownership": "record.doubled_name", "spf": "record.different", "dmarc": "record.no_answer",
    }  # fmt: skip
    (spf,) = [each for each in checked["records"] if each["purpose"] == "spf"]
    assert spf["seen"] == ["v=spf1 mx -all"]
    names.silent = set()
    owner.publish()
    assert owner.check()["state"] == "verified"
    assert owner.problems() == {}


def test_a_domain_that_loses_its_records_sends_no_campaign_after_a_grace(owner: Owner, names: NameServer) -> None:
    owner.publish()
    owner.check()
    campaign, single = owner.kept(), owner.kept(Kind.TRANSACTIONAL)

    without(names, "bounces.")
    lost = NOW + CHECKED_EVERY
    assert owner.timer(lost) == 1
    assert owner.timer(lost + LOST_CHECKED_EVERY) == 1
    assert not isinstance(owner.compose(campaign), Refusal)

    names.silent = {name for name, _ in names.records} | {f"bounces.{DOMAIN}"}
    over = lost + LOST_GRACE
    assert owner.timer(over) == 1
    assert not isinstance(owner.compose(campaign), Refusal), "silence stops nothing"

    names.silent = set()
    assert owner.timer(over + CHECKED_AGAIN_AFTER) == 1
    assert owner.compose(campaign).code == "sender.records_lost"
    assert not isinstance(owner.compose(single), Refusal)
    with pytest.raises(Forbidden, match=r"email\.sender_records_lost"):
        owner.prepare()
    shown = owner.check(over + timedelta(hours=1))
    assert (shown["state"], shown["campaigns_stop_at"]) == ("verified", over)

    owner.publish()
    assert owner.check(over + timedelta(hours=2))["campaigns_stop_at"] is None
    assert not isinstance(owner.compose(owner.kept()), Refusal)
    assert owner.acts() == [
        "sender_domain.added", "sender_domain.verified", "sender_domain.records_lost", "sender_domain.stopped",
        "sender_domain.records_found",
    ]  # fmt: skip


def test_what_is_missing_is_told_with_what_is_in_its_place(owner: Owner, names: NameServer) -> None:
    owner.publish()
    owner.check()
    names.records[(f"bounces.{DOMAIN}", "TXT")] = [r"v=spf1 mx\000\010 -all"]
    del names.records[(f"_wici.{DOMAIN}", "TXT")]
    del names.records[(f"_dmarc.{DOMAIN}", "TXT")]

    assert owner.timer(NOW + CHECKED_EVERY) == 1

    (ownership,) = [each["value"] for each in owner.domain["records"] if each["purpose"] == "ownership"]
    assert owner.told()[-1]["details"] == {
        "domain": DOMAIN,
        "records": [
            {"type": "TXT", "name": f"_wici.{DOMAIN}", "value": ownership, "seen": [], "problem": "record.missing"},
            {
                "type": "TXT", "name": f"bounces.{DOMAIN}", "value": "v=spf1 a:mail.wici.example -all",
                "seen": ["v=spf1 mx�� -all"], "problem": "record.different",
            },
        ],
    }, "nobody needs the DMARC record"  # fmt: skip


def test_two_who_look_at_once_tell_once(owner: Owner, names: NameServer) -> None:
    owner.publish()
    owner.check()
    without(names, "bounces.")
    asked, together = owner.tools.look_up, threading.Barrier(3)
    begun = set()

    def look_up_together(name: str, kind: str) -> Any:
        """Nobody keeps anything before all have begun to look."""
        if name.startswith("_wici."):
            begun.add(threading.get_ident())
            together.wait(20)
        return asked(name, kind)

    owner.tools.look_up = look_up_together
    lost = NOW + CHECKED_EVERY
    with ThreadPoolExecutor(3) as pool:
        rounds = [pool.submit(owner.timer, lost)]
        rounds += [pool.submit(owner.check, lost + timedelta(seconds=seconds)) for seconds in (1, 2)]
        assert rounds[0].result() == 1

    assert len(begun) == 3
    assert owner.acts().count("sender_domain.records_lost") == 1


def test_a_look_that_began_before_another_that_is_kept_changes_nothing(owner: Owner, names: NameServer) -> None:
    owner.publish()
    owner.check()
    without(names, "bounces.")
    asked = owner.tools.look_up

    def look_up_slowly(name: str, kind: str) -> Any:
        found = asked(name, kind)
        if name.startswith("_wici.") and owner.tools.look_up is look_up_slowly:
            owner.tools.look_up = asked
            owner.publish()  # and the owner has them looked up, while this one has not come to its end
            owner.check(NOW + CHECKED_EVERY + timedelta(seconds=2))
        return found

    owner.tools.look_up = look_up_slowly
    assert owner.timer(NOW + CHECKED_EVERY) == 1

    assert owner.acts() == ["sender_domain.added", "sender_domain.verified"]
    assert owner.check(NOW + CHECKED_EVERY + timedelta(hours=1))["campaigns_stop_at"] is None


def test_a_domain_that_cannot_be_looked_at_keeps_nobody_from_the_others(
    owner: Owner, database: Database, names: NameServer
) -> None:
    other = Owner(database, names)
    for each in (owner, other):
        each.publish()
        each.check()
    without(names, "bounces.")
    ours = owner.domain["records"][0]["value"]
    tools = owner.tools

    def records_of(*given: Any) -> Any:
        found = views.records_of(*given)
        if found[0].value == ours:
            raise RuntimeError("a bug")
        return found

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sender_checks, "records_of", records_of)
        assert sender_checks.check_due_domains(database, now=NOW + CHECKED_EVERY, tools=tools) == 2

    assert other.acts()[-1] == "sender_domain.records_lost"
    assert owner.acts()[-1] == "sender_domain.verified"


def test_who_has_the_records_back_sends_at_once(
    owner: Owner, names: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.publish()
    owner.check()
    content = owner.kept()
    without(names, "bounces.")
    owner.timer(NOW + CHECKED_EVERY)
    owner.timer(NOW + CHECKED_EVERY + LOST_GRACE)
    composers = owner.composers()
    assert owner.compose(content, composers).code == "sender.records_lost"

    owner.publish()
    owner.check(NOW + CHECKED_EVERY + LOST_GRACE + timedelta(minutes=1))

    now = time.monotonic() + REFUSED_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: now)
    assert not isinstance(owner.compose(content, composers), Refusal), "the process that has refused it goes on"


def test_new_keys_sign_once_their_records_are_found_and_the_old_ones_stay_for_a_while(
    owner: Owner, names: NameServer
) -> None:
    owner.publish()
    owner.check()
    content = owner.kept()

    owner.rotate()

    with pytest.raises(Conflict, match=r"sender_domain\.keys_wait"):
        owner.rotate()
    owner.check()
    assert b"s=wici1;" in owner.compose(content).octets
    assert {each["name"].partition(".")[0]: each["required"] for each in keys_of(owner)} == {
        "wici1": True, "wici2": False,
    }  # fmt: skip

    owner.publish()
    owner.check(NOW + timedelta(hours=1))
    mail = owner.compose(content).octets
    assert b"s=wici2;" in mail
    assert b"s=wici1;" not in mail
    (old, new) = keys_of(owner)
    assert (old["required"], old["keep_until"]) == (False, NOW + timedelta(hours=1) + KEPT_AFTER_ROTATION)
    assert (new["required"], new["keep_until"]) == (True, None)

    owner.check(NOW + timedelta(hours=2) + KEPT_AFTER_ROTATION)
    assert [each["name"] for each in keys_of(owner)] == [f"wici2._domainkey.{DOMAIN}"]
    owner.rotate()
    assert [each["name"].partition(".")[0] for each in keys_of(owner)] == ["wici2", "wici3"]


def keys_of(owner: Owner) -> list[dict[str, Any]]:
    return [each for each in owner.domain["records"] if each["purpose"] == "dkim"]


def test_names_below_the_domain_are_its_owners(database: Database, names: NameServer) -> None:
    owner = Owner(database, names, selector="poczta", return_path_label="mailer", link_label="go")
    owner.publish()

    owner.check()

    mail = owner.compose(owner.kept())
    assert mail.envelope_from.endswith(f"@mailer.{DOMAIN}")
    assert b"s=poczta1;" in mail.octets
    with database.transaction() as session:
        assert store.is_return_path(session, f"mailer.{DOMAIN}")
        assert not store.is_return_path(session, f"bounces.{DOMAIN}")
    with pytest.raises(Invalid, match=r"."):
        Owner(database, names, return_path_label="go", link_label="go")
