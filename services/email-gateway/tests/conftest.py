"""Fixtures of email-gateway's tests: real servers, and the mailbox world as recipients."""

from __future__ import annotations

pytest_plugins = ["chassis.testing"]
