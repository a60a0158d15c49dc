"""What the entrypoints of every noun share."""

from __future__ import annotations

from campaigns.usecases.ports import Ask, ask_as
from chassis.service import Database, Entrypoints
from contracts.campaigns import RPC
from contracts.rpc import Actor


class CampaignEntrypoints(Entrypoints):
    calls = RPC
    database = Database("CAMPAIGNS_DATABASE_URL")

    def ask_as(self, actor: Actor) -> Ask:
        """Ask other services on behalf of the same actor, with the same rights."""
        return ask_as(self.services.call, actor)
