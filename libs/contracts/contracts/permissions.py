"""The tree of permissions, declared once. A route names one; a role is a named set of them.

Dots make the tree: holding `contacts` grants everything below it. An API key may hold any of these but those in
`SESSION_ONLY`.
"""

from __future__ import annotations

from collections.abc import Collection

PERMISSIONS: dict[str, str] = {
    "contacts": "Everything about contacts",
    "contacts.read": "See contacts, groups, segments and the archive",
    "contacts.write": "Add, change and delete contacts, groups, segments and sign-up forms",
    "contacts.import": "Import contacts from a file",
    "contacts.export": "Export contacts to a file",
    "contacts.archive": "Archive and restore addresses",
    "contacts.erase": "Erase a person and export what is known of one",
    "sms": "Everything about SMS",
    "sms.send": "Send single SMS messages",
    "sms.campaigns.read": "See SMS campaigns",
    "sms.campaigns.write": "Draft and change SMS campaigns",
    "sms.campaigns.send": "Schedule, pause, resume and cancel SMS campaigns",
    "sms.campaigns.approve": "Approve large SMS campaigns of others",
    "sms.senders": "Request and accept sender IDs",
    "sms.keywords": "Set keywords and what is answered to messages from phones",
    "sms.partners": "Create and revoke SMPP accounts",
    "email": "Everything about e-mail",
    "email.send": "Send single e-mails",
    "email.campaigns.read": "See e-mail campaigns",
    "email.campaigns.write": "Draft and change e-mail campaigns",
    "email.campaigns.send": "Schedule, pause, resume and cancel e-mail campaigns",
    "email.campaigns.approve": "Approve large e-mail campaigns of others",
    "email.senders": "Authorise sender domains and addresses",
    "email.smtp": "Make and change SMTP accounts",
    "push": "Everything about push",
    "push.send": "Send single push messages",
    "push.campaigns.read": "See push campaigns",
    "push.campaigns.write": "Draft and change push campaigns",
    "push.campaigns.send": "Schedule, pause, resume and cancel push campaigns",
    "push.campaigns.approve": "Approve large push campaigns of others",
    "push.senders": "Add and change applications, and see their devices",
    "whatsapp": "Everything about WhatsApp",
    "whatsapp.send": "Send single WhatsApp messages",
    "whatsapp.campaigns.read": "See WhatsApp campaigns",
    "whatsapp.campaigns.write": "Draft and change WhatsApp campaigns",
    "whatsapp.campaigns.send": "Schedule, pause, resume and cancel WhatsApp campaigns",
    "whatsapp.campaigns.approve": "Approve large WhatsApp campaigns of others",
    "whatsapp.senders": "Ask for WhatsApp numbers, and see their templates",
    "viber": "Everything about Viber",
    "viber.send": "Send single Viber messages",
    "viber.campaigns.read": "See Viber campaigns",
    "viber.campaigns.write": "Draft and change Viber campaigns",
    "viber.campaigns.send": "Schedule, pause, resume and cancel Viber campaigns",
    "viber.campaigns.approve": "Approve large Viber campaigns of others",
    "viber.senders": "Ask for Viber bots, and invite people to them",
    "rcs": "Everything about RCS",
    "rcs.send": "Send single RCS messages, and take them back",
    "rcs.campaigns.read": "See RCS campaigns",
    "rcs.campaigns.write": "Draft and change RCS campaigns",
    "rcs.campaigns.send": "Schedule, pause, resume and cancel RCS campaigns",
    "rcs.campaigns.approve": "Approve large RCS campaigns of others",
    "rcs.senders": "Request agents",
    "reports": "Everything about reports",
    "reports.read": "See reports and the message log",
    "reports.export": "Download reports",
    "reports.webhooks": "Set up webhooks",
    "account": "Everything about the account",
    "account.read": "See the account, its usage and its plan",
    "account.write": "Change company data",
    "account.campaigns": "Set the rules that all campaigns keep to",
    "account.security": "Set IP limits and second-factor duty",
    "account.keys": "Create and revoke API keys",
    "account.invoices": "See invoices",
    "account.audit": "See the audit trail",
    "account.close": "Ask for the account to be closed",
    "users": "Everything about users",
    "users.manage": "Add and remove users and grant rights",
}

# Users are managed only in a logged-in session (product row A9).
SESSION_ONLY = frozenset({"users", "users.manage", "account.close"})

# What the first user of an account holds.
OWNER = frozenset(name for name in PERMISSIONS if "." not in name)


def is_granted(wanted: str, held: Collection[str]) -> bool:
    """Whether `held` holds `wanted` itself or an ancestor of it in the tree."""
    parts = wanted.split(".")
    return any(".".join(parts[: depth + 1]) in held for depth in range(len(parts)))
