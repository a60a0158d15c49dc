"""Every channel answers one interface: what its contract says, and what its processes do.

The toy (`toy_channel`) is asked the same questions as SMS and e-mail: whoever adds a channel starts there, and is done
when the new one stands in these lists (docs/adding-a-channel.md).
"""

import importlib
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from live_channels import START, new_account, start_identity
from system import rpc_methods

from chassis.ids import new_id
from chassis.rpc_client import RemoteFailure
from chassis.testing import wait_until
from contracts import channel
from contracts.channel import (
    CHANNELS,
    CampaignToCount,
    CheckContent,
    MessagesToTakeBack,
    MessageSummary,
    PrepareContent,
    RenderPreview,
    SendTest,
)
from contracts.errors import Invalid, NotFound, Unavailable
from contracts.lanes import ALL_LANES, channel_lane
from contracts.permissions import PERMISSIONS
from contracts.privacy import PersonAsked, PersonForgotten, PersonRecords, PersonToErase
from contracts.vocabulary import Channel, ContentFailure, MessageState
from identity.domain.plans import QUOTAS

CALLS = {
    "prepare_content", "render_preview", "check_content", "send_test", "send_messages", "get_message", "count_campaign",
    "export_person", "erase_person", "check_message", "revoke_message",
    "take_back_messages",
}  # fmt: skip
CONTRACTS = {
    **{name: f"contracts.{facts.service}" for name, facts in CHANNELS.items()},
    "toy": "toy_channel",
}


@pytest.fixture(params=CONTRACTS, ids=str)
def calls(request):
    return importlib.import_module(CONTRACTS[request.param]).RPC


# --- what is written


def test_the_table_names_every_channel():
    assert set(CHANNELS) == set(Channel)


def test_the_contract_has_every_call_under_one_set_of_names(calls):
    assert set(calls) >= CALLS
    shared = {
        "prepare_content": set(PrepareContent().fields) | {"content"},
        "render_preview": set(RenderPreview().fields),
        "check_content": set(CheckContent().fields) | {"content"},
        "send_test": set(SendTest().fields) | {"addresses"},
        "get_message": {"message_id"},
        "revoke_message": {"message_id"},
        "take_back_messages": set(MessagesToTakeBack().fields),
        "count_campaign": set(CampaignToCount().fields),
        "export_person": set(PersonAsked().fields),
        "erase_person": set(PersonToErase().fields),
    }
    assert {name: set(calls[name].payload().fields) for name in shared} == shared
    assert "to" in calls["send_messages"].payload().fields
    assert calls["check_message"].payload is calls["send_messages"].payload
    assert [name for name in CALLS if calls[name].gathered] == ["send_messages"]


def test_answers_hold_what_every_channel_tells(calls):
    assert set(calls["prepare_content"].response().fields) >= set(channel.PreparedContent().fields)
    assert calls["check_content"].response is channel.CheckedContent
    assert set(calls["get_message"].response().fields) >= set(MessageSummary().fields)
    assert (calls["export_person"].response, calls["erase_person"].response) == (PersonRecords, PersonForgotten)
    for name in ("send_messages", "send_test"):
        accepted = calls[name].response().fields["messages"].inner.schema
        assert set(accepted.fields) >= set(channel.AcceptedMessage().fields)


@pytest.mark.parametrize("name", Channel)
def test_the_service_has_them(name):
    assert set(rpc_methods(CHANNELS[name].service)) >= CALLS


@pytest.mark.parametrize("name", Channel)
def test_rights_lanes_and_quota_are_there(name):
    facts = CHANNELS[name]
    rights = {"", ".send", ".campaigns.read", ".campaigns.write", ".campaigns.send", ".senders"}

    assert {f"{name}{right}" for right in rights} <= set(PERMISSIONS)
    assert {channel_lane(name, lane) for lane in facts.lanes} <= set(ALL_LANES)
    assert facts.quota in QUOTAS


# --- what the processes do


@pytest.fixture(scope="module", params=START)
def live(request, launch_once, amqp_url, tmp_path_factory):
    from chassis.broker import Broker

    broker = Broker(amqp_url, "test").start()
    launched = _Launched(launch_once)
    start_identity(launched, amqp_url)
    yield START[request.param](launched, amqp_url, broker, tmp_path_factory.mktemp(request.param))
    launched.stop()
    broker.close()


class _Launched:
    """Stops what one channel needed before the next takes its place on the bus."""

    def __init__(self, launch):
        self._launch, self._running = launch, []

    def __call__(self, *arguments, **options):
        self._running.append(self._launch(*arguments, **options))
        return self._running[-1]

    def stop(self):
        for process in reversed(self._running):
            process.stop()


@pytest.fixture
def actor(live):
    made = new_account()
    live.prepare_actor(live, made)
    return made


def prepared(live, actor):
    found = live.call("prepare_content", actor, sender=live.sender, content=live.content)
    assert found["problems"] == []
    return found


def sent(live, actor, key="k1"):
    """One request for three messages; identity's stand-in may still be on its way to the bus."""

    def attempt():
        try:
            return live.call("send_messages", {**actor, "request_key": key}, **live.send)
        except (Unavailable, RemoteFailure):
            return None

    return wait_until(attempt, what="identity")


def test_a_content_has_one_hash_however_often_it_is_prepared(live, actor):
    found = prepared(live, actor)

    assert len(found["content_hash"]) == 64
    assert found["variables"] == ["first_name"]
    assert prepared(live, actor) == found


def test_a_broken_content_is_a_problem_and_has_no_hash(live, actor):
    found = live.call("prepare_content", actor, sender=live.sender, content=live.broken)

    assert found["content_hash"] is None
    assert "template.invalid" in [problem["code"] for problem in found["problems"]]
    assert all(problem["field"] and problem["detail"] for problem in found["problems"])


def test_a_content_is_tried_with_some_of_its_recipients(live, actor):
    """What fails at the channel for whom: the very word by which the message would be rejected."""
    people = [{"points": 7}, {}, {"points": 3}, {"points": ""}]

    found = live.call("prepare_content", actor, sender=live.sender, content=live.failing, recipients=people)
    sound = live.call("prepare_content", actor, sender=live.sender, content=live.content, recipients=people)

    (problem,) = found["problems"]
    assert (found["content_hash"], found["tried"], problem["hits"]) == (None, 4, [1, 3])
    assert problem["code"] == ContentFailure.TEMPLATE_FAILED and "line 1, column " in problem["detail"]
    assert found["variables"] == ["points"]
    assert (sound["problems"], sound["tried"], len(sound["content_hash"])) == ([], 4, 64)
    assert (sound["units"], found["units"]) == (1, 1)


def test_a_preview_is_what_one_recipient_would_get(live, actor):
    name = prepared(live, actor)["content_hash"]

    shown = live.call("render_preview", actor, content_hash=name, fields={"first_name": "Łucja"})

    assert "Hej Łucja" in str(shown)
    with pytest.raises(NotFound):
        live.call("render_preview", new_account(), content_hash=name, fields={})


def test_a_content_is_checked_for_some_and_kept_nowhere(live, actor):
    checked = live.call(
        "check_content", actor, content=live.content, recipients=[{"first_name": "Łucja"}, {"first_name": "Ola"}]
    )
    broken = live.call("check_content", actor, content=live.broken)
    nothing = live.call("check_content", actor, content={})

    assert (checked["variables"], checked["problems"]) == (["first_name"], [])
    assert ["Łucja" in str(checked["rendered"][0]), "Ola" in str(checked["rendered"][1])] == [True, True]
    assert "template.invalid" in [problem["code"] for problem in broken["problems"]]
    assert nothing["variables"] == []


def test_a_test_is_sent_to_the_chosen_addresses_of_ones_own_content(live, actor):
    name = prepared(live, actor)["content_hash"]
    sent(live, actor)
    asked = {"content_hash": name, "addresses": [*live.people[:2], live.people[0]], "fields": {"first_name": "Ola"}}

    accepted = live.call("send_test", actor, **asked)

    assert [each["to"] for each in accepted["messages"]] == live.people[:2], "once to each"
    wait_until(lambda: state(live, actor, accepted["messages"][0]["id"]) == "delivered", what="the test's arrival")
    with pytest.raises(NotFound):
        live.call("send_test", new_account(), **asked)
    with pytest.raises(Invalid):
        live.call("send_test", actor, **{**asked, "addresses": ["nobody at all"]})


def state(live, actor, message_id):
    found = live.call("get_message", actor, message_id=message_id)
    return MessageState(found["state"])


def test_single_messages_are_sent_once_for_a_key_and_can_be_followed(live, actor):
    first = sent(live, actor)
    again = sent(live, actor)
    other = sent(live, actor, key="k2")

    assert first == again
    assert [each["to"] for each in first["messages"]] == live.people
    assert not {each["id"] for each in first["messages"]} & {each["id"] for each in other["messages"]}
    for each in first["messages"]:
        wait_until(lambda one=each: state(live, actor, one["id"]) == "delivered", what="delivery")
    told = live.call("get_message", actor, message_id=first["messages"][0]["id"])
    assert (told["id"], told["to"]) == (first["messages"][0]["id"], live.people[0])


def test_a_send_is_checked_as_it_would_be_refused_and_nothing_is_kept(live, actor):
    sent(live, actor)  # identity is there

    assert live.call("check_message", actor, **live.send) == {}
    with pytest.raises(Invalid):
        live.call("check_message", actor, **{**live.send, "to": ["nobody at all"]})
    for _ in range(2):
        live.call("check_message", {**actor, "request_key": "k9"}, **live.send)
    assert len(messages_in(live.call("export_person", actor, addresses=[live.people[0]]))) == 1


def test_what_has_left_is_not_taken_back(live, actor):
    message_id = sent(live, actor)["messages"][0]["id"]
    wait_until(lambda: state(live, actor, message_id) == "delivered", timeout=60, what="delivery")

    answer = live.call("revoke_message", actor, message_id=message_id)

    assert (answer["revoked"], answer["state"]) == (False, "delivered")
    (told,) = live.call("take_back_messages", actor, message_ids=[message_id])["messages"]
    assert (told["id"], told["revoked"], told["state"]) == (message_id, False, "delivered")
    assert live.call("take_back_messages", new_account(), message_ids=[message_id])["messages"] == []
    with pytest.raises(NotFound):
        live.call("revoke_message", new_account(), message_id=message_id)


def test_what_waits_for_its_hour_is_taken_back_once_and_for_all(live, actor):
    if "schedule_at" not in live.contract["send_messages"].payload().fields:
        pytest.skip("nothing of this channel waits for an hour")
    sent(live, actor)  # identity is there
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    message_id = live.call("send_messages", actor, **live.send, schedule_at=tomorrow)["messages"][0]["id"]

    looked = live.call("take_back_messages", actor, message_ids=[message_id], is_wanted_back=False)["messages"]
    answers = [live.call("revoke_message", actor, message_id=message_id) for _ in range(2)]
    other_id = live.call("send_messages", actor, **live.send, schedule_at=tomorrow)["messages"][0]["id"]
    taken = [live.call("take_back_messages", actor, message_ids=[other_id])["messages"][0] for _ in range(2)]

    assert [one["revoked"] for one in looked] == [False]
    assert [(answer["revoked"], answer["state"]) for answer in answers + taken] == [(True, "rejected")] * 4
    assert live.call("get_message", actor, message_id=message_id)["code"] == "message.revoked"


def test_messages_are_their_accounts_own(live, actor):
    message_id = sent(live, actor)["messages"][0]["id"]

    with pytest.raises(NotFound):
        live.call("get_message", new_account(), message_id=message_id)
    with pytest.raises(NotFound):
        live.call("get_message", actor, message_id=str(new_id()))


def messages_in(page):
    """Beside them a channel tells what it knows of the person."""
    return [item["record"] for item in page["items"] if item["kind"] == "message"]


def test_a_person_is_exported_page_by_page_and_only_of_this_account(live, actor):
    ids = {sent(live, actor, key)["messages"][0]["id"] for key in ("k1", "k2", "k3")}
    asked = {"addresses": [live.people[0]], "limit": 2}

    first = live.call("export_person", actor, **asked)
    second = live.call("export_person", actor, **asked, cursor=first["next_cursor"])

    assert [len(messages_in(first)), len(messages_in(second)), second["next_cursor"]] == [2, 1, None]
    assert {one["id"] for one in messages_in(first) + messages_in(second)} == ids
    assert live.call("export_person", new_account(), **asked) == {"items": [], "next_cursor": None}


def test_a_person_is_erased_and_a_dry_run_only_counts(live, actor):
    messages = sent(live, actor)["messages"]
    for each in messages:
        wait_until(lambda one=each: state(live, actor, one["id"]) == "delivered", what="delivery")
    asked = {"addresses": [live.people[0]], "erased_at": datetime.now(UTC).isoformat()}

    dry = live.call("erase_person", actor, **asked, dry_run=True)
    stranger = live.call("erase_person", new_account(), **asked)
    before = live.call("get_message", actor, message_id=messages[0]["id"])["to"]
    erased = live.call("erase_person", actor, **asked)

    assert (dry["counts"]["messages"], dry["waiting"]) == (1, 0)
    assert stranger["counts"]["messages"] == 0
    assert before == live.people[0]
    assert erased["counts"] == dry["counts"]
    wait_until(lambda: live.call("erase_person", actor, **asked)["waiting"] == 0, what="nothing in hand")
    assert live.call("get_message", actor, message_id=messages[0]["id"])["to"] == "erased"
    assert live.call("get_message", actor, message_id=messages[1]["id"])["to"] == live.people[1]
    assert live.call("export_person", actor, addresses=[live.people[0]])["items"] == []
    # Who comes back as a customer is written to like everybody else.
    if live.come_back:
        live.come_back(live, actor, live.people[0])
    again = sent(live, actor, key=str(uuid4()))["messages"][0]["id"]
    wait_until(lambda: state(live, actor, again) == "delivered", what="delivery to the one who came back")
