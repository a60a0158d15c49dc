"""aiosmpplib as an ESME: python esme.py PORT SYSTEM_ID PASSWORD COUNT

Prints the ids that it was answered with, then those whose receipts came, each as a line of JSON.
"""

import asyncio
import json
import sys

from aiosmpplib import ESME, AbstractHook, DeliverSm, PhoneNumber, SubmitSm, SubmitSmResp
from aiosmpplib.state import TON


class Hook(AbstractHook):
    def __init__(self, count):
        self.count, self.ids, self.told, self.done = count, [], [], asyncio.Event()

    async def sending(self, smpp_message, pdu, client_id):
        pass

    async def received(self, smpp_message, pdu, client_id):
        if isinstance(smpp_message, SubmitSmResp):
            self.ids.append(smpp_message.message_id)
            if len(self.ids) == self.count:
                print(json.dumps(self.ids), flush=True)
        elif isinstance(smpp_message, DeliverSm) and smpp_message.is_receipt():
            receipt = smpp_message.parse_receipt()
            assert receipt["stat"] == "DELIVRD", receipt
            self.told.append(receipt["id"])
            if len(self.told) == self.count:
                print(json.dumps(self.told), flush=True)
                self.done.set()

    async def send_error(self, smpp_message, error, client_id):
        raise SystemExit(f"not sent: {error!r}")


async def main(port, system_id, password, count):
    hook = Hook(int(count))
    esme = ESME(smsc_host="127.0.0.1", smsc_port=int(port), system_id=system_id, password=password, hook=hook)
    for number in range(hook.count):
        message = SubmitSm(
            short_message="Hello" if number % 2 else "Zażółć",
            source=PhoneNumber("Wici", ton=TON.ALPHANUMERIC),
            destination=PhoneNumber(f"48600300{number:03d}"),
            registered_delivery=1,
            log_id=str(number),
        )
        await esme.broker.enqueue(message)
    task = asyncio.create_task(esme.start())
    await asyncio.wait_for(hook.done.wait(), 60)
    await esme.stop()
    task.cancel()


asyncio.run(main(*sys.argv[1:]))
