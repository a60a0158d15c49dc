"""Wici's connector bound to Jasmin, whose SMPP server stands for a carrier; behind it the foreign SMSC of `bench/sms.py`.

    python bench/jasmin_as_smsc.py [--messages 1000]

A campaign goes through `sms_gateway.outbound` to Jasmin and from there on. Printed are what the SMSC at the end took, how
many messages of the ledger are in which state, and how many of them have Jasmin's id. Jasmin as it is published loses
receipts (`sms_peers`): messages whose receipt does not come stay submitted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import sms_outbound as parts
import sqlalchemy
from sms import TEXT, Smsc
from sms_peers import NotToBeHad, start_jasmin

from chassis.database import make_engine
from chassis.testing import delete_vhost, free_port, make_vhost, migrated_database

PATIENCE = 120.0  # seconds without a message
STATES = "SELECT state, count(*), count(DISTINCT carrier_message_id) FROM ledger GROUP BY state ORDER BY state"


def through(messages: int, folder: Path) -> list[Any]:
    """The ledger's states, each with its count, once the SMSC at the end has all or takes no more."""
    amqp, smsc, serving = make_vhost(), Smsc(folder), free_port()
    try:
        jasmin = start_jasmin(smsc.port, folder, amqp, serving)
        try:
            smsc.wait_for_bind()
            with migrated_database("sms_gateway") as url, parts.outbound_at(url, amqp, serving, messages, TEXT) as run:
                began = time.monotonic()
                run.fill()
                taken = wait(smsc, messages)
                print(f"the SMSC behind Jasmin took {taken:,} of {messages:,} in {time.monotonic() - began:.1f} s")
                run.events.wait(messages, 30.0)
                print(f"told: {run.events.kinds}")
                with make_engine(url).connect() as connection:
                    return list(connection.execute(sqlalchemy.text(STATES)))
        finally:
            jasmin.stop()
    finally:
        smsc.stop()
        delete_vhost(amqp)


def wait(smsc: Smsc, messages: int) -> int:
    """Until it has so many, or has got none for long."""
    known, since = -1, time.monotonic()
    while known < messages and time.monotonic() - since < PATIENCE:
        found = int(smsc.counts()["submitted"])
        if found > known:
            known, since = found, time.monotonic()
        time.sleep(0.1)
    return known


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=1_000)
    given = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            for state, count, ids in through(given.messages, Path(folder)):
                print(f"{state:<14} {count:>7,}   ids of Jasmin {ids:,}")
    except NotToBeHad as reason:
        sys.exit(f"Jasmin cannot be had here: {reason}")


if __name__ == "__main__":
    main()
