"""Contacts: one by one, many at once, and searched."""

from api_gateway.routing import Route
from contracts.contacts import bulk, people

CONTACT = {
    "id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e90",
    "email": "anna.nowak@poczta.example",
    "phone": "+48505603496",
    "external_id": "K-1042",
    "first_name": "Anna",
    "last_name": "Nowak",
    "company": None,
    "city": "Gdynia",
    "birth_date": "1990-05-31",
    "fields": {"discount_code": "RABAT10"},
    "consents": {
        "sms": {"granted": True, "source": "shop", "at": "2026-11-24T08:00:00+00:00"},
        "email": {"granted": False, "source": "shop", "at": "2026-11-24T08:00:00+00:00"},
    },
    "group_ids": ["0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e91"],
    "groups": [{"id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e91", "name": "Regulars"}],
    "archived": [{"channel": "email", "reason": "hard_bounce", "since": "2026-11-25T08:00:00+00:00"}],
    "created_at": "2026-11-24T08:00:00+00:00",
    "updated_at": "2026-11-24T08:00:00+00:00",
}
PAGE = {"items": [CONTACT], "next_cursor": None, "total": 1, "total_is_estimate": False}
_GIVEN = {
    "email": "anna.nowak@poczta.example",
    "phone": "505 603 496",
    "first_name": "Anna",
    "city": "Gdynia",
    "birth_date": "1990-05-31",
    "consents": {"sms": {"granted": True, "source": "shop"}},
}
_BULK = {
    "id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e9b",
    "act": "add_to_group",
    "dry_run": False,
    "state": "running",
    "done": 5000,
    "total": 11939,
    "counts": {"fitting": 11939, "changed": 4810},
    "error": None,
    "created_at": "2026-11-24T08:00:00+00:00",
    "finished_at": None,
}
BULK_BEGUN = {
    **_BULK,
    "act": "archive",
    "state": "waiting",
    "done": 0,
    "total": None,
    "counts": {"fitting": 0, "changed": 0},
}
_TAGS = ["Contacts"]

ROUTES = [
    Route(
        "GET",
        "/v1/contacts",
        rpc="contacts.list_contacts",
        permission="contacts.read",
        summary="List contacts",
        description="All of them, those of one group, those whose name, e-mail address or phone holds the words of `q`,"
        " or the one with this e-mail address, phone or external id; by whether they are in the archive, too. The first"
        " page says how many there are.",
        query=people.ContactQuery,
        response=people.ContactPage,
        tags=_TAGS,
        response_example=PAGE,
    ),
    Route(
        "POST",
        "/v1/contacts",
        rpc="contacts.create_contact",
        permission="contacts.write",
        summary="Add a contact",
        description="Needs an e-mail address, a phone or an external id that no other contact has.",
        request=people.ContactCreate,
        response=people.Contact,
        status=201,
        location="/v1/contacts/{id}",
        tags=_TAGS,
        example=_GIVEN,
        response_example=CONTACT,
    ),
    Route(
        "GET",
        "/v1/contacts/<uuid:contact_id>",
        rpc="contacts.get_contact",
        permission="contacts.read",
        summary="See a contact",
        response=people.Contact,
        tags=_TAGS,
        response_example=CONTACT,
    ),
    Route(
        "PATCH",
        "/v1/contacts/<uuid:contact_id>",
        rpc="contacts.update_contact",
        permission="contacts.write",
        summary="Change a contact",
        description="Only what is given changes; null empties a field.",
        request=people.ContactUpdate,
        response=people.Contact,
        tags=_TAGS,
        example={"city": "Sopot", "fields": {"discount_code": None}},
        response_example={**CONTACT, "city": "Sopot"},
    ),
    Route(
        "DELETE",
        "/v1/contacts/<uuid:contact_id>",
        rpc="contacts.delete_contact",
        permission="contacts.write",
        summary="Delete a contact",
        description="A later import may bring the address back; to prevent that, erase the person.",
        status=204,
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/v1/contacts/batch",
        rpc="contacts.upsert_contacts",
        permission="contacts.write",
        summary="Add or change up to 1,000 contacts",
        description="Each is judged by itself: one that is wrong does not stop the others.",
        request=people.ContactBatch,
        response=people.BatchResult,
        tags=_TAGS,
        deadline=60.0,
        example={"merge_by": "email", "contacts": [_GIVEN]},
        response_example={
            "items": [{"index": 0, "outcome": "added", "id": CONTACT["id"], "code": None, "detail": None}]
        },
    ),
    Route(
        "POST",
        "/v1/contacts/search",
        rpc="contacts.find_contacts",
        permission="contacts.read",
        summary="Search contacts",
        description="By the beginning of names, city, company and addresses, by groups, and by the rules of segments.",
        request=people.ContactSearch,
        response=people.ContactPage,
        tags=_TAGS,
        example={"text": "nowak", "limit": 50},
        response_example=PAGE,
    ),
    Route(
        "POST",
        "/v1/contacts/bulk",
        rpc="contacts.create_bulk",
        permission="contacts.write",
        summary="Do something with every contact that fits",
        description="Puts who fits all given of `q`, `text`, `group_ids`, `segment_id` and `rules` into a group, takes"
        " them out of one, moves them from one to another, gives them the same `values`, archives their addresses on a"
        " channel or deletes them. It is about whoever fits when it begins. `restore` lets addresses of the archive be"
        " written to again: those of a `reason` that no person gave (`hard_bounce`, `unregistered`, `does_not_exist`,"
        " `other`), of one `channel` or `campaign_id` where these are given; an address whose person has said no"
        " besides stays. To archive and to restore needs the permission `contacts.archive` too. With `dry_run` it only"
        " counts them. Who asks `Location` how it goes needs `contacts.read`.",
        request=bulk.BulkCreate,
        response=bulk.Bulk,
        status=202,
        location="/v1/contacts/bulk/{id}",
        retry_after=1,
        tags=_TAGS,
        example={
            "rules": {"field": "city", "op": "eq", "value": "Gdynia"},
            "act": "add_to_group",
            "target_group_id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e91",
        },
        response_example={**BULK_BEGUN, "act": "add_to_group"},
    ),
    Route(
        "GET",
        "/v1/contacts/bulk/<uuid:bulk_id>",
        rpc="contacts.get_bulk",
        permission="contacts.read",
        summary="See how an act on many contacts goes",
        response=bulk.Bulk,
        tags=_TAGS,
        response_example=_BULK,
    ),
    Route(
        "POST",
        "/v1/contacts/bulk/<uuid:bulk_id>/cancel",
        rpc="contacts.cancel_bulk",
        permission="contacts.write",
        summary="Cancel an act on many contacts; what it has changed stays so",
        response=bulk.Bulk,
        tags=_TAGS,
        response_example={**_BULK, "state": "cancelled"},
    ),
]
