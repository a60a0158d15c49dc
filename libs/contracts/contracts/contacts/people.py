"""Contacts: what they are made of, consent, search, bulk upserts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from contracts.contacts.shapes import MERGE_BY, TEXT, Count, rules_field, word_of
from contracts.lists import NEWEST, OLDEST, total_fields
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, page_of
from contracts.vocabulary import ArchiveReason, Channel

BY_NAME, BY_NAME_BACKWARDS = "name", "-name"


def sort_field() -> fields.String:
    """In which order contacts are shown; the list itself says it where the client does not."""
    return fields.String(
        validate=validate.OneOf(
            [OLDEST, NEWEST, BY_NAME, BY_NAME_BACKWARDS],
            labels=["oldest_first", "newest_first", "by_name", "by_name_backwards"],
        ),
        metadata={
            "description": "`created` (else), `-created`, or `name`, `-name`: by last name, then first name, as Polish"
            " sorts them; who has neither comes last by `name`"
        },
    )


class Consent(Schema):
    """Whether the person agreed to be written to on a channel, how that is known, and since when.

    One whose `at` is before a refusal that is known is `consent.refused_since`; without `at` it is of now.
    """

    granted = fields.Boolean(required=True)
    source = fields.String(validate=validate.Length(min=1, max=200))
    at = fields.AwareDateTime()


class Consents(Schema):
    sms = fields.Nested(Consent, allow_none=True)
    email = fields.Nested(Consent, allow_none=True)
    push = fields.Nested(Consent, allow_none=True)
    whatsapp = fields.Nested(Consent, allow_none=True)
    viber = fields.Nested(Consent, allow_none=True)
    rcs = fields.Nested(Consent, allow_none=True)


class ContactFields(Schema):
    """What a contact is made of; an address is normalised on the way in. None empties a field."""

    email = fields.String(allow_none=True, validate=validate.Length(max=254))
    phone = fields.String(allow_none=True, validate=validate.Length(max=40))
    external_id = fields.String(allow_none=True, validate=validate.Length(min=1, max=200))
    first_name = fields.String(allow_none=True, validate=TEXT)
    last_name = fields.String(allow_none=True, validate=TEXT)
    company = fields.String(allow_none=True, validate=TEXT)
    city = fields.String(allow_none=True, validate=TEXT)
    birth_date = fields.Date(allow_none=True)
    fields_ = fields.Dict(
        keys=fields.String(), values=fields.Raw(allow_none=True), data_key="fields", validate=validate.Length(max=200)
    )
    consents = fields.Nested(Consents)


class ContactCreate(ContactFields):
    group_ids = fields.List(fields.UUID(), validate=validate.Length(max=100))
    restore_erased = fields.Boolean(
        load_default=False,
        metadata={"description": "A person who was erased is back on their own wish; else `address.erased`"},
    )


class ContactUpdate(ContactFields):
    pass


class GroupName(Schema):
    id = fields.UUID()
    name = fields.String()


class ContactArchived(Schema):
    """The contact's address on the channel gets no more campaigns."""

    channel = word_of(Channel)
    reason = word_of(ArchiveReason)
    since = fields.AwareDateTime()


class Contact(ContactFields):
    """`groups` are those of `group_ids` with their names, `archived` the entries of its addresses in the archive."""

    id = fields.UUID()
    push = fields.String(
        allow_none=True, metadata={"description": "the address of all its devices; null where it has none"}
    )
    viber = fields.String(
        allow_none=True, metadata={"description": "its address on Viber; null where it has subscribed to no bot"}
    )
    group_ids = fields.List(fields.UUID())
    groups = fields.List(fields.Nested(GroupName), metadata={"volatile": True})
    archived = fields.List(fields.Nested(ContactArchived), metadata={"volatile": True})
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


def q_field(**options: Any) -> fields.String:
    """Words of a search as a person types them."""
    description = "words, each of which name, e-mail address or phone holds anywhere, without case or accents"
    return fields.String(validate=validate.Length(min=1, max=200), metadata={"description": description}, **options)


class ContactQuery(PageQuery):
    q = q_field()
    sort = sort_field()
    email = fields.String(validate=validate.Length(max=254))
    phone = fields.String(validate=validate.Length(max=40))
    external_id = fields.String(validate=validate.Length(max=200))
    group_id = fields.UUID()
    archived = fields.Boolean(
        metadata={"description": "those who have an address in the archive, on either channel; false: all others"}
    )
    archive_reason = fields.Enum(
        ArchiveReason, by_value=True, metadata={"description": "those who have an address in the archive for that"}
    )


class ContactSearch(PageQuery):
    """`text` is looked for at the beginning of names, city, company and addresses, `q` anywhere."""

    q = q_field()
    sort = sort_field()
    text = fields.String(validate=validate.Length(min=1, max=200))
    group_ids = fields.List(fields.UUID(), validate=validate.Length(max=100))
    rules = rules_field()


class ContactBatch(Schema):
    merge_by = fields.String(load_default="email", validate=MERGE_BY)
    contacts = fields.List(fields.Nested(ContactCreate), required=True, validate=validate.Length(min=1, max=1_000))


class BatchItem(Schema):
    index = fields.Integer()
    outcome = fields.String(metadata={"description": "added, updated, unchanged or rejected"})
    id = fields.UUID(allow_none=True)
    code = fields.String(allow_none=True)
    detail = fields.String(allow_none=True)


class BatchResult(Schema):
    items = fields.List(fields.Nested(BatchItem))


class ContactPage(page_of(Contact)):  # type: ignore[misc]
    """With how many there are, on the first page."""

    total, total_is_estimate = total_fields()


RPC = {
    "count_contacts": Call(None, Count),
    "list_contacts": Call(ContactQuery, ContactPage),
    "find_contacts": Call(ContactSearch, ContactPage),
    "create_contact": Call(ContactCreate, Contact),
    "get_contact": Call(None, Contact, path={"contact_id": UUID}),
    "update_contact": Call(ContactUpdate, Contact, path={"contact_id": UUID}, edits=Contact),
    "delete_contact": Call(path={"contact_id": UUID}, edits=Contact),
    "upsert_contacts": Call(ContactBatch, BatchResult),
}
