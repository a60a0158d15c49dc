"""Contacts: payloads of its RPC, which are also the bodies of the public API."""

from __future__ import annotations

from enum import StrEnum

from marshmallow import fields, validate

from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, page_of
from contracts.vocabulary import ArchiveReason, Channel, JobState

NAME = validate.Length(min=1, max=200)
TEXT = validate.Length(max=1_000)
KEY = validate.Regexp(r"^[a-z][a-z0-9_]{0,49}\Z", error="Lower-case letters, digits and underscores, a letter first.")
MERGE_BY = validate.OneOf(["email", "phone", "external_id"])
NOTE = validate.Length(max=2_000)


def _word_of(words: type[StrEnum]) -> fields.String:
    """A word of a vocabulary, in an answer."""
    return fields.String(validate=validate.OneOf([word.value for word in words]))


class Consent(Schema):
    """Whether the person agreed to be written to on a channel, how that is known, and since when."""

    granted = fields.Boolean(required=True)
    source = fields.String(validate=validate.Length(min=1, max=200))
    at = fields.AwareDateTime()


class Consents(Schema):
    sms = fields.Nested(Consent, allow_none=True)
    email = fields.Nested(Consent, allow_none=True)


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


class ContactUpdate(ContactFields):
    contact_id = fields.UUID(required=True, load_only=True)


class Contact(ContactFields):
    id = fields.UUID()
    group_ids = fields.List(fields.UUID())
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class ContactId(Schema):
    contact_id = fields.UUID(required=True)


class ContactQuery(PageQuery):
    email = fields.String(validate=validate.Length(max=254))
    phone = fields.String(validate=validate.Length(max=40))
    external_id = fields.String(validate=validate.Length(max=200))
    group_id = fields.UUID()


class ContactSearch(PageQuery):
    """`text` is looked for at the beginning of names, city, company and addresses."""

    text = fields.String(validate=validate.Length(min=1, max=200))
    group_ids = fields.List(fields.UUID(), validate=validate.Length(max=100))
    rules = fields.Dict()


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


class Empty(Schema):
    """Nothing to say."""


class FieldCreate(Schema):
    key = fields.String(required=True, validate=KEY)
    label = fields.String(validate=NAME)
    type = fields.String(required=True, validate=validate.OneOf(["text", "number", "boolean", "date"]))


class FieldUpdate(Schema):
    field_id = fields.UUID(required=True, load_only=True)
    key = fields.String(validate=KEY)
    label = fields.String(validate=NAME)


class FieldId(Schema):
    field_id = fields.UUID(required=True)


class ContactField(Schema):
    id = fields.UUID()
    key = fields.String()
    label = fields.String()
    type = fields.String()
    created_at = fields.AwareDateTime()


class FieldNames(Schema):
    names = fields.List(fields.String(), required=True, validate=validate.Length(max=500))


class UnknownFields(Schema):
    unknown = fields.List(fields.String())  # type: ignore[assignment]  # a field, not the schema's option


class GroupCreate(Schema):
    name = fields.String(required=True, validate=NAME)
    description = fields.String(load_default="", validate=NOTE)


class GroupUpdate(Schema):
    group_id = fields.UUID(required=True, load_only=True)
    name = fields.String(validate=NAME)
    description = fields.String(validate=NOTE)
    archived = fields.Boolean()


class GroupId(Schema):
    group_id = fields.UUID(required=True)


class GroupQuery(PageQuery):
    archived = fields.Boolean(load_default=False)


class Group(Schema):
    id = fields.UUID()
    name = fields.String()
    description = fields.String()
    contacts = fields.Integer()
    archived = fields.Boolean()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class GroupMembers(Schema):
    group_id = fields.UUID(required=True, load_only=True)
    contact_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=1_000))


class MembersChanged(Schema):
    changed = fields.Integer()
    contacts = fields.Integer()


class SplitPart(Schema):
    name = fields.String(required=True, validate=NAME)
    percent = fields.Float(required=True, validate=validate.Range(min=0, max=100))


class GroupCombine(Schema):
    """`union` of groups; `subtract` groups from the first; `filter` one by rules; `split` one by percentages."""

    operation = fields.String(required=True, validate=validate.OneOf(["union", "subtract", "filter", "split"]))
    group_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=100))
    name = fields.String(validate=NAME)
    rules = fields.Dict()
    parts = fields.List(fields.Nested(SplitPart), validate=validate.Length(min=2, max=20))
    seed = fields.String(load_default="", validate=validate.Length(max=100))


class GroupList(Schema):
    items = fields.List(fields.Nested(Group))


class UploadBegin(Schema):
    filename = fields.String(required=True, validate=validate.Length(min=1, max=255))
    size = fields.Integer(load_default=None, allow_none=True)


class Upload(Schema):
    upload_id = fields.UUID()


class UploadChunk(Schema):
    upload_id = fields.UUID(required=True)
    seq = fields.Integer(required=True, validate=validate.Range(min=0))
    chunk = fields.String(required=True, metadata={"description": "base64, at most 256 KiB before encoding"})


class ImportOptions(Schema):
    """How a file is read and merged.

    `consent` declares consent on these channels for every row that does not say; `bad_values` says whether a row with
    one bad cell and a good address goes on without that value (`drop`) or is rejected.
    """

    merge_by = fields.String(load_default="email", validate=MERGE_BY)
    precedence = fields.String(load_default="newest", validate=validate.OneOf(["newest", "keep_existing"]))
    bad_values = fields.String(load_default="drop", validate=validate.OneOf(["drop", "reject"]))
    consent = fields.List(fields.Enum(Channel, by_value=True), load_default=list)
    group_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=20))
    group_name = fields.String(load_default=None, allow_none=True, validate=NAME)
    encoding = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf(["utf-8", "utf-16", "windows-1250", "iso-8859-2"])
    )
    separator = fields.String(load_default=None, allow_none=True, validate=validate.OneOf([",", ";", "\t", "|"]))
    region = fields.String(load_default=None, allow_none=True, validate=validate.Length(equal=2))
    sheet = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))


class ImportCreate(Schema):
    """`mapping` is field by header: `{"Kod rabatowy": "discount_code", "Uwagi": null}`; without it they are guessed."""

    upload_id = fields.UUID(required=True)
    mapping = fields.Dict(
        keys=fields.String(), values=fields.String(allow_none=True), load_default=None, allow_none=True
    )
    options = fields.Nested(ImportOptions, load_default=lambda: ImportOptions().load({}))


class ImportColumn(Schema):
    column = fields.Integer()
    header = fields.String()
    field = fields.String(allow_none=True)
    confidence = fields.Float()


class PreviewRow(Schema):
    number = fields.Integer()
    outcome = fields.String()
    values = fields.Dict()
    problems = fields.List(fields.String())


class ImportPreview(Schema):
    upload_id = fields.UUID()
    filename = fields.String()
    encoding = fields.String(allow_none=True)
    separator = fields.String(allow_none=True)
    columns = fields.List(fields.Nested(ImportColumn))
    rows = fields.List(fields.Nested(PreviewRow))


class JobId(Schema):
    import_id = fields.UUID(required=True)


class JobError(Schema):
    code = fields.String()
    detail = fields.String()


class ImportCounts(Schema):
    """`read` = `added` + `updated` + `unchanged` + `merged` + `rejected`; rows with warnings are among the others."""

    read = fields.Integer()
    added = fields.Integer()
    updated = fields.Integer()
    unchanged = fields.Integer()
    merged = fields.Integer()
    rejected = fields.Integer()
    warnings = fields.Integer()


class Import(Schema):
    id = fields.UUID()
    filename = fields.String()
    state = _word_of(JobState)
    stage = fields.String(allow_none=True)
    done = fields.Integer()
    total = fields.Integer(allow_none=True)
    counts = fields.Nested(ImportCounts)
    problems = fields.Dict(keys=fields.String(), values=fields.Integer())
    group_ids = fields.List(fields.UUID())
    rejected_file_id = fields.UUID(allow_none=True)
    warnings_file_id = fields.UUID(allow_none=True)
    error = fields.Nested(JobError, allow_none=True)
    created_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)


class FileRead(Schema):
    file_id = fields.UUID(required=True)
    seq = fields.Integer(required=True, validate=validate.Range(min=0))


class FileChunk(Schema):
    chunk = fields.String(allow_none=True)
    filename = fields.String()
    media_type = fields.String()
    size = fields.Integer()


class ExportCreate(Schema):
    """What to export: one group, one segment, or everybody; as a file of which format, with which fields."""

    group_id = fields.UUID(load_default=None, allow_none=True)
    segment_id = fields.UUID(load_default=None, allow_none=True)
    format = fields.String(load_default="csv", validate=validate.OneOf(["csv", "xlsx"]))
    fields_ = fields.List(
        fields.String(), data_key="fields", load_default=None, allow_none=True, validate=validate.Length(min=1, max=200)
    )


class ExportId(Schema):
    export_id = fields.UUID(required=True)


class Export(Schema):
    id = fields.UUID()
    state = _word_of(JobState)
    format = fields.String()
    done = fields.Integer()
    total = fields.Integer(allow_none=True)
    file_id = fields.UUID(allow_none=True)
    error = fields.Nested(JobError, allow_none=True)
    created_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)


class SegmentCreate(Schema):
    name = fields.String(required=True, validate=NAME)
    description = fields.String(load_default="", validate=NOTE)
    rules = fields.Dict(required=True)


class SegmentUpdate(Schema):
    segment_id = fields.UUID(required=True, load_only=True)
    name = fields.String(validate=NAME)
    description = fields.String(validate=NOTE)
    rules = fields.Dict()


class SegmentId(Schema):
    segment_id = fields.UUID(required=True)


class SegmentMembersQuery(PageQuery):
    segment_id = fields.UUID(required=True, load_only=True)


class SegmentRules(Schema):
    rules = fields.Dict(required=True)


class Segment(Schema):
    id = fields.UUID()
    name = fields.String()
    description = fields.String()
    rules = fields.Dict()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class Count(Schema):
    count = fields.Integer()


class ArchiveQuery(PageQuery):
    channel = fields.Enum(Channel, by_value=True)
    address = fields.String(validate=validate.Length(max=254))
    restored = fields.Boolean(load_default=False)


class ArchiveAdd(Schema):
    """Addresses, or contacts (their address on the channel), that get no more campaigns."""

    channel = fields.Enum(Channel, by_value=True, required=True)
    addresses = fields.List(fields.String(), load_default=list, validate=validate.Length(max=1_000))
    contact_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=1_000))
    reason = fields.Enum(ArchiveReason, by_value=True, required=True)
    note = fields.String(load_default="", validate=NOTE)


class ArchiveRestore(Schema):
    archive_id = fields.UUID(required=True)
    note = fields.String(load_default="", validate=NOTE)


class RestoreNote(Schema):
    note = fields.String(load_default="", validate=NOTE)


class Archived(Schema):
    id = fields.UUID()
    channel = _word_of(Channel)
    address = fields.String()
    contact_id = fields.UUID(allow_none=True)
    reason = _word_of(ArchiveReason)
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


class PersonQuery(Schema):
    """A person, by contact or by an address."""

    contact_id = fields.UUID(load_default=None, allow_none=True)
    email = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=254))
    phone = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))


class PersonExport(Schema):
    contact = fields.Nested(Contact, allow_none=True)
    archive = fields.List(fields.Nested(Archived))
    groups = fields.List(fields.Nested(Group))
    erased = fields.Boolean()


class PersonErased(Schema):
    contacts = fields.Integer()
    addresses = fields.Integer()


class Audience(Schema):
    groups = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))
    segments = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))
    exclude_groups = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))
    exclude_segments = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=100))


class AudienceCount(Schema):
    channel = fields.Enum(Channel, by_value=True, required=True)
    audience = fields.Nested(Audience, required=True)


class SnapshotCreate(AudienceCount):
    snapshot_id = fields.UUID(required=True)
    fields_ = fields.List(fields.String(), data_key="fields", load_default=list)


class SnapshotId(Schema):
    snapshot_id = fields.UUID(required=True)


class Snapshot(Schema):
    state = _word_of(JobState)
    total = fields.Integer(allow_none=True)
    error = fields.Nested(JobError, allow_none=True)


class AudienceRead(Schema):
    """`after` is the number of the last recipient read, 0 at first."""

    snapshot_id = fields.UUID(required=True)
    after = fields.Integer(load_default=0, validate=validate.Range(min=0))
    limit = fields.Integer(load_default=500, validate=validate.Range(min=1, max=5_000))


class Recipients(Schema):
    """`contracts.lanes.Recipient` each. A field that the contact does not have is left out of `fields`."""

    recipients = fields.List(fields.Raw())


ContactPage = page_of(Contact)
FieldPage = page_of(ContactField)
GroupPage = page_of(Group)
ImportPage = page_of(Import)
SegmentPage = page_of(Segment)
ArchivedPage = page_of(Archived)

RPC: dict[str, Call] = {
    "list_contacts": Call(ContactQuery, ContactPage),
    "find_contacts": Call(ContactSearch, ContactPage),
    "create_contact": Call(ContactCreate, Contact),
    "get_contact": Call(ContactId, Contact),
    "update_contact": Call(ContactUpdate, Contact),
    "delete_contact": Call(ContactId),
    "upsert_contacts": Call(ContactBatch, BatchResult),
    "list_fields": Call(PageQuery, FieldPage),
    "create_field": Call(FieldCreate, ContactField),
    "update_field": Call(FieldUpdate, ContactField),
    "delete_field": Call(FieldId),
    "check_fields": Call(FieldNames, UnknownFields),
    "list_groups": Call(GroupQuery, GroupPage),
    "create_group": Call(GroupCreate, Group),
    "get_group": Call(GroupId, Group),
    "update_group": Call(GroupUpdate, Group),
    "delete_group": Call(GroupId),
    "add_to_group": Call(GroupMembers, MembersChanged),
    "remove_from_group": Call(GroupMembers, MembersChanged),
    "combine_groups": Call(GroupCombine, GroupList),
    "begin_upload": Call(UploadBegin, Upload),
    "append_upload": Call(UploadChunk),
    "preview_import": Call(ImportCreate, ImportPreview),
    "create_import": Call(ImportCreate, Import),
    "list_imports": Call(PageQuery, ImportPage),
    "get_import": Call(JobId, Import),
    "cancel_import": Call(JobId, Import),
    "read_file": Call(FileRead, FileChunk),
    "create_export": Call(ExportCreate, Export),
    "get_export": Call(ExportId, Export),
    "list_segments": Call(PageQuery, SegmentPage),
    "create_segment": Call(SegmentCreate, Segment),
    "get_segment": Call(SegmentId, Segment),
    "update_segment": Call(SegmentUpdate, Segment),
    "delete_segment": Call(SegmentId),
    "count_segment": Call(SegmentRules, Count),
    "list_segment_contacts": Call(SegmentMembersQuery, ContactPage),
    "list_archive": Call(ArchiveQuery, ArchivedPage),
    "archive_addresses": Call(ArchiveAdd, ArchivedList),
    "restore_address": Call(ArchiveRestore, Archived),
    "export_person": Call(PersonQuery, PersonExport),
    "erase_person": Call(PersonQuery, PersonErased),
    "count_audience": Call(AudienceCount, Count),
    "snapshot_audience": Call(SnapshotCreate, Snapshot),
    "get_snapshot": Call(SnapshotId, Snapshot),
    "read_audience": Call(AudienceRead, Recipients),
    "drop_snapshot": Call(SnapshotId),
}
