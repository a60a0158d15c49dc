"""A simulated WhatsApp and Viber: both APIs on one port, and the webhooks that tell of messages. Never deployed.

    python -m wici_simulators.ott --port 12790

`POST /v23.0/{phone-number-id}/messages` and `GET /v23.0/{business-account-id}/message_templates` are Meta's. What is
set and seen here: `/settings`, `/messages` (what was taken), `/hooks` (where reports of a number go, verified as Meta
does), `/templates`, `/inbound` (a person writes). `POST /pa/send_message` and `/pa/set_webhook` are Viber's;
`/viber/messages` what it took, `/viber/acts` what a person does at a bot. Settings: `settings.Settings`.
"""
