"""Where a push goes: to all devices of a contact, to one device, or to whoever follows a topic."""

from __future__ import annotations

import re

from marshmallow import fields, validate

TOPIC = "topic:"
_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# Names of topics as FCM takes them, without the percent sign.
PUSH_ADDRESS = re.compile(rf"^(?:{_ID}|{TOPIC}[A-Za-z0-9_.~-]{{1,100}})\Z")


def address_field() -> fields.String:
    """A contact's `push`, the id of a device, or `topic:` and a name."""
    return fields.String(
        validate=validate.Regexp(PUSH_ADDRESS, error="Not a valid address: an id in lower case, or topic:name."),
        metadata={"description": "a contact's `push`, a device's id, or `topic:` and a name (FCM alone)"},
    )
