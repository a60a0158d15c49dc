"""DMARC reports by sender domain: kept once for each account that the domain is of, and summed up."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import changed
from email_gateway.domain.dmarc import KEEP, MOST_OF_A_DAY, DmarcReport

_KEEP = text(
    "INSERT INTO dmarc_reports (domain_id, report_key, account_id, reporter, begins_at, ends_at, received_at)"
    " SELECT d.domain_id, :key, d.account_id, :reporter, :begins_at, :ends_at, :now FROM sender_domains d"
    " WHERE d.domain = :domain AND d.state = 'verified' AND :most > ("
    "SELECT count(*) FROM dmarc_reports r WHERE r.domain_id = d.domain_id AND r.received_at > :now - interval '1 day')"
    " ON CONFLICT DO NOTHING RETURNING domain_id, account_id"
)
_KEEP_SOURCES = text(
    "INSERT INTO dmarc_sources"
    " (domain_id, report_key, account_id, source, disposition, is_dkim_aligned, is_spf_aligned, messages)"
    " SELECT :domain_id, :key, :account_id, s.* FROM unnest(CAST(:addresses AS inet[]), CAST(:dispositions AS text[]),"
    " CAST(:dkim AS boolean[]), CAST(:spf AS boolean[]), CAST(:messages AS bigint[])) s"
)


def keep(session: Session, report: DmarcReport, *, now: datetime) -> int:
    """For how many sender domains it is news; a report that comes again is none."""
    named = f"{report.reporter}\0{report.report_id}\0{report.begins_at.timestamp()}"
    key, kept = hashlib.sha256(named.encode()).digest(), 0
    for domain, messages in report.messages.items():
        bound = {
            "key": key, "reporter": report.reporter, "begins_at": report.begins_at, "ends_at": report.ends_at,
            "now": now, "domain": domain, "most": MOST_OF_A_DAY,
        }  # fmt: skip
        for row in session.execute(_KEEP, bound).all():
            sources = list(messages)
            session.execute(
                _KEEP_SOURCES,
                {
                    "domain_id": row.domain_id, "key": key, "account_id": row.account_id,
                    "addresses": [source.address for source in sources],
                    "dispositions": [source.disposition for source in sources],
                    "dkim": [source.is_dkim_aligned for source in sources],
                    "spf": [source.is_spf_aligned for source in sources],
                    "messages": list(messages.values()),
                },
            )  # fmt: skip
            kept += 1
    return kept


_OF_DOMAIN = (
    " FROM dmarc_reports r JOIN dmarc_sources s USING (domain_id, report_key)"
    " WHERE r.account_id = :account AND r.domain_id = :domain AND r.ends_at > :since"
)
_SUMS = (
    " coalesce(sum(messages), 0)::bigint AS messages,"
    " coalesce(sum(messages) FILTER (WHERE is_dkim_aligned OR is_spf_aligned), 0)::bigint AS passed,"
    " coalesce(sum(messages) FILTER (WHERE is_dkim_aligned), 0)::bigint AS dkim_aligned,"
    " coalesce(sum(messages) FILTER (WHERE is_spf_aligned), 0)::bigint AS spf_aligned,"
    " coalesce(sum(messages) FILTER (WHERE disposition = 'quarantine'), 0)::bigint AS quarantined,"
    " coalesce(sum(messages) FILTER (WHERE disposition = 'reject'), 0)::bigint AS rejected"
)


def totals(session: Session, *, account_id: UUID, domain_id: UUID, since: datetime) -> Any:
    """Sums over what was reported, and of how many reports."""
    query = text(f"SELECT count(DISTINCT report_key) AS reports,{_SUMS}{_OF_DOMAIN}")
    return session.execute(query, {"account": account_id, "domain": domain_id, "since": since}).one()


def by(
    session: Session, column: str, *, account_id: UUID, domain_id: UUID, since: datetime, limit: int
) -> Sequence[Any]:
    """The same by `source` (an address, as text) or `reporter`; those with most messages."""
    name = {"source": "host(source)", "reporter": "reporter"}[column]
    query = text(f"SELECT {name} AS name,{_SUMS}{_OF_DOMAIN} GROUP BY 1 ORDER BY messages DESC, 1 LIMIT :limit")
    return session.execute(query, {"account": account_id, "domain": domain_id, "since": since, "limit": limit}).all()


def forget_old(session: Session, *, now: datetime) -> int:
    return changed(session, "DELETE FROM dmarc_reports WHERE received_at < :before", before=now - KEEP)
