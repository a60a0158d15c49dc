"""Mail of the platform's own: asked for by an event in the transaction that gives the reason for it."""

from __future__ import annotations

from typing import Any

from chassis import outbox
from chassis.database import Session
from contracts.events import SYSTEM_MAIL_REQUESTED
from identity.models import User

# What somebody typed. To an address that nobody has confirmed it would be a stranger's words under our name.
_TYPED = ("name", "device")


def ask_for(session: Session, user: User, template: str, *, to: str | None = None, **fields: Any) -> None:
    """Ask for the mail `template` to the user, or to another address of the user's."""
    is_confirmed = user.email_confirmed_at is not None
    outbox.record(
        session,
        SYSTEM_MAIL_REQUESTED,
        account_id=user.account_id,
        user_id=user.id,
        to=to or user.email,
        language=user.language,
        template=template,
        fields={"login": user.login, **{name: fields[name] for name in fields if is_confirmed or name not in _TYPED}},
    )
