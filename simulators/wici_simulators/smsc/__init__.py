"""A simulated carrier (SMSC) that speaks SMPP 3.4 and knows the truth about every message that it took.

Run it: `python -m wici_simulators.smsc` (SMPP on 127.0.0.1:12775, HTTP on 127.0.0.1:12780). It has an SMPP reader and
writer of its own and shares no code with the gateway, so that a mistake in one does not hide in the other.

**What becomes of a message is a function of the recipient's number**, so a test can know it beforehand. Let `n` be the
last three digits of the number, as a share of 1,000: with the shares of `Settings` laid end to end,

    n in [0, rejected)                         submit_sm is refused with ESME_RINVDSTADR (0x0B)
    then [.., + undelivered)                   receipt UNDELIV, err 027
    then [.., + expired)                       receipt EXPIRED, err 011
    the rest                                   receipt DELIVRD, err 000

All shares are 0 at first: everything is delivered. `tlv_share` says how many receipts come in parameter form instead of
text; which ones follows from the digits before the last three in the same way.
"""
