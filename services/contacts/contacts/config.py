"""Configuration of `contacts.jobs`, read once from the environment."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.config import setting


@dataclass(frozen=True)
class JobsConfig:
    database_url: str = setting("CONTACTS_DATABASE_URL", secret=True)
    workers: int = setting("CONTACTS_JOB_WORKERS", default=2)
    health_port: int = setting("HEALTH_PORT", default=0)
