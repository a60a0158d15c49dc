"""Entrypoints of campaigns, a file per noun: they translate, they do not decide."""

from campaigns.service.main import CampaignsService

__all__ = ["CampaignsService"]
