"""The service: all groups of entrypoints under its name."""

from __future__ import annotations

from campaigns.service.chains import Chains
from campaigns.service.content import Content
from campaigns.service.drafts import Drafts
from campaigns.service.files import Files
from campaigns.service.life import Life
from campaigns.service.links import Links
from campaigns.service.steps import Steps
from campaigns.service.templates import Templates
from campaigns.service.unsubscribe_pages import UnsubscribePages
from chassis.service import OutboxRelay


class CampaignsService(Drafts, Content, Life, Templates, UnsubscribePages, Files, Links, Chains, Steps):
    name = "campaigns"

    relay = OutboxRelay()
