"""What others may ask of campaigns: templates, campaigns and their life.

Each noun's module holds its schemas and its calls. A campaign's `sender` and `content` take the shape of its channel:
`SmsContent` and a sender ID, or `EmailContent` and `EmailSender`. A draft may be incomplete; scheduling, preview and
test say what is missing.
"""

from __future__ import annotations

from contracts.campaigns import ab_tests, content, drafts, life, needs, rules, templates, unsubscribe_pages
from contracts.rpc import Call

RPC: dict[str, Call] = (
    drafts.RPC | ab_tests.RPC | content.RPC | life.RPC | needs.RPC | rules.RPC | templates.RPC | unsubscribe_pages.RPC
)
