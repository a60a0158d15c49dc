"""Nameko dependency providers of identity's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from nameko.extensions import DependencyProvider

from chassis.config import load
from chassis.service import in_thread_pool
from identity.config import Config, InvoicingConfig
from identity.domain.invoices import Issuer
from identity.hashing import Passwords
from identity.printing import Printer


class PasswordHashing(DependencyProvider):
    """`self.passwords`: Argon2id in native threads, off eventlet's hub."""

    def setup(self) -> None:
        config = load(Config, os.environ)
        with in_thread_pool() as run:
            self.passwords = Passwords(run, memory_kib=config.argon2_memory_kib, rounds=config.argon2_rounds)

    def get_dependency(self, worker_ctx: Any) -> Passwords:
        return self.passwords


class PanelUrl(DependencyProvider):
    """`self.panel_url`: where links in mails lead, without a slash at the end."""

    def setup(self) -> None:
        config = load(Config, os.environ)
        self.url = (config.panel_url or config.public_url).rstrip("/")

    def get_dependency(self, worker_ctx: Any) -> str:
        return self.url


class BeginsOnTrial(DependencyProvider):
    """`self.begins_on_trial`: whether a new account sends only to addresses that it has proved."""

    def setup(self) -> None:
        self.begins_on_trial = load(Config, os.environ).accounts_on_trial

    def get_dependency(self, worker_ctx: Any) -> bool:
        return self.begins_on_trial


class SessionLife(DependencyProvider):
    """`self.session_life`: how long a session lives at most, however often it is refreshed."""

    def setup(self) -> None:
        self.session_life = timedelta(days=load(Config, os.environ).session_days)

    def get_dependency(self, worker_ctx: Any) -> timedelta:
        return self.session_life


class LastUses(DependencyProvider):
    """`self.last_uses`: when keys were last seen, and where, kept in memory and taken by a timer.

    A crash loses some seconds.
    """

    def setup(self) -> None:
        self._seen: dict[tuple[UUID, str], datetime] = {}

    def note(self, key_id: UUID, address: str, at: datetime) -> None:
        self._seen[key_id, address] = at

    def take(self) -> Mapping[tuple[UUID, str], datetime]:
        """What was seen since the last time."""
        seen, self._seen = self._seen, {}
        return seen

    def get_dependency(self, worker_ctx: Any) -> LastUses:
        return self


class Invoicing(DependencyProvider):
    """`self.issuer`: who issues invoices."""

    def setup(self) -> None:
        self.issuer = load(InvoicingConfig, os.environ).issuer

    def get_dependency(self, worker_ctx: Any) -> Issuer:
        return self.issuer


class Printing(DependencyProvider):
    """`self.printer`: PDF made in native threads, off eventlet's hub."""

    def setup(self) -> None:
        with in_thread_pool() as run:
            self.printer = Printer(run)

    def get_dependency(self, worker_ctx: Any) -> Printer:
        return self.printer
