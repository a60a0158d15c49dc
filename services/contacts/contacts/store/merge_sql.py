"""What merging says in SQL: values, columns and comparisons, made from fixed lists and our own names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from contacts.domain.columns import BUILT_IN, CONSENT_FIELDS, CONSENTED, MODIFIED
from contacts.domain.rows import BadValues, Precedence
from contacts.domain.values import FieldType
from contacts.store import consent_sql
from contacts.store.staging import rest_of
from contracts.ids import message_id

_PLAIN = tuple(name for name in BUILT_IN if name not in CONSENT_FIELDS)
_CASTS = {FieldType.NUMBER: "::numeric", FieldType.BOOLEAN: "::boolean", FieldType.TEXT: "", FieldType.DATE: ""}


@dataclass(frozen=True)
class Merge:
    """One import's way of merging.

    `slots`: where the custom fields of columns c0, c1, … are kept, with their types. `consents`: the
    fields of consent that the file says anything of. `add_first`: the rest holds rows
    that collide with nobody.
    """

    import_id: UUID
    account_id: UUID
    keys: Sequence[str]
    slots: Sequence[tuple[str, FieldType]]
    consents: Sequence[str]
    groups: Sequence[UUID]
    precedence: Precedence
    bad_values: BadValues
    add_first: bool = False

    @property
    def rest(self) -> str:
        return rest_of(self.import_id)

    @property
    def values(self) -> list[str]:
        """The value columns of the staging table, but for consents and their day."""
        return [
            *_PLAIN,
            *(f"c{at}" for at in range(len(self.slots))),
        ]


def of_one_row(merge: Merge) -> str:
    """The values of a person who has one row."""
    acts = [f"r.{name}, r.{CONSENTED} AS {consent_sql.day_of(name)}" for name in merge.consents]
    return ", ".join([*(f"r.{name}" for name in merge.values), *acts])


def of_several_rows(merge: Merge) -> str:
    """The values of a person who has several: of each the newest, and of each consent the latest act with its day."""
    acts = [
        f"{consent_sql.latest(value, name)} AS {column}"
        for name in merge.consents
        for value, column in ((name, name), (CONSENTED, consent_sql.day_of(name)))
    ]
    return ", ".join([*(f"{_newest(name)} AS {name}" for name in merge.values), *acts])


def _newest(name: str) -> str:
    """Of equally new ones, one whatever their order."""
    order = f'r.{MODIFIED} DESC NULLS LAST, length(r.{name}::text) DESC, r.{name}::text COLLATE "C" DESC'
    return f"(array_agg(r.{name} ORDER BY {order}) FILTER (WHERE r.{name} IS NOT NULL))[1]"


def custom_object(merge: Merge) -> str:
    if not merge.slots:
        return "'{}'::jsonb"
    pairs = ", ".join(f"'{slot}', c{at}{_CASTS[kind]}" for at, (slot, kind) in enumerate(merge.slots))
    return f"jsonb_strip_nulls(jsonb_build_object({pairs}))"


def id_of_row(number: str) -> str:
    """SQL of the id of the contact that row `number` becomes: the same whenever it is asked, in the file's order."""
    return f"(:prefix || lpad(to_hex({number}), 8, '0'))::uuid"


def contact_columns(merge: Merge) -> str:
    acts = (f"{name}, {name}_source, {name}_at" for name in merge.consents)
    return ", ".join(["id, account_id", *_PLAIN, "custom", *acts, "import_id"])


def contact_values(merge: Merge, row: str, custom: str, *, is_folded: bool = False) -> str:
    """The values of `contact_columns`. :param is_folded: `row` is of a slice, not of the staging table."""
    acts = (
        f"{row}.{name}, CASE WHEN {row}.{name} IS NOT NULL THEN :source END, CASE WHEN {row}.{name} IS NOT NULL"
        f" THEN coalesce({row}.{consent_sql.day_of(name) if is_folded else CONSENTED}, now()) END"
        for name in merge.consents
    )
    return ", ".join([f"{row}.id, :account", *(f"{row}.{name}" for name in _PLAIN), custom, *acts, ":import"])


def parameters_of(merge: Merge) -> dict[str, object]:
    return {
        "account": merge.account_id,
        "import": merge.import_id,
        "source": f"import:{merge.import_id}",
        "groups": list(merge.groups),
        "prefix": str(message_id(merge.import_id, 0))[:-8],
    }


def assignments(merge: Merge) -> str:
    first, other = ("d", "c") if merge.precedence is Precedence.NEWEST else ("c", "d")
    plain = [f"{name} = coalesce({first}.{name}, {other}.{name})" for name in _PLAIN]
    custom = f"custom = {other}.custom || {first}.custom"
    consent = []
    for name in merge.consents:
        is_new, day = consent_sql.is_taken(name, merge.precedence), f"d.{consent_sql.day_of(name)}"
        consent.append(f"{name} = CASE WHEN {is_new} THEN d.{name} ELSE c.{name} END")
        consent.append(f"{name}_source = CASE WHEN {is_new} THEN :source ELSE c.{name}_source END")
        consent.append(f"{name}_at = CASE WHEN {is_new} THEN coalesce({day}, now()) ELSE c.{name}_at END")
    return ", ".join([*plain, custom, *consent])


def differs(merge: Merge) -> str:
    first, other = ("d", "c") if merge.precedence is Precedence.NEWEST else ("c", "d")
    return " OR ".join(
        [
            *(_new_value(merge, name) for name in (*_PLAIN, *merge.consents)),
            f"({other}.custom || {first}.custom) <> c.custom",
        ]
    )


def _new_value(merge: Merge, name: str) -> str:
    if name in merge.consents:
        return consent_sql.is_taken(name, merge.precedence)
    if merge.precedence is Precedence.KEEP_EXISTING:
        return f"(d.{name} IS NOT NULL AND c.{name} IS NULL)"
    return f"(d.{name} IS NOT NULL AND d.{name} IS DISTINCT FROM c.{name})"
