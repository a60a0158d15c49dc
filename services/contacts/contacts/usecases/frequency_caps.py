"""An account's frequency cap: read and set."""

from __future__ import annotations

from datetime import datetime

from chassis import acts
from chassis.actors import account_of
from chassis.database import Session
from contacts.store import frequency_caps as store
from contacts.store import people as people_store
from contacts.store.frequency_caps import Cap
from contacts.usecases.views import View
from contracts.contacts.frequency_caps import FrequencyCapSetting
from contracts.etags import ensure_current
from contracts.events import CONTACTS_ACT
from contracts.rpc import Actor


def get_frequency_cap(session: Session, *, actor: Actor, now: datetime) -> View:
    cap = store.find(session, account_id=account_of(actor))
    return {"cap": None if cap is None else cap._asdict()}


def set_frequency_cap(
    session: Session, *, actor: Actor, now: datetime, cap: dict[str, int] | None, if_match: list[str] | None = None
) -> View:
    """Set it, or lift it; the same again changes nothing."""
    account_id = account_of(actor)
    if if_match is not None:
        people_store.lock_account(session, account_id=account_id)
        ensure_current(if_match, FrequencyCapSetting, get_frequency_cap(session, actor=actor, now=now))
    wanted = None if cap is None else Cap(**cap)
    if wanted != store.find(session, account_id=account_id):
        if wanted is None:
            store.lift(session, account_id=account_id)
        else:
            store.set_cap(session, account_id=account_id, cap=wanted, now=now)
        acts.record(session, CONTACTS_ACT, actor, "frequency_cap.set", target_id=account_id, cap=cap)
    return {"cap": cap}
