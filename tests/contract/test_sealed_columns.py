"""Every column that holds secrets at rest is on its service's list: the rotation of keys looks at no others."""

import psycopg
import pytest
from system import PACKAGES

from chassis.resealing import sealed_columns

# Bytes that no key of `WICI_SECRET_KEYS` seals: messages and their bodies, digests, salts.
OF_ALL = {"claims.body", "erasures.mark", "lane_outbox.body", "outbox.body", "retries.body"}
NOT_SEALED = {
    "campaigns": {"template_pictures.png"},
    "contacts": {
        "accounts.hash_salt", "confirmation_mails.address", "erased.hash", "file_chunks.body", "submissions.token_hash",
    },
    "email_gateway": {
        "blobs.octets", "dmarc_reports.report_key", "dmarc_sources.report_key", "received_mails.digest",
        "received_mails.octets", "smtp_accounts.secret_hash",
    },
    "identity": {
        "api_keys.key_hash", "known_devices.device_hash", "login_places.key", "login_places.login_key",
        "login_throttles.key", "one_time_links.token_hash", "recovery_codes.code_hash",
        "session_tokens.answer",  # under a key that is made of the token itself
        "session_tokens.token_hash", "trial_numbers.code_hash", "trusted_devices.token_hash",
    },
    "ott_gateway": {"senders.app_hash"},
    "push_gateway": {"devices.token_hash"},
    "reporting": {"webhook_spool.events"},
    "sms_gateway": {
        "code_rates.key", "inbound_parts.octets", "inbound_sms.octets", "range_numbers.key",
        "smpp_accounts.password_hash", "unread_deliveries.frame",
    },
}  # fmt: skip

_COLUMNS = """
SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.atttypid = 'bytea'::regtype AND NOT a.attisdropped
WHERE n.nspname IN ('public', 'work') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
"""


@pytest.mark.parametrize("service", [each for each in PACKAGES if each != "api_gateway"])
def test_of_every_column_of_bytes_it_is_said_whether_it_is_sealed(service, database_url):
    with psycopg.connect(database_url(service)) as connection:
        columns = {row[0] for row in connection.execute(_COLUMNS).fetchall()}
    sealed = set(sealed_columns(service))

    assert sealed <= columns
    assert columns - sealed - OF_ALL == NOT_SEALED.get(service, set())
    assert not sealed & OF_ALL
