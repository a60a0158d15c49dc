"""Files that an account hosts: linked from messages with counted downloads, shown as images, or attached to e-mails."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.contacts.files import FileChunk, Upload, UploadBegin, UploadChunk
from contracts.lists import NewestQuery, counted_page_of
from contracts.rpc import Call
from contracts.schema import Schema, line_field

CHUNK_BYTES = 256 * 1024
MOST_OCTETS = 20 * 1024 * 1024
FILENAME_MAX = 200
TOKEN_LENGTH = 22


class FileUpload(Schema):
    """The parts of the form."""

    file = fields.Raw(required=True, metadata={"any_of": ({"type": "string", "format": "binary"},)})
    expires_at = fields.AwareDateTime(
        metadata={"description": "after it the link shows that it has ended; ten years ahead at most"}
    )


class FileCreate(Schema):
    upload_id = fields.UUID(required=True)
    expires_at = fields.AwareDateTime(load_default=None, allow_none=True)


class FileUpdate(Schema):
    """Change a file's name or end; what is left out stays."""

    filename = line_field(FILENAME_MAX, 1)
    expires_at = fields.AwareDateTime(allow_none=True)


class File(Schema):
    """`url` is public: whoever has it can read the file."""

    id = fields.UUID()
    filename = fields.String()
    media_type = fields.String(metadata={"description": "by its first bytes, else by its name"})
    size = fields.Integer(metadata={"description": "in bytes"})
    url = fields.String()
    downloads = fields.Integer(
        metadata={"description": "given from the start on; a look at the first octets is none", "volatile": True}
    )
    expires_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()


class PublicFileOpen(Schema):
    """`is_counted`: as gateways of before asked, when they did not know yet whether it would be read."""

    token = fields.String(required=True, validate=validate.Length(max=200))
    is_counted = fields.Boolean(load_default=False)


class PublicFile(Schema):
    """What an answer to a stranger needs; `etag` is a digest of the octets. `account_id` is for the gateway alone."""

    file_id = fields.UUID()
    account_id = fields.UUID()
    state = fields.String(validate=validate.OneOf(("ready", "ended", "suspended")))
    filename = fields.String()
    media_type = fields.String()
    size = fields.Integer()
    etag = fields.String()
    expires_at = fields.AwareDateTime(allow_none=True)


class PublicFileRead(Schema):
    """`is_counted`: a download begins with this piece."""

    token = fields.String(required=True, validate=validate.Length(max=200))
    seq = fields.Integer(required=True, validate=validate.Range(min=0, max=MOST_OCTETS // CHUNK_BYTES))
    is_counted = fields.Boolean(load_default=False)


FilePage = counted_page_of(File)

_FILE = {"file_id": UUID}
RPC: dict[str, Call] = {
    "begin_upload": Call(UploadBegin, Upload),
    "append_upload": Call(UploadChunk),
    "create_file": Call(FileCreate, File),
    "get_file": Call(response=File, path=_FILE),
    "list_files": Call(NewestQuery, FilePage),
    "update_file": Call(FileUpdate, File, path=_FILE, edits=File),
    "delete_file": Call(path=_FILE, edits=File),
    "open_public_file": Call(PublicFileOpen, PublicFile),
    "read_public_file": Call(PublicFileRead, FileChunk),
}
