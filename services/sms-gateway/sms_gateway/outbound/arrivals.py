"""What a carrier delivers, as the ledger takes it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from uuid import UUID

import prometheus_client

from chassis.logs import get_logger
from sms_gateway.batches import Arrived, ArrivedInbound, ArrivedUnread, Written
from sms_gateway.domain.numbers import in_full
from sms_gateway.outbound.figures import Figures
from sms_gateway.smpp.constants import MOST_ID
from sms_gateway.smpp.message_ids import MessageIds
from sms_gateway.smpp.receipts import Delivered, Inbound, Receipt, seconds_under_way

UNUSABLE_IDS = prometheus_client.Counter(
    "wici_sms_unusable_ids_total", "Message ids of carriers that are empty or too long"
)

Arrival = Arrived | ArrivedInbound | ArrivedUnread

log = get_logger()


def usable(identifier: str, carrier_id: UUID) -> bool:
    """Whether it is an id: by one that is not no receipt is found, and no index holds it."""
    if 0 < len(identifier) <= MOST_ID:
        return True
    UNUSABLE_IDS.inc()
    log.warning("carrier_id_unusable", carrier_id=str(carrier_id), length=len(identifier))
    return False


def read(
    delivered: Iterable[Delivered],
    carrier_id: UUID,
    ids: MessageIds,
    now: float,
    passed_on: frozenset[int] = frozenset(),
) -> list[Arrival]:
    """Receipts that say something, messages from phones, and what nobody understands.

    :param passed_on: tags of optional parameters that partners get.
    """
    arrived: list[Arrival] = []
    for each in delivered:
        if isinstance(each, Receipt):
            if each.state is not None and usable(each.carrier_message_id, carrier_id):
                typed_by = in_full(each.address) if each.is_typed else None
                identifier = ids.of_receipt(each.carrier_message_id, typed_by)
                arrived.append(
                    Arrived(
                        carrier_id, identifier, each.state, each.code, each.address, now, sender=each.sender,
                        text=each.text, spelled=each.carrier_message_id.strip(), is_typed=each.is_typed,
                        parameters=_passed_on(each.tlvs, passed_on),
                    )
                )  # fmt: skip
        elif isinstance(each, Inbound):
            arrived.append(
                ArrivedInbound(
                    carrier_id,
                    each.source,
                    each.destination,
                    each.data_coding,
                    each.esm_class,
                    each.body,
                    now,
                    carrier_message_id=each.carrier_message_id,
                    parameters=_passed_on(each.tlvs, passed_on),
                )
            )
        else:
            log.warning("delivery_not_understood", carrier_id=str(carrier_id), reason=each.reason)
            arrived.append(ArrivedUnread(carrier_id, each.frame, each.reason, now))
    return arrived


def _passed_on(tlvs: dict[int, bytes], tags: frozenset[int]) -> Written | None:
    """Those of the tags that came."""
    if not tags or not tlvs:
        return None
    return {f"0x{tag:04x}": value.hex() for tag, value in tlvs.items() if tag in tags} or None


def count(arrived: Sequence[Arrival], figures: Figures) -> None:
    receipts = [each for each in arrived if isinstance(each, Arrived)]
    unread = sum(isinstance(each, ArrivedUnread) for each in arrived)
    # The first of a read stands for all: their dates are the dear part.
    under_way = seconds_under_way(receipts[0].text) if receipts else None
    figures.receipts(time.monotonic(), len(receipts), under_way, unread)
