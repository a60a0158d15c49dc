"""All that contacts itself knows of a person, for the file that they get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from contacts.domain.person import Person
from contacts.store import archive as archive_store
from contacts.store import consents as consent_store
from contacts.store import engagement as engagement_store
from contacts.store import fields as field_store
from contacts.store import groups as group_store
from contacts.store import people as store
from contacts.store import privacy as privacy_store
from contacts.store import submissions as submission_store
from contacts.usecases import views

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# A submission's link is a secret of whoever got the mail.
_SECRET = frozenset({"token_hash", "account_id"})


def of_person(session: Session, account_id: UUID, person: Person) -> dict[str, list[dict[str, Any]]]:
    """Records by kind; a kind that there is nothing of is an empty list."""
    found: dict[str, list[dict[str, Any]]] = {
        kind: [] for kind in ("contact", "group", "consent", "engagement", "import")
    }
    custom = field_store.all_of(session, account_id=account_id)
    group_ids = store.group_ids(session, person.contact_ids)
    for contact_id in person.contact_ids:
        row = store.find(session, account_id=account_id, contact_id=contact_id)
        if row is None:
            continue
        groups = group_ids.get(contact_id, [])
        contact = views.contact(row, custom, groups)
        found["contact"].append({**contact, "fields": contact.pop("fields_")})
        for group_id in groups:
            group = group_store.find(session, account_id=account_id, group_id=group_id)
            if group is not None:
                found["group"].append({name: group[name] for name in ("id", "name", "description")})
        found["consent"] += map(dict, consent_store.consents_of(session, account_id, contact_id))
        found["engagement"] += map(dict, engagement_store.engagement_of(session, account_id, contact_id))
        imports = [row["import_id"]] if row["import_id"] else []
        found["import"] += map(dict, privacy_store.sources(session, account_id=account_id, import_ids=imports))
    former = privacy_store.former_addresses(session, account_id=account_id, contact_ids=person.contact_ids)
    submitted = submission_store.of_addresses(session, account_id=account_id, addresses=person.addresses)
    archived = archive_store.of_addresses(session, account_id=account_id, addresses=person.addresses)
    erased = store.erased(session, account_id=account_id, addresses=person.addresses)
    return {
        **found,
        "former_address": [dict(one) for one in former],
        "submission": [{name: value for name, value in one.items() if name not in _SECRET} for one in submitted],
        "archive": [{name: value for name, value in one.items() if name not in _SECRET} for one in archived],
        "erased_address": [{"address": one} for one in erased],
    }
