"""The archive: addresses that get no more campaigns, by hand and by event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import acts, outbox, pages
from chassis.actors import account_of
from chassis.database import Session
from chassis.ids import new_id
from chassis.inbox import first_time
from chassis.logs import get_logger
from contacts.domain import emails, phones
from contacts.store import archive as store
from contacts.store import people as people_store
from contacts.store.audiences import ADDRESS
from contacts.usecases.views import View
from contracts.errors import Forbidden, Invalid, NotFound
from contracts.events import ADDRESSES_ARCHIVED, CONTACTS_ACT
from contracts.permissions import is_granted
from contracts.push_gateway.addresses import PUSH_ADDRESS
from contracts.rpc import Actor
from contracts.viber_gateway.messages import VIBER_ADDRESS
from contracts.vocabulary import ArchiveReason, Channel

PERMISSION = "contacts.archive"

log = get_logger()

# What a person has said, by whichever way it is told: whoever said so is not restored with many others.
SAID_BY_THE_PERSON = frozenset({ArchiveReason.UNSUBSCRIBED, ArchiveReason.COMPLAINT, ArchiveReason.STOP})
# What a channel may archive for: `spam` without a complaint is said of the sender or the content, not of the person.
SAID_OF_THE_PERSON = frozenset(
    {
        ArchiveReason.HARD_BOUNCE,
        ArchiveReason.COMPLAINT,
        ArchiveReason.STOP,
        ArchiveReason.UNREGISTERED,
        ArchiveReason.DOES_NOT_EXIST,
    }
)


def ensure_may(actor: Actor) -> None:
    """:raises Forbidden: `permission.missing`, of who may do the like, and not archive."""
    if not is_granted(PERMISSION, actor.get("permissions", ())):
        detail = "To archive many at once needs the permission to archive."
        raise Forbidden("permission.missing", detail, {"permission": PERMISSION})


def list_archive(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    limit: int,
    cursor: str | None,
    restored: bool,
    channel: Channel | None = None,
    address: str | None = None,
    reason: ArchiveReason | None = None,
    campaign_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    q: str | None = None,
    sort: str = "created",
) -> View:
    account_id = account_of(actor)
    wanted = store.Wanted(
        restored=restored,
        channel=channel,
        address=_as_searched(session, account_id, address) if address else None,
        part=_as_part(session, account_id, q) if q else None,
        reason=reason,
        campaign=campaign_id,
        since=since,
        until=until,
    )
    rows = store.page(
        session,
        account_id=account_id,
        wanted=wanted,
        after=pages.position(cursor),
        limit=limit + 1,
        newest_first=sort == "-created",
    )
    if cursor is not None:
        return {**pages.page(rows, limit), **pages.unsaid()}
    found = store.count_fitting(session, account_id=account_id, wanted=wanted, most=pages.COUNTED_MOST + 1)
    return {**pages.page(rows, limit), **pages.counted(found)}


def add(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    channel: Channel,
    addresses: list[str],
    contact_ids: list[UUID],
    reason: ArchiveReason,
    note: str,
) -> View:
    """Archive addresses by hand; one that is archived already keeps its first reason, unless it is a STOP."""
    account_id = account_of(actor)
    if not addresses and not contact_ids:
        raise Invalid.of_field("addresses", "archive.nobody", "Name addresses or contacts.")
    contact_by_address: dict[str, UUID | None] = _of_addresses(session, account_id, channel, addresses)
    contact_by_address |= _of_contacts(session, account_id, channel, contact_ids)
    entries = {
        address: {"id": new_id(), "address": address, "contact_id": contact_id, "reason": reason, "note": note}
        for address, contact_id in contact_by_address.items()
    }
    added = archive(
        session,
        account_id=account_id,
        channel=channel,
        entries=list(entries.values()),
        source="manual",
        archived_by=actor.get("user_id"),
    )
    if added:
        details: View = {"channel": channel, "reason_given": reason, "addresses": len(added)}
        acts.record(session, CONTACTS_ACT, actor, "archive.added", **details)
    archived = store.present(session, account_id=account_id, channel=channel, addresses=list(entries))
    return {"items": [dict(row) for row in archived]}


def find_archived(session: Session, *, actor: Actor, now: datetime, channel: Channel, addresses: list[str]) -> View:
    """Which of these are in the archive, by their place."""
    account_id = account_of(actor)
    wanted = [_as_searched(session, account_id, address) for address in addresses]
    rows = store.present(session, account_id=account_id, channel=channel, addresses=wanted)
    gone = {row["address"] for row in rows}
    return {"archived": [place for place, address in enumerate(wanted) if address in gone]}


def _of_addresses(session: Session, account_id: UUID, channel: Channel, addresses: list[str]) -> dict[str, UUID | None]:
    """:raises Invalid: naming the first that is no address, or whose person was erased: nothing is kept of them."""
    region = people_store.region(session, account_id=account_id)
    normal = [normalised(channel, address, region) for address in addresses]
    if None in normal:
        raise Invalid.of_field(
            f"addresses.{normal.index(None)}",
            "address.invalid",
            f"Not a valid address for {channel}.",
            channel=str(channel),
        )
    valid = [address for address in normal if address is not None]
    for address in people_store.erased(session, account_id=account_id, addresses=valid):
        raise Invalid.of_field(
            f"addresses.{valid.index(address)}", "address.erased", "The person was erased on request."
        )
    return dict.fromkeys(valid)


def _of_contacts(
    session: Session, account_id: UUID, channel: Channel, contact_ids: list[UUID]
) -> dict[str, UUID | None]:
    rows = people_store.find_ids(session, account_id=account_id, contact_ids=contact_ids)
    for at, contact_id in enumerate(contact_ids):
        if contact_id not in rows or rows[contact_id][ADDRESS[channel]] is None:
            raise Invalid.of_field(
                f"contact_ids.{at}", "contact.not_found", "No such contact with an address on the channel."
            )
    return {rows[contact_id][ADDRESS[channel]]: contact_id for contact_id in contact_ids}


def _as_searched(session: Session, account_id: UUID, address: str) -> str:
    """The address in the spelling in which it is kept, whichever channel it is of."""
    if "@" in address:
        return emails.normalise(address) or address
    if PUSH_ADDRESS.match(address.lower()):
        return address.lower()
    return phones.to_e164(address, people_store.region(session, account_id=account_id)) or address


def _as_part(session: Session, account_id: UUID, q: str) -> str:
    """A part of an address as it is kept: in lower case, a phone's digits side by side."""
    q = q.replace("\0", "").strip().lower()
    return phones.part_of_number(q, people_store.region(session, account_id=account_id)) or q


def restore(session: Session, *, actor: Actor, now: datetime, archive_id: UUID, note: str) -> View:
    """Let an address be written to again; the entry stays, with who ended it, when and why."""
    row = store.restore(
        session, account_id=account_of(actor), archive_id=archive_id, restored_by=actor.get("user_id"), note=note
    )
    if row is None:
        raise NotFound("archive.not_found", "There is no such archived address.")
    acts.record(session, CONTACTS_ACT, actor, "archive.restored", target_id=archive_id, channel=row["channel"])
    return dict(row)


def archive(
    session: Session,
    *,
    account_id: UUID,
    channel: str,
    entries: list[dict[str, Any]],
    source: str,
    campaign_id: UUID | None = None,
    archived_by: str | None = None,
) -> list[str]:
    """Archive addresses and announce the new ones, which are answered; twice the same changes nothing.

    A bounce or an unsubscription may come after the erasure of its person, who is not written to anyway. That a person
    said no is kept with an entry that stands for another reason, too.

    :param entries: `{id, address, contact_id, reason}` each, a `note`, and `said_at`: when the person said so.
    """
    erased = people_store.erased(session, account_id=account_id, addresses=[entry["address"] for entry in entries])
    entries = [entry for entry in entries if entry["address"] not in erased]
    added = store.add(
        session,
        account_id=account_id,
        channel=channel,
        entries=entries,
        source=source,
        campaign_id=campaign_id,
        archived_by=archived_by,
    )
    said = [(one["address"], one.get("said_at")) for one in entries if one["reason"] in SAID_BY_THE_PERSON]
    store.note_refusals(session, account_id=account_id, channel=channel, said=said)
    if added:
        _announce(session, account_id, added)
    return [row["address"] for row in added]


def _announce(session: Session, account_id: UUID, added: Sequence[Mapping[Any, Any]]) -> None:
    outbox.record(
        session,
        ADDRESSES_ARCHIVED,
        account_id=account_id,
        addresses=[
            {
                "channel": Channel(row["channel"]),
                "address": row["address"],
                "contact_id": row["contact_id"],
                "reason": ArchiveReason(row["reason"]),
            }
            for row in added
        ],
    )


def was_written_to_elsewhere(session: Session, *, event: dict[str, Any]) -> bool:
    """Whether the message of an unsubscription may have gone to another address than its contact has now."""
    ids = {"account_id": event["account_id"], "contact_id": event["contact_id"]}
    row = people_store.find(session, **ids)
    return row is None or row[ADDRESS[event["channel"]]] is None or people_store.has_moved(session, **ids)


def archive_unsubscribed(
    session: Session, *, event: dict[str, Any], sent_to: str | None, handler: str = "archive_unsubscribed"
) -> None:
    """Archive the contact's address, and the one that the message went to. Harmless twice: the inbox knows the event.

    A contact may be deleted and come back with the next list, or have another address by now: the person who pressed
    the link is not to be written to at either.

    :param sent_to: the message's address, where it was asked for and is known.
    """
    if not first_time(session, handler, event["event_id"]):
        return
    row = people_store.find(session, account_id=event["account_id"], contact_id=event["contact_id"])
    current = row[ADDRESS[event["channel"]]] if row else None
    contact_by_address = {sent_to: None} if sent_to else {}
    if current:
        contact_by_address[current] = event["contact_id"]
    if not contact_by_address:
        log.info("unsubscribed_contact_is_gone", contact_id=str(event["contact_id"]))
        return
    archive(
        session,
        account_id=event["account_id"],
        channel=event["channel"],
        entries=[
            {"id": new_id(), "address": address, "contact_id": contact_id, "reason": ArchiveReason.UNSUBSCRIBED}
            for address, contact_id in contact_by_address.items()
        ],
        source="unsubscribe",
        campaign_id=event.get("campaign_id"),
    )


def archive_refused(session: Session, *, event: dict[str, Any], handler: str, source: str) -> None:
    """Archive hard bounces, complaints and STOP words that a channel reports. Harmless twice, as above.

    A STOP may be told again, or late: one that a START has taken back since stays so.
    """
    if not first_time(session, handler, event["event_id"]):
        return
    by_channel: dict[str, list[dict[str, Any]]] = {}
    for refused in event["addresses"]:
        if refused["reason"] not in SAID_OF_THE_PERSON:
            continue
        entry = {
            "id": new_id(),
            "address": refused["address"],
            "contact_id": refused.get("contact_id"),
            "reason": refused["reason"],
            "said_at": refused.get("occurred_at"),
        }
        by_channel.setdefault(refused["channel"], []).append(entry)
    for channel, entries in by_channel.items():
        given = {"account_id": event["account_id"], "channel": channel, "source": source}
        stops = [(one["address"], one["said_at"]) for one in entries if one["reason"] == ArchiveReason.STOP]
        withdrawn = store.withdrawn(session, **given, said=[(address, at) for address, at in stops if at])
        archive(
            session,
            **given,
            entries=[one for one in entries if (one["address"], one["said_at"]) not in withdrawn],
            campaign_id=event.get("campaign_id"),
        )


def normalised(channel: Channel, address: str, region: str) -> str | None:
    """The address in the spelling in which it is kept; None: it is none."""
    if channel in (Channel.PUSH, Channel.VIBER):
        known = PUSH_ADDRESS if channel is Channel.PUSH else VIBER_ADDRESS
        return address.lower() if known.match(address.lower()) else None
    return emails.normalise(address) if channel is Channel.EMAIL else phones.to_e164(address, region)
