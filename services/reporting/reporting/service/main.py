"""The service: all groups of entrypoints under its name."""

from __future__ import annotations

from chassis.service import ErasureKeys
from reporting.service.events import Events
from reporting.service.messages import Messages
from reporting.service.privacy import Privacy
from reporting.service.reports import Reports
from reporting.service.schedules import Schedules
from reporting.service.webhooks import Webhooks


class ReportingService(Reports, Messages, Privacy, Schedules, Webhooks, Events):
    """Answers what became of messages; the ingester writes what is read here."""

    name = "reporting"

    erasure_keys = ErasureKeys()
