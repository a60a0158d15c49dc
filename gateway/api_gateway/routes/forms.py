"""Sign-up forms with double opt-in, their submissions, and the history of a contact's consents."""

from api_gateway.routing import Route
from contracts.contacts import consents, forms

FORM_ID = "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7ea0"
_CONTACT_ID = "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e90"
_GROUP_ID = "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e91"
_TEXT = "Chcę otrzymywać wiadomości o nowościach i promocjach sklepu Łąka. Zgodę mogę wycofać w każdej chwili."
_FIELDS = [
    {"key": "email", "required": True, "labels": {}},
    {"key": "first_name", "required": False, "labels": {"pl": "Jak masz na imię?"}},
]
_CONTENT = {
    "name": "Newsletter w stopce",
    "title": "Newsletter",
    "language": "pl",
    "consent_texts": {"pl": _TEXT},
    "fields": _FIELDS,
    "group_ids": [_GROUP_ID],
    "channels": ["email"],
    "sender": {"email": "sklep@sklep.example", "name": "Sklep Łąka"},
    "submitted_url": "https://sklep.example/sprawdz-poczte",
    "confirmed_url": "https://sklep.example/dziekujemy",
    "origins": ["https://sklep.example"],
}
FORM = {
    "id": FORM_ID,
    **_CONTENT,
    "consent_version": 1,
    "archived": False,
    "created_at": "2026-11-24T08:00:00+00:00",
    "updated_at": "2026-11-24T08:00:00+00:00",
}
PUBLIC_FORM = {
    "id": FORM_ID,
    "title": "Newsletter",
    "language": "pl",
    "consent_texts": {"pl": _TEXT},
    "consent_version": 1,
    "fields": [{**field, "type": kind} for field, kind in zip(_FIELDS, ("email", "text"), strict=True)],
    "channels": ["email"],
}
_SUBMISSION = {
    "id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7ea1",
    "form_id": FORM_ID,
    "state": "confirmed",
    "email": "anna.nowak@poczta.example",
    "fields": {"email": "anna.nowak@poczta.example", "first_name": "Anna"},
    "channels": ["email"],
    "granted": ["email"],
    "language": "pl",
    "consent_version": 1,
    "consent_text": _TEXT,
    "submitted_at": "2026-11-24T08:00:00+00:00",
    "submitted_from": "192.0.2.7",
    "expires_at": "2026-12-01T08:00:00+00:00",
    "confirmed_at": "2026-11-24T08:03:00+00:00",
    "confirmed_from": "192.0.2.7",
    "contact_id": _CONTACT_ID,
}
_CONSENT = {
    "channel": "email",
    "granted": True,
    "source": f"form:{FORM_ID}",
    "at": "2026-11-24T08:03:00+00:00",
    "evidence": {
        "submission_id": _SUBMISSION["id"],
        "form_id": FORM_ID,
        "form_name": "Newsletter w stopce",
        "email": "anna.nowak@poczta.example",
        "language": "pl",
        "consent_version": 1,
        "consent_text": _TEXT,
        "submitted": {"at": "2026-11-24T08:00:00+00:00", "address": "192.0.2.7", "user_agent": "Mozilla/5.0"},
        "confirmed": {"at": "2026-11-24T08:03:00+00:00", "address": "192.0.2.7", "user_agent": "Mozilla/5.0"},
    },
}
_TAGS = ["Forms"]
_LEFT = {
    "group_id": "0193a6f2-6b4e-7c1a-9d55-2f4c8a1b7e91",
    "name": "Klienci",
    "at": "2026-11-25T08:00:00+00:00",
    "campaign_id": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1b12",
    "message_id": "0193587a-3e1c-8c4e-9d3a-4f0d2f7a1b13",
}

ROUTES = [
    Route(
        "GET",
        "/v1/forms",
        rpc="contacts.list_forms",
        permission="contacts.read",
        summary="List sign-up forms",
        query=forms.FormQuery,
        response=forms.FormPage,
        tags=_TAGS,
        response_example={"items": [FORM], "next_cursor": None},
    ),
    Route(
        "POST",
        "/v1/forms",
        rpc="contacts.create_form",
        permission="contacts.write",
        summary="Create a sign-up form",
        description="E-mail is always asked, and every sign-up is confirmed by mail (double opt-in). The mail leaves"
        " from `sender`, which the account must be authorised to use, else from the platform's own sender under the"
        " account's name."
        " `channels` are those that the consent is for; consent to SMS needs the field `phone`, and rides on the"
        " confirmed e-mail: no code is sent to the phone. The form's page is `/f/{id}`.",
        request=forms.FormCreate,
        response=forms.Form,
        status=201,
        location="/v1/forms/{id}",
        tags=_TAGS,
        example=_CONTENT,
        response_example=FORM,
    ),
    Route(
        "GET",
        "/v1/forms/<uuid:form_id>",
        rpc="contacts.get_form",
        permission="contacts.read",
        summary="See a sign-up form",
        response=forms.Form,
        tags=_TAGS,
        response_example=FORM,
    ),
    Route(
        "PATCH",
        "/v1/forms/<uuid:form_id>",
        rpc="contacts.update_form",
        permission="contacts.write",
        summary="Change, archive or bring back a sign-up form",
        description="Another text of consent raises `consent_version`; who saw the old one is asked to load the form"
        " again. An archived form takes no more submissions; links that were sent stay good.",
        request=forms.FormUpdate,
        response=forms.Form,
        tags=_TAGS,
        example={"consent_texts": {"pl": _TEXT, "en": "I want to hear of news and offers of the shop Łąka."}},
        response_example={**FORM, "consent_version": 2},
    ),
    Route(
        "DELETE",
        "/v1/forms/<uuid:form_id>",
        rpc="contacts.delete_form",
        permission="contacts.write",
        summary="Delete a sign-up form",
        description="What was not confirmed goes too. The evidence of consents stays with the contacts.",
        status=204,
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/v1/forms/<uuid:form_id>/submissions",
        rpc="contacts.list_submissions",
        permission="contacts.read",
        summary="List what was submitted by a form",
        description="What nobody confirms expires after 7 days and is deleted after 30.",
        query=forms.SubmissionQuery,
        response=forms.SubmissionPage,
        tags=_TAGS,
        response_example={"items": [_SUBMISSION], "next_cursor": None},
    ),
    Route(
        "GET",
        "/v1/contacts/<uuid:contact_id>/consents",
        rpc="contacts.list_consents",
        permission="contacts.read",
        summary="See the history of a contact's consents",
        description="Every grant and withdrawal, the oldest first (the last thousand), by whichever way it came;"
        " consents by a form with their evidence: the text shown and its version, time, address and browser of the"
        " submission and of the confirmation. Nothing in it is ever rewritten; it goes with the contact. Beside them"
        " the groups that the person has left by an unsubscribe page, the latest first.",
        response=consents.ConsentHistory,
        tags=["Contacts"],
        response_example={"items": [_CONSENT], "left_lists": [_LEFT]},
    ),
]
