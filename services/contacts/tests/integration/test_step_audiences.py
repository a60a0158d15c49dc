"""Audiences of campaigns over several channels: whoever one of them reaches, at their address on each as it is now."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from chassis.database import Database
from chassis.ids import new_id
from contacts.store import engagement
from contacts.usecases import archive, audiences, frequency_caps, groups, people
from contracts.ids import step_campaign_id
from contracts.vocabulary import ArchiveReason, Channel

from .conftest import NOON


def test_each_step_reads_people_at_their_address_there(account: Any, database: Database) -> None:
    rows = "a@x.example;600100201;tak;tak\nb@x.example;;tak;tak\n;600100203;tak;tak\nd@x.example;600100204;tak;nie\n"
    account.import_file(f"email;telefon;zgoda email;zgoda sms\n{rows}", group_name="Lista")
    group = UUID(str(account.call(groups.list_groups, limit=10, cursor=None, archived=False)["items"][0]["id"]))
    campaign_id, snapshot = uuid4(), {"snapshot_id": new_id()}
    chosen: dict[str, Any] = {"channel": Channel.EMAIL, "audience": {"groups": [group]}}
    assert account.call(audiences.count, **chosen, only_to=None)["count"] == 3
    assert account.call(audiences.count, **chosen, only_to=None, also_on=[Channel.SMS])["count"] == 4
    account.call(audiences.request_snapshot, **snapshot, **chosen, fields_=[], also_on=[Channel.SMS])
    account.run_imports()

    def read(channel: Channel, numbers: list[int]) -> tuple[list[str], dict[str, list[int]]]:
        place = 0 if channel is Channel.EMAIL else 1
        named = {"campaign_id": step_campaign_id(campaign_id, place), "step_of": campaign_id}
        page = account.call(audiences.read_step, **snapshot, channel=channel, numbers=numbers, **named)
        return [one["address"] for one in page["recipients"]], page["left_out"]

    everybody = [1, 2, 3, 4]
    assert read(Channel.EMAIL, everybody) == (["a@x.example", "b@x.example", "d@x.example"], {"changed": [3]})
    assert read(Channel.SMS, everybody) == (["+48600100201", "+48600100203"], {"changed": [2], "withdrawn": [4]})
    assert read(Channel.SMS, [3, 9]) == (["+48600100203"], {"erased": [9]})

    # Under a cap of one, what another step of the campaign has sent is not another message; what others have, is.
    account.call(frequency_caps.set_frequency_cap, cap={"messages": 1, "days": 1})
    listed = account.call(people.list_contacts, limit=10, cursor=None)["items"]
    first = next(one for one in listed if one["email"] == "a@x.example")["id"]
    column = {"account_id": str(account.id), "kind": "submitted", "day": str(NOON.date()), "contact_ids": str(first)}
    with database.transaction() as session:
        engagement.add(session, [{**column, "campaign_id": str(step_campaign_id(campaign_id, 0))}])
    assert read(Channel.SMS, [1]) == (["+48600100201"], {})
    with database.transaction() as session:
        engagement.add(session, [{**column, "campaign_id": str(uuid4())}])
    assert read(Channel.SMS, [1]) == ([], {"capped": [1]})


def test_a_breakdown_over_channels_says_why_none_of_them_reaches_whom(account: Any) -> None:
    """Each is in one figure; who is reached or capped on any channel are those whom the count counts."""
    rows = [
        "reached@x.example;600100201;tak;nie",  # by mail
        "gone@x.example;600100202;tak;tak",  # by SMS: the mail is in the archive
        "gone2@x.example;;tak;tak",  # archived, and no phone
        "gone3@x.example;600100204;tak;nie",  # archived, and no consent for the phone
        "silent@x.example;600100205;nie;nie",
    ]
    account.import_file("email;telefon;zgoda email;zgoda sms\n" + "\n".join(rows), group_name="Lista")
    group = UUID(str(account.call(groups.list_groups, limit=10, cursor=None, archived=False)["items"][0]["id"]))
    account.call(people.create, terms=account.terms, external_id="nowhere", group_ids=[group])
    chosen: dict[str, Any] = {"channel": Channel.EMAIL, "audience": {"groups": [group]}}
    gone = [f"{name}@x.example" for name in ("gone", "gone2", "gone3")]
    other = {"channel": Channel.EMAIL, "reason": ArchiveReason.OTHER, "note": ""}
    account.call(archive.add, addresses=gone, contact_ids=[], **other)

    def counted(*also_on: Channel) -> dict[str, int]:
        found = dict(account.call(audiences.break_down, **chosen, only_to=None, also_on=also_on))
        reachable = account.call(audiences.count, **chosen, only_to=None, also_on=also_on)["count"]
        assert found["reachable"] + found["capped"] == reachable
        assert found.pop("total") == sum(found.values()) == 6
        return {reason: count for reason, count in found.items() if count}

    assert counted() == {"reachable": 1, "without_address": 1, "archived": 3, "without_consent": 1}
    assert counted(Channel.SMS) == {"reachable": 2, "without_address": 1, "archived": 1, "without_consent": 2}
    assert counted(Channel.SMS, Channel.EMAIL) == counted(Channel.SMS)
