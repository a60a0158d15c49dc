"""Whoever asks which of some addresses are archived is told by their places, however the addresses are spelt."""

from __future__ import annotations

from contacts.usecases import archive
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
