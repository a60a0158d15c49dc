"""Who is calling: remembered for a moment, forgotten at once when access changes."""

import pytest

from api_gateway.access import DEAF_SECONDS, Access, bearer_token
from contracts.errors import Unauthenticated

TOLD = {"principal": {"account_id": "a", "kind": "session", "permissions": ["sms"], "expires_at": None}}


class Asked:
    def __init__(self):
        self.addresses = []
        self.while_asking = lambda: None

    @property
    def times(self):
        return len(self.addresses)

    def call(self, name, actor, payload, *, deadline):
        self.addresses.append(actor.get("address"))
        self.while_asking()
        return TOLD


@pytest.fixture
def asked():
    return Asked()


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def heard():
    return [True]


@pytest.fixture
def access(asked, now, heard):
    return Access(asked, is_heard=lambda: heard[0], remember_seconds=10, clock=lambda: now[0])


def test_second_request_asks_nobody(access, asked):
    access.authenticate("token", {})
    access.authenticate("token", {})

    assert asked.times == 1


def test_a_token_that_comes_from_elsewhere_is_asked_about_there_too(access, asked):
    """Or identity would not learn where a key is used, and nobody would see a thief's address."""
    for address in ("192.0.2.1", "203.0.113.9", "192.0.2.1", "203.0.113.9"):
        access.authenticate("token", {"address": address})

    assert asked.addresses == ["192.0.2.1", "203.0.113.9"]
    access.forget("a")
    assert [access.recall("token", address) for address in asked.addresses] == [None, None]


def test_change_of_access_is_seen_by_the_next_request(access, asked):
    access.authenticate("token", {})
    access.forget()
    access.authenticate("token", {})

    assert asked.times == 2


def test_change_of_another_account_is_no_reason_to_ask_again(access, asked):
    access.authenticate("token", {})
    access.forget("b")
    access.authenticate("token", {})
    assert asked.times == 1

    access.forget("a")
    access.authenticate("token", {})
    assert asked.times == 2


def test_answer_that_was_on_its_way_during_a_change_is_not_remembered(access, asked):
    asked.while_asking = access.forget
    access.authenticate("token", {})
    asked.while_asking = lambda: None
    access.authenticate("token", {})

    assert asked.times == 2


def test_without_the_broadcast_nothing_is_trusted_for_longer_than_a_second(access, asked, now, heard):
    access.authenticate("token", {})
    heard[0] = False
    now[0] += DEAF_SECONDS + 0.1
    access.authenticate("token", {})

    assert DEAF_SECONDS <= 2
    assert asked.times == 2


def test_memory_ends(access, asked, now):
    access.authenticate("token", {})
    now[0] += 10.1
    assert access.recall("token", "") is None


def test_expired_principal_is_not_recalled(access, monkeypatch):
    monkeypatch.setitem(TOLD["principal"], "expires_at", "2000-01-01T00:00:00+00:00")
    access.authenticate("token", {})

    assert access.recall("token", "") is None


@pytest.mark.parametrize(
    "header", ["Basic dXNlcg==", "Basic ?", "", "Bearer a=b", "Bearer", "Bearer ", "Bearer " + "x" * 600, "Bearer ż"]
)
def test_other_authorization_is_refused(header):
    with pytest.raises(Unauthenticated):
        bearer_token(header)


def test_bearer_token():
    assert bearer_token("bearer wk_abc") == "wk_abc"
    assert bearer_token(None) is None
