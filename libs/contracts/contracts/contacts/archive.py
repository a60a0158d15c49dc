"""The archive: addresses that get no more campaigns."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.contacts.shapes import NOTE, word_of
from contracts.lists import sort_field, total_fields
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, page_of
from contracts.vocabulary import ArchiveReason, Channel


class ArchiveQuery(PageQuery):
    channel = fields.Enum(Channel, by_value=True)
    address = fields.String(validate=validate.Length(max=254))
    reason = fields.Enum(ArchiveReason, by_value=True)
    campaign_id = fields.UUID()
    since = fields.AwareDateTime(data_key="from")
    until = fields.AwareDateTime(data_key="to")
    restored = fields.Boolean(load_default=False)
    q = fields.String(
        validate=validate.Length(min=1, max=200),
        metadata={"description": "a part of the address; of a phone its digits, however they are parted"},
    )
    sort = sort_field()


class ArchiveAdd(Schema):
    """Addresses, or contacts (their address on the channel), that get no more campaigns."""

    channel = fields.Enum(Channel, by_value=True, required=True)
    addresses = fields.List(fields.String(), load_default=list, validate=validate.Length(max=1_000))
    contact_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=1_000))
    reason = fields.Enum(ArchiveReason, by_value=True, required=True)
    note = fields.String(load_default="", validate=NOTE)


class AddressesToFind(Schema):
    channel = fields.Enum(Channel, by_value=True, required=True)
    addresses = fields.List(fields.String(), required=True, validate=validate.Length(max=1_000))


class FoundArchived(Schema):
    archived = fields.List(fields.Integer(), metadata={"description": "places of those that are in the archive"})


class RestoreNote(Schema):
    note = fields.String(load_default="", validate=NOTE)


class Archived(Schema):
    id = fields.UUID()
    channel = word_of(Channel)
    address = fields.String()
    contact_id = fields.UUID(allow_none=True)
    reason = word_of(ArchiveReason)
    note = fields.String()
    source = fields.String()
    campaign_id = fields.UUID(allow_none=True)
    archived_by = fields.UUID(allow_none=True)
    created_at = fields.AwareDateTime()
    restored_at = fields.AwareDateTime(allow_none=True)
    restored_by = fields.UUID(allow_none=True)
    restore_note = fields.String(allow_none=True)


class ArchivedList(Schema):
    items = fields.List(fields.Nested(Archived))


class ArchivedPage(page_of(Archived)):  # type: ignore[misc]
    """With how many there are, on the first page."""

    total, total_is_estimate = total_fields()


RPC = {
    "list_archive": Call(ArchiveQuery, ArchivedPage),
    "archive_addresses": Call(ArchiveAdd, ArchivedList),
    "find_archived": Call(AddressesToFind, FoundArchived),
    "restore_address": Call(RestoreNote, Archived, path={"archive_id": UUID}),
}
