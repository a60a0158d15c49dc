"""What all groups of identity's entrypoints share."""

from __future__ import annotations

from chassis.service import Database, Entrypoints
from contracts import identity
from identity.dependencies import BeginsOnTrial, LastUses, PanelUrl, PasswordHashing, Secrets


class IdentityEntrypoints(Entrypoints):
    """Calls of `contracts.identity`, on identity's database."""

    calls = identity.RPC
    database = Database("IDENTITY_DATABASE_URL")
    passwords = PasswordHashing()
    vault = Secrets()
    panel_url = PanelUrl()
    begins_on_trial = BeginsOnTrial()
    last_uses = LastUses()
