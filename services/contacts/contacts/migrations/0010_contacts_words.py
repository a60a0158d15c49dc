"""Searching contacts by an index of trigrams of what they are called (decision 0129).

Its pages of entries that wait are few: whoever fills them up sorts them in, which costs a row a twentieth of what each
row by itself would. `pg_trgm` and `btree_gin` come with PostgreSQL, and a database's owner may create them.
"""

from __future__ import annotations

from alembic import op

from chassis import indexes

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ACCENTED = "ąàáâãäåāăćčçďđęèéêëēěğģìíîïīįıķłľļĺńñňņóòôõöøōőřŕśšşșťţțùúûüūůűųýÿźżž"
PLAIN = "aaaaaaaaacccddeeeeeeeggiiiiiiikllllnnnnoooooooorrsssstttuuuuuuuuyyzzz"


def folded(text: str) -> str:
    plain = f"translate(lower({text}), '{ACCENTED}', '{PLAIN}')"
    return f"(CASE WHEN octet_length({text}) = length({text}) THEN lower({text}) ELSE {plain} END)"


# As `store.word_sql` writes it.
NAMES = "(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))"
EMAIL = "(coalesce(email, '') COLLATE \"default\")"
WORDS = f"({folded(NAMES)} || ' ' || {folded(EMAIL)} || ' ' || coalesce(phone, ''))"
WAITING_KIB = 16 * 1024


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gin")
    indexes.create(
        op,
        "contacts_words",
        f"contacts USING gin (account_id, {WORDS} gin_trgm_ops) WITH (gin_pending_list_limit = {WAITING_KIB})",
    )


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
