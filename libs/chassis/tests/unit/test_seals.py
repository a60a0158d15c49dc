"""An actor is believed for its seal: made by who holds a key, for one call, for a short while."""

from base64 import b64encode
from uuid import uuid4

import pytest

from chassis import seals
from contracts.errors import Forbidden

OLD, NEW = b64encode(b"o" * 32).decode(), b64encode(b"n" * 32).decode()
CALL = "identity.set_plan"
OPERATOR = {"operator_id": str(uuid4()), "account_id": None, "permissions": ["a", "b"]}


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    """`keys("k2:…")`: those of the process from now on."""

    def have(text):
        monkeypatch.setenv("WICI_ACTOR_KEYS", text)
        seals._ring.cache_clear()

    have(f"k1:{OLD}")
    yield have
    seals._ring.cache_clear()


def refused(actor, call=CALL):
    with pytest.raises(Forbidden) as caught:
        seals.verify(actor, call)
    assert caught.value.code == "actor.unverified"


def test_a_sealed_actor_is_believed_for_its_call_alone():
    actor = seals.sealed({**OPERATOR, "account_id": uuid4()}, CALL)

    seals.verify({**actor, "account_id": str(actor["account_id"])}, CALL)  # as it travels
    refused(actor, "identity.close_account")


@pytest.mark.parametrize("field", [*OPERATOR, "service", "session_id"])
def test_nothing_in_it_can_be_changed_or_added(field):
    actor = seals.sealed(OPERATOR, CALL)

    refused({**actor, field: str(uuid4())})


@pytest.mark.parametrize("seal", [None, "", "k1", "k1:x:y:z", "k9:9999999999:identity.set_plan:AAAA", 7, ["k1"]])
def test_what_is_no_seal_is_refused(seal):
    refused({**OPERATOR, "seal": seal})
    refused(OPERATOR)
    refused(None)
    refused([])


def test_a_seal_ends(monkeypatch):
    actor = seals.sealed(OPERATOR, CALL)
    now = seals.time.time()
    monkeypatch.setattr(seals.time, "time", lambda: now + seals.SEAL_SECONDS + 1)

    refused(actor)


def test_keys_are_rotated_without_a_gap(keys):
    before = seals.sealed(OPERATOR, CALL)
    keys(f"k2:{NEW},k1:{OLD}")
    seals.verify(before, CALL)
    after = seals.sealed(OPERATOR, CALL)
    keys(f"k2:{NEW}")

    seals.verify(after, CALL)
    refused(before)


def test_a_service_passes_on_whom_it_was_asked_by_until_the_same_second():
    asked_by = seals.sealed(OPERATOR, CALL, expires=int(seals.time.time()) + 5)

    actor = seals.passed_on(asked_by, "contacts.create_group")

    seals.verify(actor, "contacts.create_group")
    assert actor["seal"].split(":")[1] == asked_by["seal"].split(":")[1]


@pytest.mark.parametrize("made_up", [OPERATOR, {"user_id": "u"}, {}, {**OPERATOR, "seal": "k1:1:x:y"}])
def test_a_service_vouches_for_nobody_whom_it_was_not_asked_by(made_up):
    with pytest.raises(Forbidden):
        seals.passed_on(made_up, CALL)


def test_a_service_that_asks_for_itself_is_no_person():
    actor = seals.passed_on({**OPERATOR, "account_id": "a", "service": "contacts"}, CALL)

    seals.verify(actor, CALL)
    assert "operator_id" not in actor
    refused(seals.sealed({**OPERATOR, "service": "contacts"}, CALL))
