"""Who archives an address for a STOP, and restores it for a START: the channels that hear people answer."""

from __future__ import annotations

SMS, OTT, RCS, VIBER = STOP_SOURCES = ("sms_gateway", "ott_gateway", "rcs_gateway", "viber_gateway")
