"""Unsubscribe pages: what people see who leave, in the account's brand and their own language."""

from __future__ import annotations

from uuid import UUID

from marshmallow import fields, validate

from contracts.campaigns import texts as written
from contracts.campaigns.texts import NAME_MAX
from contracts.rpc import Call
from contracts.schema import PageQuery, Schema, line_field, page_of

LANGUAGE = validate.Regexp(r"^[a-z]{2}\Z", error="Two lower-case letters, as in ISO 639-1.")
COLOUR = validate.Regexp(r"^#[0-9a-f]{6}\Z", error="A colour as #rrggbb, in lower case.")
# A picture within the page: it loads nothing from elsewhere. 64 KiB, written in base64.
LOGO_MAX = 90_000
LOGO = validate.Regexp(
    r"^data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}\Z",
    error="A data URI of a PNG, JPEG, GIF or WebP in base64.",
)
REASONS_MAX = 8


class Brand(Schema):
    """How the page looks. `text` on `background`, `button_text` on `button`: a contrast of 4.5 to 1 (WCAG 2.2)."""

    name = line_field(100, 1, required=True)
    logo = fields.String(load_default=None, allow_none=True, validate=[validate.Length(max=LOGO_MAX), LOGO])
    background = fields.String(load_default="#ffffff", validate=COLOUR)
    text = fields.String(load_default="#1d2129", validate=COLOUR)
    button = fields.String(load_default="#b3261e", validate=COLOUR)
    button_text = fields.String(load_default="#ffffff", validate=COLOUR)


class PageTexts(Schema):
    """What the page says in one language.

    `leave` is the button for the channel of the message, `leave_all` the one for all channels (none where it is null);
    `why` asks for a reason once that is done, `thanks` answers one. `lists` stands above the lists that may be left
    (groups with texts for people), `leave_lists` on their button, and `lists_done` says that it is done; Wici's own
    where null.
    """

    title = line_field(100, 1, required=True)
    text = written.text(1_000, 1, required=True)
    leave = line_field(100, 1, required=True)
    leave_all = line_field(100, 1, load_default=None, allow_none=True)
    lists = line_field(200, 1, load_default=None, allow_none=True)
    leave_lists = line_field(100, 1, load_default=None, allow_none=True)
    lists_done = line_field(200, 1, load_default=None, allow_none=True)
    done_title = line_field(100, 1, required=True)
    done = written.text(1_000, 1, required=True)
    why = line_field(200, 1, required=True)
    thanks = line_field(200, 1, required=True)
    reasons = fields.Dict(
        keys=fields.String(
            validate=validate.Regexp(r"^[a-z][a-z0-9_]{0,29}\Z", error="Lower-case letters, digits, _.")
        ),
        values=line_field(100, 1),
        load_default=dict,
        validate=validate.Length(max=REASONS_MAX),
        metadata={"description": "what may be chosen, by a key that is the same in every language"},
    )


class UnsubscribePageCreate(Schema):
    """A page; the account's first is the default, which every send has but those of campaigns that name another.

    Where `texts` is empty it has Wici's own.
    """

    name = line_field(NAME_MAX, 1, required=True)
    brand = fields.Nested(Brand, required=True)
    texts = fields.Dict(
        keys=fields.String(validate=LANGUAGE),
        values=fields.Nested(PageTexts),
        load_default=dict,
        validate=validate.Length(max=20),
        metadata={
            "description": "by language; who wants none of them gets English, else Polish, else the first by name"
        },
    )
    is_default = fields.Boolean(load_default=False)


class UnsubscribePageUpdate(Schema):
    """Change a page; what is left out stays, and a part that is given replaces that part whole."""

    name = line_field(NAME_MAX, 1)
    brand = fields.Nested(Brand)
    texts = fields.Dict(
        keys=fields.String(validate=LANGUAGE), values=fields.Nested(PageTexts), validate=validate.Length(max=20)
    )
    is_default = fields.Boolean(
        validate=validate.Equal(True), metadata={"description": "true alone: there is always a default"}
    )


class UnsubscribePage(Schema):
    """`reasons` counts those that were given, by key."""

    id = fields.UUID()
    name = fields.String()
    brand = fields.Nested(Brand)
    texts = fields.Dict(keys=fields.String(), values=fields.Nested(PageTexts))
    is_default = fields.Boolean()
    reasons = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"volatile": True})
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class UnsubscribePageQuery(PageQuery):
    pass


UnsubscribePagePage = page_of(UnsubscribePage)

_PAGE = {"page_id": UUID}
RPC: dict[str, Call] = {
    "create_unsubscribe_page": Call(UnsubscribePageCreate, UnsubscribePage),
    "get_unsubscribe_page": Call(response=UnsubscribePage, path=_PAGE),
    "list_unsubscribe_pages": Call(UnsubscribePageQuery, UnsubscribePagePage),
    "update_unsubscribe_page": Call(UnsubscribePageUpdate, UnsubscribePage, path=_PAGE, edits=UnsubscribePage),
    "delete_unsubscribe_page": Call(path=_PAGE, edits=UnsubscribePage),
}
