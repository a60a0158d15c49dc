"""Which carriers take messages now, and which message goes to which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from channel.batches import Header, Recipient
from sms_gateway.domain.routing import Router
from sms_gateway.outbound.carriers import CarrierOutlet


class Openings:
    """Looked at once for all messages that come together: a carrier that is only tried takes a few, and each that it
    gets is one less."""

    def __init__(self, carriers: Mapping[UUID, CarrierOutlet], router: Router) -> None:
        self._carriers = carriers
        self._choose = router.choose
        rooms = {id_: carrier.trial_room() for id_, carrier in carriers.items() if carrier.is_up}
        self._on_trial = {id_: room for id_, room in rooms.items() if room is not None}
        self._open = {id_ for id_, room in rooms.items() if room != 0}

    def of(
        self, header: Header, recipients: Sequence[Recipient], refused_by: frozenset[UUID] = frozenset()
    ) -> Iterator[tuple[CarrierOutlet | None, list[Recipient]]]:
        """Recipients by their carrier; None where none that may take them is open, or it has refused them."""
        open_here = self._open - refused_by
        groups: dict[UUID | None, list[Recipient]] = {}
        choose, account_id, lane, is_open = self._choose, header.account_id, header.lane, open_here.__contains__
        for recipient in recipients:
            if "carrier_id" in recipient:
                only_by = UUID(recipient["carrier_id"])
                carrier_id = only_by if is_open(only_by) else None
            else:
                carrier_id = choose(recipient["address"], account_id, lane, recipient["number"], is_open)
            groups.setdefault(carrier_id, []).append(recipient)
            if carrier_id in self._on_trial:
                self._on_trial[carrier_id] -= 1
                if not self._on_trial[carrier_id]:
                    open_here.discard(carrier_id)
                    self._open.discard(carrier_id)
        for carrier_id, some in groups.items():
            yield (self._carriers[carrier_id] if carrier_id is not None else None), some
