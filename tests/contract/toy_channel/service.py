"""The toy's Nameko service: `nameko run toy_channel.service:ToyService`."""

from channel import plain
from channel.service import ChannelCalls, QuotaLeases, UseCases
from chassis.service import Database, OutboxRelay
from toy_channel import RPC, usecases


class ToyService(ChannelCalls):
    name = "sms_gateway"
    calls = RPC
    database = Database("TOY_CHANNEL_DATABASE_URL")
    relay = OutboxRelay()
    leases = QuotaLeases("sms")
    use_cases = UseCases(
        prepare_content=usecases.prepare_content, render_preview=usecases.render_preview,
        check_content=usecases.check_content,
        plan_test=usecases.plan_test, plan_send=usecases.plan_send, get_message=plain.get_message,
        export_person=plain.export_person, erase_person=plain.erase_person,
    )  # fmt: skip
