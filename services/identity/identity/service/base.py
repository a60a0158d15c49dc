"""What all groups of identity's entrypoints share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chassis.service import Database, Entrypoints, Payload
from chassis.vaults import VaultProvider
from contracts import identity
from contracts.rpc import Actor
from identity.dependencies import BeginsOnTrial, LastUses, PanelUrl, PasswordHashing, SessionLife
from identity.usecases import operators


class IdentityEntrypoints(Entrypoints):
    """Calls of `contracts.identity`, on identity's database. An operator who asks has to be one still."""

    calls = identity.RPC
    database = Database("IDENTITY_DATABASE_URL")
    passwords = PasswordHashing()
    vault = VaultProvider()
    panel_url = PanelUrl()
    begins_on_trial = BeginsOnTrial()
    session_life = SessionLife()
    last_uses = LastUses()

    def run(self, name: str, use_case: Callable[..., Any], actor: Actor, payload: Payload, **given: Any) -> Payload:
        return super().run(name, operators.asked_by_active(use_case), actor, payload, **given)

    def run_in_steps(
        self, name: str, use_case: Callable[..., Any], actor: Actor, payload: Payload, **given: Any
    ) -> Payload:
        if actor.get("operator_id"):
            with self.database.reading() as session:
                operators.ensure_active(session, actor)
        return super().run_in_steps(name, use_case, actor, payload, **given)
