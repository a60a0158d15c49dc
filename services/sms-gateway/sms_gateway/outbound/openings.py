"""Which carriers take messages now, and which message goes to which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from channel.batches import Batch, Recipient
from sms_gateway.domain.routing import Router
from sms_gateway.outbound.carriers import CarrierOutlet


class Openings:
    """Looked at once for all messages that come together: a carrier that is only tried takes a few, and each that it
    gets is one less. One whose receipts are late takes its share of them, and the rest where no other is open."""

    def __init__(self, carriers: Mapping[UUID, CarrierOutlet], router: Router) -> None:
        self._carriers = carriers
        self._choose = router.choose
        rooms = {id_: carrier.trial_room() for id_, carrier in carriers.items() if carrier.is_up}
        self._on_trial = {id_: room for id_, room in rooms.items() if room is not None}
        self._open = {id_ for id_, room in rooms.items() if room != 0}
        self._late = {id_ for id_ in self._open if carriers[id_].is_late}

    def of(
        self, batch: Batch, recipients: Sequence[Recipient], refused_by: frozenset[UUID] = frozenset()
    ) -> Iterator[tuple[CarrierOutlet | None, list[Recipient]]]:
        """Recipients by their carrier; None where none that may take them is open, or it has refused them."""
        header, open_here = batch.header, self._open - refused_by
        language = getattr(batch.content, "national_language", None)  # of a content that nobody kept there is none
        if language is not None:
            open_here = {id_ for id_ in open_here if language in self._carriers[id_].settings.national_languages}
        groups: dict[UUID | None, list[Recipient]] = {}
        choose, account_id, lane, is_open = self._choose, header.account_id, header.lane, open_here.__contains__
        for recipient in recipients:
            if "carrier_id" in recipient:
                # An operator's test: of tables too that the carrier is not known to take.
                only_by = UUID(recipient["carrier_id"])
                carrier_id = only_by if only_by in self._open - refused_by else None
            else:
                carrier_id = choose(recipient["address"], account_id, lane, recipient["number"], is_open)
                if carrier_id in self._late and not self._carriers[carrier_id].is_its_turn():
                    in_time = open_here - self._late
                    other = choose(recipient["address"], account_id, lane, recipient["number"], in_time.__contains__)
                    carrier_id = carrier_id if other is None else other
            groups.setdefault(carrier_id, []).append(recipient)
            if carrier_id in self._on_trial:
                self._on_trial[carrier_id] -= 1
                if not self._on_trial[carrier_id]:
                    open_here.discard(carrier_id)
                    self._open.discard(carrier_id)
        for carrier_id, some in groups.items():
            yield (self._carriers[carrier_id] if carrier_id is not None else None), some
