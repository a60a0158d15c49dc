"""Google's RCS Business Messaging as far as a sender sees it: tokens, messages, taking back, checks, and its webhook.

    python -m wici_simulators.rcs --port 12681

`GET /` counts; `GET /messages` what was taken; `GET` and `POST /settings` how it behaves (`settings.Settings`);
`POST /say` what a person does: `{"agentId": …, "phone": …, "event": {"text": "STOP"}}`. Never deployed.
"""
