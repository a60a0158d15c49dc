"""Some of an audience, for a content to be tried with before it goes to all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.actors import account_of
from chassis.database import Session
from contacts.domain.columns import CONSENT_FIELDS
from contacts.domain.values import FieldType
from contacts.store import audience_samples as store
from contacts.store import fields as field_store
from contacts.usecases.audiences import field_sql, filter_of, values_of
from contacts.usecases.views import View
from contracts.contacts.audiences import names_anybody
from contracts.rpc import Actor
from contracts.vocabulary import Channel

_EXAMPLES: dict[str, Any] = {FieldType.NUMBER: 1, FieldType.BOOLEAN: True, FieldType.DATE: "2000-01-31"}
_BUILT_IN = {"birth_date": FieldType.DATE, **dict.fromkeys(CONSENT_FIELDS, FieldType.BOOLEAN)}
_TEXT = "1"  # also a number, where a template makes one of it


def sample(
    session: Session,
    *,
    actor: Actor,
    now: datetime,
    channel: Channel,
    audience: dict[str, Any],
    fields_: list[str],
    also_on: Sequence[Channel] = (),
) -> View:
    """Contacts of the audience with their values of these fields, no addresses; none of an audience of nothing.

    Its size is told as far as it was looked at: of a larger one it is None, and `count` takes what it takes.

    :raises Invalid: a field, group or segment that is not there.
    """
    account_id = account_of(actor)
    contacts: list[dict[str, Any]] = []
    if names_anybody(audience):
        recipients = filter_of(
            session, account_id=account_id, channel=channel, audience=audience, now=now, also_on=also_on
        )
        sql, of_fields = field_sql(session, account_id, fields_)
        values, of_values = values_of(session, account_id, fields_)
        contacts = store.sample(
            session,
            account_id=account_id,
            where=recipients.sql,
            fields=list(sql.values()),
            values=values,
            parameters={**recipients.parameters, **of_fields, **of_values},
        )
    looked_at = sum(contact["stands_for"] for contact in contacts)
    return {
        "contacts": contacts,
        "complete": _complete(session, account_id, fields_, contacts),
        "size": looked_at if looked_at < store.LOOKED_AT else None,
    }


def _complete(session: Session, account_id: UUID, names: list[str], contacts: list[dict[str, Any]]) -> dict[str, Any]:
    """A value for every field, of whoever in the sample has one: what an author expects in it."""
    kinds = _BUILT_IN | {field["key"]: field["kind"] for field in field_store.all_of(session, account_id=account_id)}
    complete = {name: _EXAMPLES.get(kinds.get(name, FieldType.TEXT), _TEXT) for name in names}
    for contact in reversed(contacts):
        complete |= {name: value for name, value in contact["fields_"].items() if value != ""}
    return complete
