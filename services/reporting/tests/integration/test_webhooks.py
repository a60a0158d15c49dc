"""Webhooks as accounts set them up: use cases on the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import Database
from chassis.secrets import Vault
from chassis.testing import ERASURE_KEYS, SECRET_KEYS
from contracts import events
from contracts.errors import Conflict, Invalid, NotFound, TooManyRequests
from contracts.reporting import RPC
from reporting import store
from reporting.domain.webhooks import Answer, HeardEvent
from reporting.store import accounts
from reporting.usecases import privacy, url_tests, webhook_deliveries, webhook_events, webhook_sending, webhooks
from reporting.webhooks import upkeep

URL = "https://sklep.example/wici"
VAULT = Vault(SECRET_KEYS)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WITH_VAULT = ("create_webhook", "update_webhook", "rotate_webhook_secret", "test_url")
USE_CASES = {**vars(webhooks), **vars(webhook_deliveries), **vars(url_tests)}
Call = Callable[..., Any]


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WICI_ERASURE_KEYS", ERASURE_KEYS)
    monkeypatch.setenv("WICI_DEVELOPMENT", "1")


@pytest.fixture
def account() -> str:
    return str(uuid4())


@pytest.fixture
def call(database: Database, account: str) -> Call:
    """`call("create_webhook", url=…)`: as the service does it, on behalf of the account."""

    def run(name: str, *, account_id: str = account, now: datetime = NOW, **payload: Any) -> Any:
        request = RPC[name].load(payload)
        vault = {"vault": VAULT} if name in WITH_VAULT else {}
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


def heard_of(account: str, number: int = 1) -> HeardEvent:
    at = datetime.now(UTC)
    return HeardEvent(UUID(int=number), account, "sms", None, str(UUID(int=number)), "message.delivered", at, {})


def test_whoever_has_a_webhook_in_hand_holds_up_no_event(call: Call, database: Database, account: str) -> None:
    made = call("create_webhook", url=URL, events=["message.delivered"])
    webhook_id = UUID(made["id"])

    def locked(session: Session) -> None:
        webhooks.find(session, UUID(account), webhook_id, locked=True)

    def chosen(session: Session) -> None:
        assert store.webhook_deliveries.webhooks_with_work(session, busy=[], limit=9)

    def deleted(session: Session) -> None:
        store.webhooks.delete(session, webhook_id, now=NOW)

    for number, hold in enumerate((locked, chosen, deleted), 1):
        with database.transaction() as session:
            hold(session)
            with database.transaction() as other:
                other.execute(text("SET LOCAL lock_timeout = '2s'"))
                assert webhook_events.keep(other, [heard_of(account, number)]) == 1
                if hold is locked:
                    call("test_webhook", webhook_id=made["id"])


def test_a_deleted_webhook_is_gone_at_once_and_its_rows_later_some_at_a_time(
    call: Call, database: Database, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, other = (call("create_webhook", url=URL, events=["message.delivered"]) for _ in range(2))
    call("test_webhook", webhook_id=made["id"])
    with database.transaction() as session:
        assert webhook_events.keep(session, [heard_of(account, number) for number in range(7)]) == 14

    call("delete_webhook", webhook_id=made["id"])

    assert [one["id"] for one in call("list_webhooks")["items"]] == [other["id"]]
    with pytest.raises(NotFound):
        call("test_webhook", webhook_id=made["id"])
    with database.transaction() as session:
        assert webhook_events.keep(session, [heard_of(account, 8)]) == 1
        work = store.webhook_deliveries.webhooks_with_work(session, busy=[], limit=9)
        assert [str(row["id"]) for row in work] == [other["id"]]
        assert not store.webhook_deliveries.pause(session, UUID(made["id"]), reason="gone")

    monkeypatch.setattr(upkeep, "ROWS_AT_ONCE", 3)
    upkeep.Upkeep(database, days=30).step()
    with database.transaction() as session:
        counts = [session.scalar(text(f"SELECT count(*) FROM {table}")) for table in accounts.TABLES[-3:]]
    assert counts == [8, 0, 1]


def test_an_answer_that_comes_after_the_lease_changes_nothing(call: Call, database: Database, account: str) -> None:
    made = call("create_webhook", url=URL, events=["contact.archived"])
    with database.transaction() as session:
        webhook_events.keep_archived(session, archived(account, "ala@poczta.example"))

    def chosen() -> webhook_sending.Request:
        with database.transaction() as session:
            return webhook_sending.choose(session, vault=VAULT, now=NOW, under_way={}, limit=9)[0]

    def answered(request: webhook_sending.Request, status: int) -> None:
        with database.transaction() as session:
            webhook_sending.note_answers(session, request, [Answer(status, None, 1)], now=NOW)

    late = chosen()
    with database.transaction() as session:
        session.execute(text("UPDATE webhook_deliveries SET leased_until = now() - interval '1 s'"))
    second = chosen()
    with database.transaction() as session:
        store.webhook_deliveries.release(session, {late.delivery_id: late.leased_until})
    answered(late, 500)
    assert call("get_webhook_delivery", webhook_id=made["id"], delivery_id=str(late.delivery_id))["attempts"] == []
    answered(second, 200)
    answered(late, 410)

    delivery = call("get_webhook_delivery", webhook_id=made["id"], delivery_id=str(late.delivery_id))
    assert (late.delivery_id, delivery["state"]) == (second.delivery_id, "delivered")
    assert [one["status"] for one in delivery["attempts"]] == [200]
    shown = call("get_webhook", webhook_id=made["id"])
    assert (shown["failing_since"], shown["paused_at"]) == (None, None)


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


def archived(account: str, address: str, **more: Any) -> dict[str, Any]:
    one = {"channel": "email", "address": address, "contact_id": str(uuid4()), "reason": "hard_bounce"}
    event = {"event_id": str(uuid4()), "occurred_at": NOW.isoformat(), "account_id": account, "addresses": [one]}
    return events.AddressesArchived().load({**event, **more})


def kept(database: Database) -> list[dict[str, Any]]:
    with database.transaction() as session:
        return list(session.scalars(text("SELECT details FROM webhook_events ORDER BY position")))


def test_an_archived_address_is_kept_for_who_wants_it_until_the_person_is_erased(
    call: Call, database: Database, account: str
) -> None:
    call("create_webhook", url=URL, events=["contact.archived"])
    told, later = archived(account, "ala@poczta.example"), archived(account, "ala@poczta.example")
    for event in (told, told, archived(str(uuid4()), "ola@poczta.example")):
        with database.transaction() as session:
            webhook_events.keep_archived(session, event)
    assert [(one["address"], one["reason"]) for one in kept(database)] == [("ala@poczta.example", "hard_bounce")]

    with database.transaction() as session:
        privacy.erase_person(
            session, actor={"account_id": account}, now=NOW, addresses=["ala@poczta.example"], erased_at=NOW,
            dry_run=False,
        )  # fmt: skip
    with database.transaction() as session:
        webhook_events.keep_archived(session, later)  # it was on its way

    assert [(one["address"], one["contact_id"]) for one in kept(database)] == [("erased", None)]


def test_a_campaigns_state_is_kept_once_and_by_the_campaign_that_is_asked_for(
    call: Call, database: Database, account: str
) -> None:
    wanted = str(uuid4())
    call("create_webhook", url=URL, events=["campaign.state_changed"], campaign_id=wanted)
    change = {"occurred_at": NOW.isoformat(), "account_id": account, "state": "sent", "version": 7}

    for campaign_id in (wanted, str(uuid4())):
        told = events.CampaignStateChanged().load({**change, "campaign_id": campaign_id, "event_id": str(UUID(int=1))})
        for _ in range(2):
            with database.transaction() as session:
                webhook_events.keep_campaign_state(session, told)

    assert kept(database) == [{"campaign_id": wanted, "state": "sent", "version": 7}]


def test_a_password_is_kept_sealed_and_never_shown(call: Call, database: Database) -> None:
    made = call(
        "create_webhook", url=URL, events=["message.opened"], basic_auth={"username": "sklep", "password": "hasło7"}
    )

    assert made["username"] == "sklep"
    assert "password" not in made
    with database.transaction() as session:
        assert VAULT.decrypt(session.scalar(text("SELECT password FROM webhooks"))).decode() == "hasło7"
    assert call("update_webhook", webhook_id=made["id"], basic_auth=None)["username"] is None


def test_tests_of_addresses_are_bounded_are_nobody_elses_and_go_after_an_hour(database: Database, call: Call) -> None:
    test = call("test_url", url=URL)
    with pytest.raises(NotFound):
        call("get_url_test", test_id=test["id"], account_id=str(uuid4()))
    with pytest.raises(NotFound):
        call("get_webhook", webhook_id=test["id"])
    with pytest.raises(Conflict):
        call("create_webhook", url=f"{URL}/else", events=["message.delivered"], test_id=test["id"])
    for _ in range(url_tests.MOST_TESTS - 1):
        call("test_url", url=URL, now=NOW + timedelta(minutes=10))
    with pytest.raises(TooManyRequests) as refused:
        call("test_url", url=URL, now=NOW + timedelta(minutes=20))
    assert refused.value.extra["retry_after"] == 40 * 60, "when the oldest is an hour old"

    upkeep.Upkeep(database, days=30).step()

    with pytest.raises(NotFound):
        call("get_url_test", test_id=test["id"])
    call("test_url", url=URL, now=datetime.now(UTC))


LOGIN = {"username": "sklep", "password": "hasło7"}


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"secondary_url": URL, "basic_auth": LOGIN},
        {"secondary_url": f"{URL}/2", "basic_auth": {**LOGIN, "username": "inny"}},
        {"secondary_url": f"{URL}/2", "basic_auth": {**LOGIN, "password": "inne"}},
    ],
)
def test_a_webhook_is_what_was_tested_and_its_test_counts_until_the_hour_is_over(
    call: Call, database: Database, other: dict[str, Any]
) -> None:
    now = datetime.now(UTC)
    tested = {"url": URL, "secondary_url": f"{URL}/2", "basic_auth": LOGIN}
    test = call("test_url", **tested, now=now)
    with database.transaction() as session:
        session.execute(text("UPDATE webhook_deliveries SET state = 'delivered'"))
    asked = {"events": ["message.delivered"], "test_id": test["id"], "now": now}
    with pytest.raises(Conflict):
        call("create_webhook", url=URL, **other, **asked)

    assert call("create_webhook", **tested, **asked)["secret"] == test["secret"]

    upkeep.Upkeep(database, days=30).step()
    for _ in range(url_tests.MOST_TESTS - 1):
        call("test_url", url=URL, now=now)
    with pytest.raises(TooManyRequests):
        call("test_url", url=URL, now=now)
