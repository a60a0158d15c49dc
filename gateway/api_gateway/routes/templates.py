"""Templates: content kept for reuse."""

from __future__ import annotations

from base64 import b64decode

from flask import Response

from api_gateway import downloads
from api_gateway.context import RequestContext
from api_gateway.routing import ANYONE, Route
from contracts.campaigns import templates

_NEW = {
    "name": "Powitanie",
    "folder": "Sklep/2026",
    "channel": "email",
    "content": {
        "subject": "Dzień dobry, {{ first_name | vocative }}!",
        "html": '<p>Miło Cię widzieć.</p><p><a href="{{ unsubscribe_url }}">Wypisz mnie</a></p>',
    },
    "design": None,
}
_ID = "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b11"
_SUMMARY = {
    "id": _ID,
    "kind": "own",
    "name": "Powitanie",
    "folder": "Sklep/2026",
    "subject": "Dzień dobry, {{ first_name | vocative }}!",
    "channel": "email",
    "language": None,
    "version": 1,
    "created_at": "2026-11-24T09:00:00+00:00",
    "updated_at": "2026-11-24T09:00:00+00:00",
}
_REPORT = {
    "problems": [],
    "advice": [
        {
            "field": "preheader",
            "code": "email.preheader_missing",
            "detail": "Without a preheader, inboxes show the first words of the mail.",
        }
    ],
    "figures": {
        "weight": 88,
        "subject_characters": 41,
        "links": [
            {"target": "{{ unsubscribe_url }}", "form": "unsubscribe", "words": "Wypisz mnie", "times": 1},
        ],
        "images": 0,
        "images_without_alt": [],
    },
}
_TEMPLATE = {**_SUMMARY, "content": _NEW["content"], "design": None, "report": _REPORT}
_VERSION = {
    "version": 1,
    "name": "Powitanie",
    "created_at": "2026-11-24T09:00:00+00:00",
    "created_by": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b12",
    "has_picture": True,
}
_CHANNELS = "The right is checked for the template's own channel: `sms.campaigns.…` or `email.campaigns.…`."
_MADE = (
    "An e-mail's `mjml` is compiled when it is saved, and `html` made of it; what it cannot do is told with its line "
    "(422 `template.mjml_invalid`). `report` says what else there is to say, as `POST /v1/contents/check` does."
)
_ONE = "/v1/templates/<uuid:template_id>"
_ONE_VERSION = f"{_ONE}/versions/<int:version>"


def download_template_picture(context: RequestContext) -> Response:
    """A version's page as a PNG, which never changes once it is there."""
    found = context.call("campaigns.get_template_picture")
    answer = Response(b64decode(found["content"]), content_type="image/png")
    answer.cache_control.private, answer.cache_control.max_age = True, 86_400
    downloads.attach(answer, found["filename"], is_shown=True)
    return answer


ROUTES = [
    Route(
        "GET",
        "/v1/templates",
        rpc="campaigns.list_templates",
        permission=ANYONE,
        service_checked="email.campaigns.read",
        summary="Templates, newest first",
        description=f"Without their contents. `kind=ready_made`: those that ship with Wici. {_CHANNELS}",
        query=templates.TemplateQuery,
        response=templates.TemplatePage,
        tags=["Templates"],
        response_example={
            "items": [{**_SUMMARY, "has_picture": True}],
            "next_cursor": None,
            "total": 1,
            "total_is_estimate": False,
        },
    ),
    Route(
        "POST",
        "/v1/templates",
        rpc="campaigns.create_template",
        permission=ANYONE,
        service_checked="email.campaigns.write",
        summary="Keep a content as a template",
        description=f"`content` has the channel's shape, as in a campaign. {_MADE} {_CHANNELS}",
        request=templates.TemplateCreate,
        response=templates.Template,
        status=201,
        location="/v1/templates/{id}",
        idempotent=True,
        tags=["Templates"],
        example=_NEW,
        response_example=_TEMPLATE,
    ),
    Route(
        "GET",
        _ONE,
        rpc="campaigns.get_template",
        permission=ANYONE,
        service_checked="email.campaigns.read",
        summary="One template",
        response=templates.Template,
        tags=["Templates"],
        response_example=_TEMPLATE,
    ),
    Route(
        "PATCH",
        _ONE,
        rpc="campaigns.update_template",
        permission=ANYONE,
        service_checked="email.campaigns.write",
        summary="Change a template",
        description=(
            "Campaigns that were made from it keep what they have. A changed name, content or design is a new version. "
            f"Where `version` is given and somebody saved it meanwhile: 409 `template.changed`. {_MADE}"
        ),
        request=templates.TemplateUpdate,
        response=templates.Template,
        tags=["Templates"],
        example={"name": "Powitanie 2027"},
        response_example={**_TEMPLATE, "name": "Powitanie 2027", "version": 2},
    ),
    Route(
        "DELETE",
        _ONE,
        rpc="campaigns.delete_template",
        permission=ANYONE,
        service_checked="email.campaigns.write",
        summary="Delete a template",
        status=204,
        tags=["Templates"],
    ),
    Route(
        "POST",
        f"{_ONE}/copy",
        rpc="campaigns.copy_template",
        permission=ANYONE,
        service_checked="email.campaigns.write",
        summary="Copy a template, an own or a ready-made one",
        request=templates.TemplateCopy,
        response=templates.Template,
        status=201,
        location="/v1/templates/{id}",
        idempotent=True,
        tags=["Templates"],
        example={"name": "Powitanie 2027", "folder": "Sklep/2027"},
        response_example={**_TEMPLATE, "name": "Powitanie 2027", "folder": "Sklep/2027"},
    ),
    Route(
        "GET",
        "/v1/template-folders",
        rpc="campaigns.list_template_folders",
        permission=ANYONE,
        service_checked="email.campaigns.read",
        summary="Folders of templates, with how many are in each",
        response=templates.TemplateFolders,
        tags=["Templates"],
        response_example={"items": [{"folder": "", "templates": 3}, {"folder": "Sklep/2026", "templates": 1}]},
    ),
    Route(
        "GET",
        f"{_ONE}/versions",
        rpc="campaigns.list_template_versions",
        permission=ANYONE,
        service_checked="email.campaigns.read",
        summary="What was saved of a template, newest first",
        response=templates.TemplateVersionList,
        tags=["Templates"],
        response_example={"items": [_VERSION]},
    ),
    Route(
        "GET",
        _ONE_VERSION,
        rpc="campaigns.get_template_version",
        permission=ANYONE,
        service_checked="email.campaigns.read",
        summary="A template as it once was",
        response=templates.TemplateVersion,
        tags=["Templates"],
        response_example={**_VERSION, "content": _NEW["content"], "design": None},
    ),
    Route(
        "GET",
        f"{_ONE_VERSION}/picture",
        handler=download_template_picture,
        permission=ANYONE,
        service_checked="email.campaigns.read",
        summary="The page of a version as a picture",
        description=(
            "A PNG of the e-mail's html as a made-up recipient would see it, 640 pixels wide or less, without pictures"
            " from elsewhere. It is made some seconds after the version is saved (`has_picture`), where the platform"
            " has a browser for it; else 404 `template_version.no_picture`."
        ),
        tags=["Templates"],
        produces=("image/png",),
        response_example="\x89PNG …",
    ),
    Route(
        "POST",
        f"{_ONE_VERSION}/restore",
        rpc="campaigns.restore_template_version",
        permission=ANYONE,
        service_checked="email.campaigns.write",
        summary="Make an earlier version the present one",
        description="It becomes a new version; those in between stay.",
        response=templates.Template,
        tags=["Templates"],
        response_example={**_TEMPLATE, "version": 3},
    ),
    Route(
        "GET",
        f"{_ONE_VERSION}/changes",
        rpc="campaigns.compare_template_versions",
        permission=ANYONE,
        service_checked="email.campaigns.read",
        summary="What differs between this version and another",
        description="A unified diff of each text that differs. Html that was made of MJML is left out.",
        query=templates.VersionsToCompare,
        response=templates.TemplateComparison,
        tags=["Templates"],
        response_example={
            "from": 1,
            "to": 2,
            "changes": [{"field": "subject", "lines": ["@@ -1 +1 @@", "-Dzień dobry!", "+Cześć!"]}],
        },
    ),
]
