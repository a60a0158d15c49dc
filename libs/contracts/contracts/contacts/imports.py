"""Imports of lists from uploaded files."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.contacts.shapes import MERGE_BY, NOTE, JobError, name_field, word_of
from contracts.lists import NewestQuery, counted_page_of
from contracts.rpc import Call
from contracts.schema import Schema
from contracts.vocabulary import ArchiveReason, Channel, JobState


class ArchiveOptions(Schema):
    """Why the addresses of a file get no more campaigns."""

    reason = fields.Enum(ArchiveReason, by_value=True, required=True)
    note = fields.String(load_default="", validate=NOTE)


class ImportOptions(Schema):
    """How a file is read and merged.

    `consent` declares consent on these channels for every row that does not say; nobody who has refused is made to
    consent by it. `bad_values` says whether a row with one bad cell and a good address goes on without that value
    (`drop`) or is rejected.
    """

    merge_by = fields.String(load_default="email", validate=MERGE_BY)
    precedence = fields.String(
        load_default="newest",
        validate=validate.OneOf(["newest", "keep_existing"]),
        metadata={
            "description": "whose value stays where file and contact differ. Of consents the latest by its date stays,"
            " a refusal where two are of one day; a consent without a date undoes no refusal; where existing values"
            " stay, a later refusal counts all the same"
        },
    )
    bad_values = fields.String(load_default="drop", validate=validate.OneOf(["drop", "reject"]))
    consent = fields.List(
        fields.Enum(Channel, by_value=True), load_default=list, validate=validate.Length(max=len(Channel))
    )
    group_ids = fields.List(fields.UUID(), load_default=list, validate=validate.Length(max=20))
    group_name = name_field(load_default=None, allow_none=True)
    encoding = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(["utf-8", "utf-16", "windows-1250", "iso-8859-2", "cp852"]),
    )
    separator = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf([",", ";", "\t", "|"], labels=["comma", "semicolon", "tab", "pipe"]),
    )
    region = fields.String(load_default=None, allow_none=True, validate=validate.Length(equal=2))
    sheet = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=100))
    archive = fields.Nested(
        ArchiveOptions,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "the file is a list of addresses that get no more campaigns: they go to the archive, each on"
            " its channel, and no contact is made or changed; `unchanged` counts those that were there. Needs the"
            " permission `contacts.archive` too"
        },
    )
    header_row = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 1_000),
        metadata={"description": "the line or row of the columns' names, counted from 1; found, unless it is given"},
    )
    date_order = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(["dmy", "mdy"]),
        metadata={"description": "of dates in numbers, such as 03/04/1990; told by each whole column, unless given"},
    )


class ImportCreate(Schema):
    """`mapping` is field by header: `{"Kod rabatowy": "discount_code", "Uwagi": null}`; without it they are guessed."""

    upload_id = fields.UUID(required=True)
    mapping = fields.Dict(
        keys=fields.String(), values=fields.String(allow_none=True), load_default=None, allow_none=True
    )
    options = fields.Nested(ImportOptions, load_default=lambda: ImportOptions().load({}))


class ImportUpload(Schema):
    """The parts of an upload; `mapping` and `options` are JSON, as of `ImportCreate`."""

    file = fields.Raw(required=True, metadata={"any_of": ({"type": "string", "format": "binary"},)})
    mapping = fields.Dict(keys=fields.String(), values=fields.String(allow_none=True), allow_none=True)
    options = fields.Nested(ImportOptions)


class ImportColumn(Schema):
    """One column: what it is taken for, how sure that is, and its first cells that hold something."""

    column = fields.Integer()
    header = fields.String()
    field = fields.String(allow_none=True)
    confidence = fields.Float()
    samples = fields.List(fields.String(), metadata={"description": "up to five cells, of up to 100 characters each"})
    date_order = fields.String(
        allow_none=True,
        validate=validate.OneOf(["dmy", "mdy"]),
        metadata={"description": "of a column of dates: the order in which its numbers are read"},
    )


class ImportField(Schema):
    """What `mapping` may take a column for; `label` in the language that is asked for, of own fields as it is."""

    field = fields.String()
    label = fields.String()
    is_custom = fields.Boolean()


class PreviewRow(Schema):
    """One of the first rows: what would become of it were the file no longer, and what is wrong in it.

    `problems` are codes, `reasons` the same in words; a row that is not rejected goes on without those values.
    """

    number = fields.Integer()
    outcome = fields.String(validate=validate.OneOf(["added", "updated", "unchanged", "merged", "rejected"]))
    values = fields.Dict()
    problems = fields.List(fields.String())
    reasons = fields.List(fields.String())


class ImportPreview(Schema):
    upload_id = fields.UUID()
    filename = fields.String()
    encoding = fields.String(allow_none=True)
    separator = fields.String(allow_none=True)
    sheets = fields.List(
        fields.String(), metadata={"description": "of a workbook; the first, unless `sheet` names one"}
    )
    sheet = fields.String(allow_none=True, metadata={"description": "the one that is read"})
    header_row = fields.Integer(metadata={"description": "where the columns' names stand, counted from 1"})
    columns = fields.List(fields.Nested(ImportColumn))
    fields_ = fields.List(fields.Nested(ImportField), data_key="fields")
    rows = fields.List(fields.Nested(PreviewRow))


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
    state = word_of(JobState)
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


ImportPage = counted_page_of(Import)


RPC = {
    "preview_import": Call(ImportCreate, ImportPreview),
    "create_import": Call(ImportCreate, Import),
    "list_imports": Call(NewestQuery, ImportPage),
    "get_import": Call(None, Import, path={"import_id": UUID}),
    "cancel_import": Call(None, Import, path={"import_id": UUID}),
}
