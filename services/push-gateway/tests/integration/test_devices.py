"""Devices as they register: whose each is, how many there may be, and what contacts hears of it and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from chassis.database import Database
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS
from contracts.errors import Invalid, TooManyRequests
from contracts.push_gateway.devices import Platform
from push_gateway.domain import proofs
from push_gateway.store import devices as store
from push_gateway.usecases import applications, devices, privacy
from push_gateway.usecases.ports import Tools

TOOLS = Tools(vault=Vault(SECRET_KEYS), web_hosts=())


class App:
    def __init__(self, database: Database) -> None:
        self.database, self.account_id = database, uuid4()
        actor: Any = {"account_id": str(self.account_id), "user_id": str(uuid4())}
        with database.transaction() as session:
            self.made = applications.create_application(
                session, actor=actor, now=datetime.now(UTC), tools=TOOLS, name="shop", title="Shop"
            )

    def register(self, token: str, contact_id: UUID | None = None, note: Any = None) -> Any:
        name = str(contact_id)
        proof = proofs.proof_of(self.made["proof_key"].encode(), "external_id", name)
        owner = contact_id and {"external_id": name, "proof": proof}
        return devices.register_device(
            self.database, actor={}, now=datetime.now(UTC), tools=TOOLS,
            note=note or (lambda _account, _owner: {"contact_id": contact_id}), app_key=self.made["app_key"],
            platform=Platform.FCM, token=token, keys=None, language=None, time_zone=None, contact=owner,
        )  # fmt: skip

    def tokens(self) -> set[str]:
        with self.database.transaction() as session:
            rows = store.of_application(
                session, self.account_id, self.made["id"], contact_id=None, after=None, limit=100
            )
            return {row.token for row in rows}


@pytest.fixture
def app(database: Database) -> App:
    return App(database)


def test_nobody_registers_as_everybody(app: App) -> None:
    with pytest.raises(Invalid):
        app.register("topic:news")
    assert not app.tokens()


def test_a_contact_keeps_the_newest_devices(app: App) -> None:
    anna = uuid4()
    for place in range(devices.MOST_OF_CONTACT + 2):
        app.register(f"device-{place}", anna)

    assert app.tokens() == {f"device-{place}" for place in range(2, devices.MOST_OF_CONTACT + 2)}


def test_contacts_is_told_when_the_device_is_there(app: App) -> None:
    """What it hears meanwhile of a contact without any device holds no longer."""
    anna, there = uuid4(), []

    def note(_account: str, _owner: dict[str, Any]) -> dict[str, Any]:
        there.append(app.tokens())
        return {"contact_id": anna}

    app.register("device-1", anna, note)
    assert there == [set(), {"device-1"}]
    app.register("device-1", anna, note)
    assert len(there) == 3, "of a device that is known it is told once"


def test_devices_of_nobody_are_bounded_and_end(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "MOST_NEW", 2)
    app.register("device-1")
    app.register("device-2")
    with pytest.raises(TooManyRequests):
        app.register("device-3")
    app.register("device-2")
    app.register("device-4", uuid4())
    with app.database.transaction() as session:
        session.execute(text("UPDATE devices SET seen_at = now() - interval '91 days' WHERE token <> 'device-2'"))
        assert store.prune(session, datetime.now(UTC) - timedelta(days=90)) == 1
    assert app.tokens() == {"device-2", "device-4"}


def test_a_person_has_what_went_to_one_of_their_devices(app: App) -> None:
    anna = uuid4()
    device_id = app.register("device-1", anna)["id"]
    actor: Any = {"account_id": str(app.account_id)}
    moment = datetime.now(UTC)
    with app.database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO ledger (message_id, account_id, address, state) VALUES (:id, :account, :to, 'delivered')"
            ),
            {"id": new_id(), "account": app.account_id, "to": str(device_id)},
        )
        page = privacy.export_person(session, actor=actor, now=moment, addresses=[str(anna)], cursor=None, limit=10)
    assert [one["kind"] for one in page["items"]] == ["message", "device"]

    asked: dict[str, Any] = {"actor": actor, "now": moment, "addresses": [str(anna)], "erased_at": datetime.now(UTC)}
    for is_dry, left in ((True, {"device-1"}), (False, set())):
        answer = privacy.erase_person(app.database, **asked, dry_run=is_dry)
        assert answer == {"counts": {"messages": 1, "messages_waiting": 0, "devices": 1}, "waiting": 0}
        assert app.tokens() == left
    assert privacy.erase_person(app.database, **asked, dry_run=False)["counts"]["messages"] == 0
