"""Entrypoints of reporting, a file per noun: they translate, they do not decide."""

from reporting.service.main import ReportingService

__all__ = ["ReportingService"]
