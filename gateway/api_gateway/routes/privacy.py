"""Privacy: what is known of a person, and its end."""

from api_gateway.routes.contacts import CONTACT
from api_gateway.routes.groups import GROUP
from api_gateway.routing import Route
from contracts import contacts as contract

_TAGS = ["Privacy"]

ROUTES = [
    Route(
        "POST",
        "/v1/privacy/exports",
        rpc="contacts.export_person",
        permission="contacts.erase",
        summary="Export what is known of a person",
        request=contract.PersonQuery,
        response=contract.PersonExport,
        tags=_TAGS,
        example={"email": "anna.nowak@poczta.example"},
        response_example={"contact": CONTACT, "archive": [], "groups": [GROUP], "erased": False},
    ),
    Route(
        "POST",
        "/v1/privacy/erasures",
        rpc="contacts.erase_person",
        permission="contacts.erase",
        summary="Erase a person",
        description="The contact, its groups, archive entries and places in audiences go. A salted hash of each address"
        " stays, so that no import brings the address back.",
        request=contract.PersonQuery,
        response=contract.PersonErased,
        tags=_TAGS,
        example={"email": "anna.nowak@poczta.example"},
        response_example={"contacts": 1, "addresses": 2},
    ),
]
