"""The export of a person: all that contacts itself knows of them, for the file that they get."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from chassis.database import Session
from contacts.domain.person import Person
from contacts.store import archive as archive_store
from contacts.store import consents as consent_store
from contacts.store import engagement as engagement_store
from contacts.store import fields as field_store
from contacts.store import groups as group_store
from contacts.store import leavers
from contacts.store import people as store
from contacts.store import privacy as privacy_store
from contacts.store import submissions as submission_store
from contacts.usecases import views

# A submission's link is a secret of the person who got the mail.
_SECRET = frozenset({"token_hash", "account_id"})


def records_of(session: Session, *, account_id: UUID, person: Person) -> dict[str, list[dict[str, Any]]]:
    """Records by kind; a kind that there is nothing of is an empty list."""
    records: dict[str, list[dict[str, Any]]] = {
        kind: [] for kind in ("contact", "group", "left_group", "consent", "engagement", "import")
    }
    custom = field_store.all_of(session, account_id=account_id)
    groups_by_contact = store.groups(session, person.contact_ids)
    for contact_id in person.contact_ids:
        row = store.find(session, account_id=account_id, contact_id=contact_id)
        if row is None:
            continue
        group_ids = [group["id"] for group in groups_by_contact.get(contact_id, [])]
        contact = views.contact(row, custom, group_ids)
        records["contact"].append({**contact, "fields": contact.pop("fields_")})
        for group_id in group_ids:
            group = group_store.find(session, account_id=account_id, group_id=group_id)
            if group is not None:
                records["group"].append({name: group[name] for name in ("id", "name", "description")})
        left = leavers.of_contact(session, account_id=account_id, contact_id=contact_id)
        records["left_group"] += map(dict, left)
        records["consent"] += map(dict, consent_store.consents_of(session, account_id, contact_id))
        records["engagement"] += map(dict, engagement_store.engagement_of(session, account_id, contact_id))
        imports = [row["import_id"]] if row["import_id"] else []
        records["import"] += map(dict, privacy_store.sources(session, account_id=account_id, import_ids=imports))
    former = privacy_store.former_addresses(session, account_id=account_id, contact_ids=person.contact_ids)
    submitted = submission_store.of_addresses(session, account_id=account_id, addresses=person.addresses)
    archived = archive_store.of_addresses(session, account_id=account_id, addresses=person.addresses)
    erased = store.erased(session, account_id=account_id, addresses=person.addresses)
    return {
        **records,
        "former_address": [dict(one) for one in former],
        "submission": [{name: value for name, value in one.items() if name not in _SECRET} for one in submitted],
        "archive": [{name: value for name, value in one.items() if name not in _SECRET} for one in archived],
        "erased_address": [{"address": one} for one in erased],
    }
