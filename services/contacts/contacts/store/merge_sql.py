"""What merging says in SQL: values, columns and comparisons, made from fixed lists and our own names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from contacts.domain.columns import BUILT_IN, CONSENT_FIELDS, CONSENTED, MODIFIED
from contacts.domain.rows import BadValues, Precedence
from contacts.domain.values import FieldType
from contacts.store.staging import rest_of
from contracts.ids import message_id

_CASTS = {FieldType.NUMBER: "::numeric", FieldType.BOOLEAN: "::boolean", FieldType.TEXT: "", FieldType.DATE: ""}


@dataclass(frozen=True)
class Merge:
    """One import's way of merging.

    `slots`: where the custom fields of columns c0, c1, … are kept, with their types. `add_first`: the rest holds rows
    that collide with nobody.
    """

    import_id: UUID
    account_id: UUID
    keys: Sequence[str]
    slots: Sequence[tuple[str, FieldType]]
    groups: Sequence[UUID]
    precedence: Precedence
    bad_values: BadValues
    add_first: bool = False

    @property
    def rest(self) -> str:
        return rest_of(self.import_id)

    @property
    def staged(self) -> list[str]:
        """Every value column of the staging table."""
        return [*BUILT_IN, CONSENTED, *(f"c{at}" for at in range(len(self.slots)))]


def newest(name: str) -> str:
    """The value of several rows of one person: the newest; of equally new ones, one whatever their order."""
    order = f"{name}" if name in CONSENT_FIELDS else f'length({name}::text) DESC, {name}::text COLLATE "C" DESC'
    return (
        f"(array_agg(r.{name} ORDER BY r.{MODIFIED} DESC NULLS LAST, {order.replace(name, 'r.' + name)})"
        f" FILTER (WHERE r.{name} IS NOT NULL))[1]"
    )


def custom_object(merge: Merge) -> str:
    if not merge.slots:
        return "'{}'::jsonb"
    pairs = ", ".join(f"'{slot}', c{at}{_CASTS[kind]}" for at, (slot, kind) in enumerate(merge.slots))
    return f"jsonb_strip_nulls(jsonb_build_object({pairs}))"


def id_of_row(number: str) -> str:
    """SQL of the id of the contact that row `number` becomes: the same whenever it is asked, in the file's order."""
    return f"(:prefix || lpad(to_hex({number}), 8, '0'))::uuid"


CONTACT_COLUMNS = (
    "id, account_id, email, phone, external_id, first_name, last_name, company, city, birth_date, custom,"
    " sms_consent, sms_consent_source, sms_consent_at, email_consent, email_consent_source, email_consent_at, import_id"
)


def contact_values(row: str, custom: str) -> str:
    consent = ", ".join(
        f"{row}.{name}, CASE WHEN {row}.{name} IS NOT NULL THEN :source END,"
        f" CASE WHEN {row}.{name} IS NOT NULL THEN coalesce({row}.{CONSENTED}, now()) END"
        for name in CONSENT_FIELDS
    )
    fields = ", ".join(f"{row}.{name}" for name in BUILT_IN if name not in CONSENT_FIELDS)
    return f"{row}.id, :account, {fields}, {custom}, {consent}, :import"


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
    plain = [
        f"{name} = coalesce({first}.{name}, {other}.{name})" for name in (*BUILT_IN,) if name not in CONSENT_FIELDS
    ]
    custom = f"custom = {other}.custom || {first}.custom"
    consent = []
    for name in CONSENT_FIELDS:
        is_new = f"{_new_value(merge, name)}"
        consent.append(f"{name} = CASE WHEN {is_new} THEN d.{name} ELSE c.{name} END")
        consent.append(f"{name}_source = CASE WHEN {is_new} THEN :source ELSE c.{name}_source END")
        consent.append(f"{name}_at = CASE WHEN {is_new} THEN coalesce(d.{CONSENTED}, now()) ELSE c.{name}_at END")
    return ", ".join([*plain, custom, *consent])


def differs(merge: Merge) -> str:
    first, other = ("d", "c") if merge.precedence is Precedence.NEWEST else ("c", "d")
    return " OR ".join(
        [*(_new_value(merge, name) for name in BUILT_IN), f"({other}.custom || {first}.custom) <> c.custom"]
    )


def _new_value(merge: Merge, name: str) -> str:
    if merge.precedence is Precedence.KEEP_EXISTING:
        return f"(d.{name} IS NOT NULL AND c.{name} IS NULL)"
    return f"(d.{name} IS NOT NULL AND d.{name} IS DISTINCT FROM c.{name})"
