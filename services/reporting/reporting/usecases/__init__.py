"""What the reporting service can be asked, and what it is told."""

from reporting.usecases.campaigns import ensure_campaign, record_campaign_start, record_campaign_state
from reporting.usecases.messages import as_message, get_message, list_messages, list_report_recipients
from reporting.usecases.privacy import erase_person, export_person
from reporting.usecases.reports import get_report, get_report_links, get_report_timeline, get_statistics

__all__ = [
    "as_message",
    "ensure_campaign",
    "erase_person",
    "export_person",
    "get_message",
    "get_report",
    "get_report_links",
    "get_report_timeline",
    "get_statistics",
    "list_messages",
    "list_report_recipients",
    "record_campaign_start",
    "record_campaign_state",
]
