"""One person in the message log: what contacts asks of every service that writes addresses down."""

from __future__ import annotations

from contracts.privacy import PersonAsked, PersonForgotten, PersonRecords, PersonToErase
from contracts.rpc import Call

RPC: dict[str, Call] = {
    "export_person": Call(PersonAsked, PersonRecords),
    "erase_person": Call(PersonToErase, PersonForgotten),
}
