"""Single e-mails."""

from api_gateway.routing import Route
from contracts.email_gateway import messages as contract

_ID = "0193587a-3e1c-8c4e-9d3a-4f0d00000001"

ROUTES = [
    Route(
        "POST",
        "/v1/emails",
        rpc="email_gateway.send_messages",
        permission="email.send",
        summary="Send one e-mail to up to 1,000 recipients",
        description=(
            "Every recipient gets a message of their own; `variables` fill the template tags of its texts: a "
            "recipient's own, and the request's for what they leave open. With `cc` or `bcc` there is one recipient in "
            "`to`: the copies say the same, and each counts as a message. `template_id` is a stored template's. "
            "`attachments` (5 MiB together, an add-on of plans) with a `content_id` are images that the html shows; "
            "programs are refused. `external_id`, `tags` and the subject are found in the message log. "
            "`tracking` switches the pixel (`opens`) and the rewriting of links (`clicks`) off. "
            "Two spellings of one mailbox are one message, to the first. "
            "Accepted messages are on disk before the answer. The sender's domain or address must be verified."
        ),
        request=contract.EmailSend,
        response=contract.AcceptedEmails,
        status=202,
        retry_after=1,
        idempotent=True,
        tags=["E-mail"],
        example={
            "from": {"email": "sklep@sklep.example", "name": "Sklep Łąka"},
            "to": [{"email": "anna@example.com", "name": "Anna", "variables": {"number": "2026/11/1"}}],
            "cc": [{"email": "biuro@example.com", "name": "Biuro"}],
            "subject": "Zamówienie {{ number }} jest w drodze",
            "html": "<p>Zamówienie {{ number }} wysłane.</p>",
            "tags": ["orders"],
            "external_id": "2026/11/1",
        },
        response_example={"messages": [{"id": _ID, "to": "anna@example.com"}]},
    ),
    Route(
        "GET",
        "/v1/emails/<uuid:message_id>",
        rpc="email_gateway.get_message",
        permission="email.send",
        summary="One e-mail and what became of it",
        response=contract.Email,
        tags=["E-mail"],
        response_example={
            "id": _ID,
            "to": "anna@example.com",
            "state": "delivered",
            "code": "2.0.0",
            "detail": "kept as 1",
            "attempts": 1,
            "external_id": None,
            "updated_at": "2026-11-24T08:00:01+00:00",
        },
    ),
]
