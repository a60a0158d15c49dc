"""Configuration of `contacts.jobs`, read once from the environment."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.config import setting


@dataclass(frozen=True)
class JobsConfig:
    """`engagement_days`: for how long it is kept who was delivered, opened and clicked (13 months)."""

    database_url: str = setting("CONTACTS_DATABASE_URL", secret=True)
    amqp_url: str = setting("AMQP_URL", secret=True)
    workers: int = setting("CONTACTS_JOB_WORKERS", default=2)
    health_port: int = setting("HEALTH_PORT", default=0)
    engagement_days: int = setting("CONTACTS_ENGAGEMENT_DAYS", default=396)
