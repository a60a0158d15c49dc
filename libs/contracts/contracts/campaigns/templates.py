"""Templates: content kept for reuse, in the shape of its channel, in folders and with its earlier versions."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any
from uuid import UUID

import marshmallow
from marshmallow import fields, validate, validates_schema

from contracts.campaigns.content import content_field, content_problems
from contracts.campaigns.texts import NAME_MAX
from contracts.channel import Advice, ContentProblem
from contracts.lists import NewestQuery, counted_page_of
from contracts.rpc import Call
from contracts.schema import Schema, Word, line_field
from contracts.vocabulary import Channel

DESIGN_MAX = 1_000_000  # characters as JSON
MOST_TEMPLATES = 2_000  # of an account
VERSIONS_KEPT, VERSIONS_CHARACTERS = 100, 20_000_000  # of a template; of large versions ten at least


class TemplateKind(StrEnum):
    """An account's own, or one that ships with Wici: to be looked at and copied."""

    OWN = "own"
    READY_MADE = "ready_made"


def _bounded(design: dict[str, Any]) -> None:
    if len(json.dumps(design)) > DESIGN_MAX:
        raise marshmallow.ValidationError(f"As JSON it has at most {DESIGN_MAX} characters.")


def _folder(**rules: Any) -> fields.String:
    return line_field(NAME_MAX, metadata={"description": "any path, `Sklep/2026`; empty: in none"}, **rules)


def _design(**rules: Any) -> fields.Dict:
    described = {"description": "what an editor keeps of it: any JSON, kept as it is beside the content"}
    return fields.Dict(keys=fields.String(), allow_none=True, validate=_bounded, metadata=described, **rules)


class TemplateCreate(Schema):
    """Content kept for reuse, in the shape of its channel. Of `mjml` the html is made when it is saved."""

    name = line_field(NAME_MAX, 1, required=True)
    folder = _folder(load_default="")
    channel = fields.Enum(Channel, by_value=True, required=True)
    content = content_field(required=True)
    design = _design(load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def _fits_channel(self, template: dict[str, Any], **_: Any) -> None:
        if problems := content_problems(template["channel"], template["content"]):
            raise marshmallow.ValidationError({"content": problems})


class TemplateUpdate(Schema):
    """What is left out stays. Where `version` is given and is not the present one, nothing is changed."""

    name = line_field(NAME_MAX, 1)
    folder = _folder()
    content = content_field()
    design = _design()
    version = fields.Integer(strict=True, validate=validate.Range(min=1))


class TemplateCopy(Schema):
    """A name for the copy and a folder, else those of the original; an empty folder: in none."""

    name = line_field(NAME_MAX, 1, load_default=None, allow_none=True)
    folder = _folder(load_default=None, allow_none=True)


class TemplateQuery(NewestQuery):
    """`q`: words of the name or of an e-mail's subject, without case or accents."""

    channel = fields.Enum(Channel, by_value=True, load_default=None, allow_none=True)
    kind = Word(TemplateKind, load_default=TemplateKind.OWN)
    folder = line_field(NAME_MAX, load_default=None, allow_none=True)
    q = line_field(100, load_default=None, allow_none=True)
    language = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(("pl", "en")),
        metadata={"description": "of ready-made ones"},
    )


class TemplateReport(Schema):
    """What the channel says of the content; `figures` are those of `POST /v1/contents/check`."""

    problems = fields.List(fields.Nested(ContentProblem))
    advice = fields.List(fields.Nested(Advice))
    figures = fields.Dict(keys=fields.String())


class _TemplateFacts(Schema):
    id = fields.UUID()
    kind = Word(TemplateKind)
    name = fields.String()
    folder = fields.String()
    subject = fields.String(allow_none=True, metadata={"description": "of an e-mail"})
    channel = fields.Enum(Channel, by_value=True)
    language = fields.String(allow_none=True, metadata={"description": "of a ready-made one"})
    version = fields.Integer()
    created_at = fields.AwareDateTime(allow_none=True)
    updated_at = fields.AwareDateTime(allow_none=True)


class TemplateSummary(_TemplateFacts):
    has_picture = fields.Boolean(metadata={"description": "whether `…/versions/{version}/picture` shows its page"})


class Template(_TemplateFacts):
    content = content_field()
    design = fields.Dict(keys=fields.String(), allow_none=True)
    report = fields.Nested(
        TemplateReport,
        allow_none=True,
        metadata={"description": "null where the channel could not be asked when it was saved"},
    )


class TemplateVersionSummary(Schema):
    """A template as it once was; the last hundred are kept, of large ones fewer."""

    version = fields.Integer()
    name = fields.String()
    created_at = fields.AwareDateTime()
    created_by = fields.UUID(allow_none=True, metadata={"description": "the user; null for an API key"})
    has_picture = fields.Boolean(metadata={"description": "whether `…/picture` shows its page"})


class TemplateVersion(TemplateVersionSummary):
    content = content_field()
    design = fields.Dict(keys=fields.String(), allow_none=True)


class TemplatePicture(Schema):
    filename = fields.String()
    content = fields.String(metadata={"description": "a PNG in base64"})


class TemplateVersionList(Schema):
    """Newest first."""

    items = fields.List(fields.Nested(TemplateVersionSummary))


class VersionsToCompare(Schema):
    """`to`: another version, else the present one."""

    to = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=1))


class ChangedText(Schema):
    field = fields.String()
    lines = fields.List(
        fields.String(),
        metadata={"description": "a unified diff: ` ` as it was, `-` taken out, `+` put in, `@@` the place"},
    )


class TemplateComparison(Schema):
    from_ = fields.Integer(data_key="from", attribute="from")
    to = fields.Integer()
    changes = fields.List(fields.Nested(ChangedText))


class TemplateFolder(Schema):
    folder = fields.String()
    templates = fields.Integer()


class TemplateFolders(Schema):
    """In the order of their names."""

    items = fields.List(fields.Nested(TemplateFolder))


TemplatePage = counted_page_of(TemplateSummary)

_TEMPLATE = {"template_id": UUID}
_VERSION = {"template_id": UUID, "version": int}
RPC: dict[str, Call] = {
    "create_template": Call(TemplateCreate, Template),
    "get_template": Call(response=Template, path=_TEMPLATE),
    "list_templates": Call(TemplateQuery, TemplatePage),
    "list_template_folders": Call(response=TemplateFolders),
    "update_template": Call(TemplateUpdate, Template, path=_TEMPLATE, edits=Template),
    "delete_template": Call(path=_TEMPLATE, edits=Template),
    "copy_template": Call(TemplateCopy, Template, path=_TEMPLATE),
    "list_template_versions": Call(response=TemplateVersionList, path=_TEMPLATE),
    "get_template_version": Call(response=TemplateVersion, path=_VERSION),
    "restore_template_version": Call(response=Template, path=_VERSION),
    "get_template_picture": Call(response=TemplatePicture, path=_VERSION),
    "compare_template_versions": Call(VersionsToCompare, TemplateComparison, path=_VERSION),
}
