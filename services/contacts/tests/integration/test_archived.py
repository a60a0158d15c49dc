"""Whoever asks which of some addresses are archived is told by their places, however the addresses are spelt."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from contacts.store.audiences import ADDRESS
from contacts.usecases import archive, people
from contracts.vocabulary import ArchiveReason, Channel


def test_archived_addresses_are_found_by_their_places(account):
    given = {"contact_ids": [], "reason": ArchiveReason.UNSUBSCRIBED, "note": ""}
    account.call(archive.add, channel=Channel.EMAIL, addresses=["ola@poczta.example"], **given)
    gone = account.call(archive.add, channel=Channel.SMS, addresses=["+48505603496"], **given)["items"][0]

    def found(channel: Channel, *addresses: str) -> list[int]:
        return account.call(archive.find_archived, channel=channel, addresses=list(addresses))["archived"]

    assert found(Channel.EMAIL, "ela@poczta.example", "Ola@Poczta.example", "no address") == [1]
    assert found(Channel.SMS, "+48505603496", "505 603 496", "+48505603497") == [0, 1]
    account.call(archive.restore, archive_id=gone["id"], note="")
    assert found(Channel.SMS, "+48505603496", "ola@poczta.example") == []


@pytest.mark.parametrize("channel", Channel)
def test_a_contact_shows_on_which_channel_it_is_archived(account, database, channel):
    account.import_file("email;telefon\nola@poczta.example;505603496\nela@poczta.example;505603497\n")
    ola = next(one for one in account.people() if one["email"] == "ola@poczta.example")
    device = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b40"
    with database.transaction() as session:
        session.execute(
            text("UPDATE contacts SET push = :own, viber = :own WHERE id = :id"), {"own": device, "id": ola["id"]}
        )
    given = {"contact_ids": [ola["id"]], "reason": ArchiveReason.OTHER, "note": ""}
    account.call(archive.add, channel=channel, addresses=[], **given)

    def found(**filters):
        page = account.call(people.list_contacts, limit=10, cursor=None, **filters)["items"]
        return {one["email"]: [each["channel"] for each in one["archived"]] for one in page}

    assert ADDRESS.keys() == set(Channel)
    assert found(archived=True) == found(archive_reason=ArchiveReason.OTHER) == {"ola@poczta.example": [channel]}
    assert found(archived=False) == {"ela@poczta.example": []}
