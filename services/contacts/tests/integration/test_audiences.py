"""Audiences against sets in plain Python: groups and segments, less groups, segments, archive and missing consent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chassis.ids import new_id
from contacts.store import audiences as store
from contacts.store import jobs
from contacts.usecases import archive, audiences, groups, segments
from contracts.vocabulary import ArchiveReason, Channel

from . import rule_model as model
from .rule_tables import NOON, store_people

CHOICE = st.lists(st.sampled_from(model.GROUPS), max_size=2, unique=True)


def _taken(database: Any, account: Any, channel: Channel, chosen: dict[str, Any]) -> list[dict[str, Any]]:
    snapshot_id = new_id()
    account.call(
        audiences.request_snapshot, snapshot_id=snapshot_id, channel=channel, audience=chosen, fields_=["city"]
    )
    with database.transaction() as session:
        job = jobs.claim(session, new_id())
        assert job is not None
        total = audiences.take(session, account_id=account.id, snapshot_id=snapshot_id, request=job.request, now=NOON)
        recipients: list[dict[str, Any]] = []
        place = {"snapshot_id": snapshot_id, "account_id": account.id, "channel": channel}
        while page := store.read(session, **place, after=len(recipients), limit=7):
            recipients += page
    account.call(audiences.drop, snapshot_id=snapshot_id)
    assert total == len(recipients)
    return recipients


def test_an_audience_is_whom_sets_in_plain_python_give_each_once(database, account):
    everyone = model.people(80, seed=2)
    ids = store_people(database, account.id, everyone)

    @settings(max_examples=25, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(CHOICE, CHOICE, model.trees(), st.none() | model.trees(), st.sampled_from(list(Channel)))
    def check(wanted: Any, unwanted: Any, rules: Any, without: Any, channel: Channel) -> None:
        with database.transaction() as session:
            session.execute(text("DELETE FROM segments"))
        saved = [
            account.call(segments.create, name=f"s{at}", description="", rules=one)["id"]
            for at, one in enumerate([rules, without])
            if one is not None
        ]
        chosen = {
            "groups": list(map(UUID, wanted)), "segments": saved[:1],
            "exclude_groups": list(map(UUID, unwanted)), "exclude_segments": saved[1:],
        }  # fmt: skip

        recipients = _taken(database, account, channel, chosen)

        expected = [
            (str(contact_id), person["city"])
            for contact_id, person in zip(ids, everyone, strict=True)
            if (set(wanted) & set(person["groups"]) or model.holds(rules, person))
            and not set(unwanted) & set(person["groups"])
            and not (without is not None and model.holds(without, person))
            and (channel is Channel.EMAIL or person["phone"])
            and person[f"{channel}_consent"]
            and channel not in person["archived"]
        ]
        assert [one["number"] for one in recipients] == list(range(1, len(expected) + 1))
        assert sorted((one["contact_id"], one["fields"].get("city")) for one in recipients) == sorted(
            expected, key=lambda pair: pair[0]
        )
        assert len({one["address"] for one in recipients}) == len(recipients)

    check()


def test_who_is_archived_while_a_campaign_goes_out_gets_no_more_of_it(account):
    """The audience of a campaign that is paused or throttled is read for days after it was taken."""
    account.import_file("email;zgoda email\na@x.example;tak\nb@x.example;tak\nc@x.example;tak\n", group_name="Lista")
    group = account.call(groups.list_groups, limit=10, cursor=None, archived=False)["items"][0]["id"]
    snapshot_id = new_id()
    chosen = {"groups": [group]}
    account.call(
        audiences.request_snapshot, snapshot_id=snapshot_id, channel=Channel.EMAIL, audience=chosen, fields_=[]
    )
    account.run_imports()

    def left() -> list[tuple[int, str]]:
        page = account.call(audiences.read, snapshot_id=snapshot_id, after=0, limit=2)["recipients"]
        return [(one["number"], one["address"]) for one in page]

    given = {"contact_ids": [], "reason": ArchiveReason.UNSUBSCRIBED, "note": ""}
    account.call(archive.add, channel=Channel.SMS, addresses=["+48505603496"], **given)
    assert left() == [(1, "a@x.example"), (2, "b@x.example")]
    gone = account.call(archive.add, channel=Channel.EMAIL, addresses=["a@x.example"], **given)["items"][0]
    assert left() == [(2, "b@x.example"), (3, "c@x.example")]
    account.call(archive.restore, archive_id=gone["id"], note="")
    assert left() == [(1, "a@x.example"), (2, "b@x.example")]
