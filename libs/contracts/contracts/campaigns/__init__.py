"""What others may ask of campaigns: templates, campaigns and their life.

Each noun's module holds its schemas and its calls. A campaign's `sender` and `content` take the shape of its channel:
`SmsContent` and a sender ID, or `EmailContent` and `EmailSender`. A draft may be incomplete; scheduling, preview and
test say what is missing.
"""

from __future__ import annotations

from contracts.campaigns import (
    ab_tests,
    chains,
    content,
    drafts,
    files,
    follow_ups,
    life,
    links,
    needs,
    rules,
    steps,
    templates,
    unsubscribe_pages,
)
from contracts.rpc import Call

_NOUNS = (
    drafts,
    ab_tests,
    content,
    files,
    follow_ups,
    life,
    links,
    needs,
    rules,
    steps,
    templates,
    unsubscribe_pages,
    chains,
)

RPC: dict[str, Call] = {name: call for noun in _NOUNS for name, call in noun.RPC.items()}
