"""Webhooks as accounts set them up: use cases on the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from chassis.database import Database
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS
from contracts.errors import Conflict, Invalid, NotFound
from contracts.reporting import RPC
from reporting.usecases import privacy, webhook_deliveries, webhooks

URL = "https://sklep.example/wici"
VAULT = Vault(SECRET_KEYS)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
USE_CASES = {**vars(webhooks), **vars(webhook_deliveries)}
Call = Callable[..., Any]


@pytest.fixture
def account() -> str:
    return str(uuid4())


@pytest.fixture
def call(database: Database, account: str) -> Call:
    """`call("create_webhook", url=…)`: as the service does it, on behalf of the account."""

    def run(name: str, *, account_id: str = account, now: datetime = NOW, **payload: Any) -> Any:
        request = RPC[name].load(payload)
        vault = {"vault": VAULT} if name in ("create_webhook", "rotate_webhook_secret") else {}
        with database.transaction() as session:
            answer = USE_CASES[name](session, actor={"account_id": account_id}, now=now, **request, **vault)
        return RPC[name].dump(answer)

    return run


def acts_of(database: Database) -> list[str]:
    with database.transaction() as session:
        bodies = session.scalars(text("SELECT body FROM outbox WHERE routing_key = 'act_recorded' ORDER BY position"))
        return [orjson.loads(bytes(body))["action"] for body in bodies]


def test_a_webhook_is_made_shown_changed_and_deleted(call: Call, database: Database) -> None:
    made = call("create_webhook", url=URL, events=["message.delivered", "message.opened"], description="Sklep")

    assert made["secret"].startswith("whsec_")
    shown = call("get_webhook", webhook_id=made["id"])
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert (shown["max_events"], shown["enabled"], shown["channel"]) == (100, True, None)
    changed = call("update_webhook", webhook_id=made["id"], events=["message.clicked"], channel="sms", enabled=False)
    assert (changed["events"], changed["channel"], changed["enabled"]) == (["message.clicked"], "sms", False)
    assert [one["id"] for one in call("list_webhooks")["items"]] == [made["id"]]
    call("delete_webhook", webhook_id=made["id"])
    assert call("list_webhooks")["items"] == []
    assert acts_of(database) == ["webhook.created", "webhook.changed", "webhook.deleted"]


def test_the_secret_is_kept_sealed(call: Call, database: Database) -> None:
    made = call("create_webhook", url=URL, events=["message.delivered"])

    with database.transaction() as session:
        sealed = bytes(session.scalar(text("SELECT secret FROM webhooks")))
    assert made["secret"].removeprefix("whsec_").encode() not in sealed
    assert sealed.startswith(b"t1:")


def test_rotation_gives_a_new_secret_and_keeps_the_old_one_for_a_while(call: Call) -> None:
    made = call("create_webhook", url=URL, events=["message.delivered"])

    rotated = call("rotate_webhook_secret", webhook_id=made["id"], overlap_minutes=60)

    assert rotated["secret"] != made["secret"]
    assert datetime.fromisoformat(rotated["previous_secret_until"]) == NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "url",
    ["http://sklep.example/", "ftp://sklep.example/", "https://", "https://u:p@sklep.example/", "https://x.example/#a",
     "https://x.example:25/", "https://x.example:99999/", "https://żółw.example/", "https://x.example/a b", "/wici",
     "https://x.example/\nHost: y"],
)  # fmt: skip
def test_where_nothing_can_be_posted_is_refused(call: Call, url: str) -> None:
    with pytest.raises(Invalid):
        call("create_webhook", url=url, events=["message.delivered"])


def test_an_account_has_so_many_and_no_more(call: Call) -> None:
    for _ in range(webhooks.MOST_OF_AN_ACCOUNT):
        call("create_webhook", url=URL, events=["message.delivered"])

    with pytest.raises(Conflict, match="too_many"):
        call("create_webhook", url=URL, events=["message.delivered"])
    assert call("create_webhook", account_id=str(uuid4()), url=URL, events=["message.delivered"])


def test_another_account_finds_learns_and_changes_nothing(call: Call) -> None:
    made = call("create_webhook", url=URL, events=["message.delivered"])
    delivery = call("test_webhook", webhook_id=made["id"])
    period = {"from": NOW.isoformat(), "to": NOW.isoformat()}
    of_one = {"webhook_id": made["id"]}

    for name, payload in {
        "get_webhook": {}, "update_webhook": {"enabled": False}, "delete_webhook": {}, "rotate_webhook_secret": {},
        "test_webhook": {}, "list_webhook_deliveries": {}, "get_webhook_delivery": {"delivery_id": delivery["id"]},
        "replay_webhook_delivery": {"delivery_id": delivery["id"]}, "replay_webhook": period,
    }.items():  # fmt: skip
        with pytest.raises(NotFound, match=r"webhook\.not_found"):
            call(name, account_id=str(uuid4()), **of_one, **payload)
    assert call("get_webhook", **of_one)["enabled"]


def test_what_is_under_way_or_would_not_be_sent_is_not_replayed(call: Call) -> None:
    made = call("create_webhook", url=URL, events=["message.delivered"])
    delivery = call("test_webhook", webhook_id=made["id"])
    one = {"webhook_id": made["id"], "delivery_id": delivery["id"]}

    with pytest.raises(Conflict, match="under_way"):
        call("replay_webhook_delivery", **one)
    call("update_webhook", webhook_id=made["id"], enabled=False)
    with pytest.raises(Conflict, match="stopped"):
        call("replay_webhook_delivery", **one)


def test_closing_the_account_takes_its_webhooks_and_makes_no_new_ones(
    call: Call, database: Database, account: str
) -> None:
    made = call("create_webhook", url=URL, events=["message.delivered"])
    call("test_webhook", webhook_id=made["id"])

    privacy.erase_account(database, account_id=UUID(account))

    with pytest.raises(NotFound):
        call("create_webhook", url=URL, events=["message.delivered"])
    with database.transaction() as session:
        for table in ("webhooks", "webhook_events", "webhook_deliveries"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0
