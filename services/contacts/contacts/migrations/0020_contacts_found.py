"""Searching contacts by an index of an expression that costs a fraction to reckon (decision 0227).

It holds the same words as the one of 0010, which goes: two would cost each import twice. A process of before searches
row by row.
"""

from __future__ import annotations

from alembic import op

from chassis import indexes

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

COMMON = "aieornkszwlcmtdyjbpguhfvxq -"
ACCENTED = COMMON + "łęąóśżćńź" + "ąàáâãäåāăćčçďđęèéêëēěğģìíîïīįıķłľļĺńñňņóòôõöøōőřŕśšşșťţțùúûüūůűųýÿźżž"
PLAIN = COMMON + "leaoszcnz" + "aaaaaaaaacccddeeeeeeeggiiiiiiikllllnnnnoooooooorrsssstttuuuuuuuuyyzzz"


def folded(text: str) -> str:
    plain = f"translate(lower({text}), '{ACCENTED}', '{PLAIN}')"
    of_ascii = f'lower({text} COLLATE "C") COLLATE "default"'
    return f"(CASE WHEN octet_length({text}) = length({text}) THEN {of_ascii} ELSE {plain} END)"


# As `store.word_sql` writes it.
NAMES = "(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))"
EMAIL = "(coalesce(email, '') COLLATE \"default\")"
WORDS = f"({folded(NAMES)} || ' ' || {folded(EMAIL)} || ' ' || coalesce(phone, ''))"
WAITING_KIB = 16 * 1024  # as in 0010


def upgrade() -> None:
    indexes.create(
        op,
        "contacts_found",
        f"contacts USING gin (account_id, {WORDS} gin_trgm_ops) WITH (gin_pending_list_limit = {WAITING_KIB})",
    )
    indexes.drop(op, "contacts_words")


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward")
