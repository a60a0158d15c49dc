"""Single messages of the channels that stand in: what becomes of one says its text.

`delivered:2` and `late:2`: two seconds after it was sent; `refused`, `unreachable`, `fails:1`, `never`, `revocable`
(never, until it is taken back), `read:1`.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import eventlet
import orjson
from nameko.extensions import DependencyProvider

from chassis import gathering
from chassis.ids import new_id
from chassis.service import Process, rpc
from contracts import lanes
from contracts.errors import Invalid, NotFound
from contracts.ids import message_id

sends: dict[tuple[str, str], dict[str, Any]] = {}  # by service and request key
by_id: dict[str, dict[str, Any]] = {}
FAILURES = {"fails": "undelivered", "unreachable": "rejected", "revoked": "rejected"}


class Bus(DependencyProvider):
    process = Process()

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self.process.broker


class SingleSends:
    """Calls of a channel about single messages; a request key is one message however often it comes."""

    name: str
    bus = Bus()

    @rpc
    def check_message(self, actor: Any, payload: Any) -> Any:
        if "BANK" in str(payload["from"]):
            raise Invalid.of_field("sender", "sender.not_active", "Not yours.")
        return {}

    @rpc
    def send_messages(self, actor: Any, payload: Any) -> Any:
        answers = gathering.answer(payload, lambda requests, turns: [self._sent(*one) for one in requests])
        eventlet.sleep(0.05)  # a kill may come between
        return answers

    def _sent(self, actor: Any, asked: Any) -> Any:
        key = (self.name, f"{actor['account_id']}:{actor['request_key']}")
        if key not in sends:
            what, _, after = asked["text"].partition(":")
            if what == "refused":
                return Invalid.of_field("text", "text.empty", "Nothing is said.")
            (to,) = asked["to"]
            address = to["email"] if isinstance(to, dict) else to
            made = sends[key] = {
                "service": self.name, "account_id": actor["account_id"], "key": actor["request_key"],
                "id": str(message_id(new_id(), 1)), "to": address, "what": what, "after": float(after or 0),
                "at": time.time(), "delivered_at": None, "read_at": None, "asked_at": [], "log_asked": 0,
                "external_id": asked.get("external_id"),
            }  # fmt: skip
            by_id[made["id"]] = made
            if what in ("delivered", "late", "fails", "unreachable", "read"):
                eventlet.spawn_after(made["after"], self._happens, self.bus, made)
        made = sends[key]
        return {"messages": [{"id": made["id"], "to": made["to"], "parts": 2}]}

    def _happens(self, bus: Any, made: dict[str, Any]) -> None:
        what = made["what"]
        if what in FAILURES:
            self._tell(bus, made, FAILURES[what], code=_code(made))
            return
        made["delivered_at"] = time.time()
        self._tell(bus, made, "delivered")
        self._tell(bus, made, "delivered")
        if what == "read":
            made["read_at"] = time.time()
            self._tell(bus, made, "opened")

    def _tell(self, bus: Any, made: dict[str, Any], kind: str, **more: Any) -> None:
        event = {
            "message_id": made["id"], "account_id": made["account_id"], "at": time.time(), "kind": kind,
            "channel": self.name.partition("_")[0], "campaign_id": None, **more,
        }  # fmt: skip
        bus.publish(lanes.DELIVERY_EVENTS, orjson.dumps({"v": 1, "source": self.name, "events": [event]}))

    @rpc
    def get_message(self, actor: Any, payload: Any) -> Any:
        made = _found(actor, payload)
        made["asked_at"].append(time.time())
        state = _state(made)
        return {"id": made["id"], "state": state, "code": _code(made) if state in FAILURES.values() else None}

    @rpc
    def revoke_message(self, actor: Any, payload: Any) -> Any:
        made = _found(actor, payload)
        made["asked_at"].append(time.time())
        if made["what"] == "revocable":
            made["what"] = "revoked"
        return {"revoked": made["what"] == "revoked", "state": _state(made)}

    @rpc
    def look_at_sends(self, actor: Any, payload: Any) -> Any:
        """For the tests: what left for this account, on all channels."""
        return {"sends": [made for made in sends.values() if made["account_id"] == actor["account_id"]]}


class PushSends(SingleSends):
    def _sent(self, actor: Any, asked: Any) -> Any:
        return super()._sent(actor, {**asked, "text": asked["body"]})


def story_of(actor: Any, asked: Any) -> Any:
    """As the message log has it."""
    made = _found(actor, asked)
    made["log_asked"] += 1
    if made["log_asked"] == 1:
        raise NotFound("message.not_found", "It has not been told of yet.")
    moments = [{"at": made["read_at"], "kind": "opened", "machine": None}] if made["read_at"] else []
    return {"timeline": [{"at": 1.0, "kind": "opened", "machine": "burst"}, *moments]}


def _found(actor: Any, asked: Any) -> dict[str, Any]:
    made = by_id.get(str(UUID(asked["message_id"])))
    if made is None or made["account_id"] != actor["account_id"]:
        raise NotFound("message.not_found", "There is no such message.")
    return made


def _code(made: dict[str, Any]) -> str:
    return "push.no_device" if made["what"] == "unreachable" else "x.1"


def _state(made: dict[str, Any]) -> str:
    if made["what"] in FAILURES:
        return FAILURES[made["what"]] if time.time() >= made["at"] + made["after"] else "submitted"
    return "delivered" if made["delivered_at"] else "submitted"


def broken_promise(what: str, sends_of_chain: list[dict[str, Any]]) -> str | None:
    """What does not hold of a chain of e-mail and then SMS that is over, by what its channels were given.

    Each step left once at most; the second only where the first was not known to have arrived when its channel was
    asked last; and nobody is forgotten.
    """
    by_service = {one["service"]: one for one in sends_of_chain}
    mail, sms = by_service.get("email_gateway"), by_service.get("sms_gateway")
    arrived_at = mail and mail["delivered_at"]
    if len(sends_of_chain) > len(by_service):
        return "a step left twice"
    if not arrived_at and not sms:
        return "forgotten"
    if mail and sms and arrived_at:
        asked = [at for at in mail["asked_at"] if at < sms["at"]]
        if not asked or arrived_at < max(asked):
            return "the first was known to have arrived, and the second left"
    if mail and sms and mail["what"] in ("never", "revoked") and sms["at"] - mail["at"] < 1.4:
        return "the second left before its time"
    return None
