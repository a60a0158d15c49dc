"""Files that come and go in chunks: uploads of lists, and what jobs leave behind."""

from __future__ import annotations

from marshmallow import fields, validate

from contracts.rpc import Call
from contracts.schema import Schema


class UploadBegin(Schema):
    filename = fields.String(required=True, validate=validate.Length(min=1, max=255))
    size = fields.Integer(load_default=None, allow_none=True)


class Upload(Schema):
    upload_id = fields.UUID()


class UploadChunk(Schema):
    upload_id = fields.UUID(required=True)
    seq = fields.Integer(required=True, validate=validate.Range(min=0))
    chunk = fields.String(required=True, metadata={"description": "base64, at most 256 KiB before encoding"})


class FileRead(Schema):
    file_id = fields.UUID(required=True)
    seq = fields.Integer(required=True, validate=validate.Range(min=0))


class FileChunk(Schema):
    chunk = fields.String(allow_none=True)
    filename = fields.String()
    media_type = fields.String()
    size = fields.Integer()


RPC = {
    "begin_upload": Call(UploadBegin, Upload),
    "append_upload": Call(UploadChunk),
    "read_file": Call(FileRead, FileChunk),
}
