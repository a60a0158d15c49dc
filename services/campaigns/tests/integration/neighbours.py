"""The services that campaigns asks, each in its thinnest form, on the real bus. Run by `nameko run neighbours`.

They hold no database: a group's id says how many people are in it (`UUID(int=12_000)`: twelve thousand), and an account
whose id ends in an odd number has a quota of 1,000.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any
from uuid import UUID

import orjson
import single_sends

from chassis.service import Health, rpc
from contracts.errors import Conflict, Invalid, NotFound, PlanLimit

KNOWN_FIELDS = {"first_name", "last_name", "city", "birth_date", "discount_code", "points"}
SMALL_QUOTA = 1_000

reservations: dict[str, dict[str, int]] = {}
snapshots: dict[str, dict[str, Any]] = {}
contents: dict[str, Any] = {}
units_taken: dict[str, int] = {}  # by each recipient, by account: what `LONG` and `LONGER` say in a text
asked: list[str] = []
NOTHING = dict.fromkeys(("sent", "delivered", "opened", "clicked", "unsubscribed", "complained"), 0)
counts_by_account: dict[str, list[dict[str, int]]] = {}


def _quota_of(account_id: str) -> int:
    return SMALL_QUOTA if UUID(account_id).int % 2 else 10**9


class Identity:
    name = "identity"
    health = Health()

    @rpc
    def get_account(self, actor: Any, payload: Any) -> Any:
        return {
            "account_id": actor["account_id"],
            "name": "wicitest",
            "time_zone": "Europe/Warsaw",
            "default_region": "PL",
        }

    @rpc
    def check_limit(self, actor: Any, payload: Any) -> Any:
        """For a real contacts in this one's place."""
        return {"limit": None}

    @rpc
    def reserve_quota(self, actor: Any, payload: Any) -> Any:
        limit, amount = _quota_of(actor["account_id"]), payload["amount"]
        if amount > limit:
            raise PlanLimit("quota.exhausted", "Too few are left.", {"feature": payload["feature"], "limit": limit})
        held = reservations.setdefault(payload["reservation_id"], {"used": 0})
        held.update(reserved=amount, released=0)
        return {"reserved": amount, "remaining": limit - amount}

    @rpc
    def use_quota(self, actor: Any, payload: Any) -> Any:
        held = reservations[payload["reservation_id"]]
        held["used"] = max(held["used"], min(payload["amount"], _quota_of(actor["account_id"])))
        return {"used": held["used"], "reserved": held["reserved"]}

    @rpc
    def release_quota(self, actor: Any, payload: Any) -> Any:
        held = reservations.get(payload["reservation_id"])
        if held is None:
            raise NotFound("reservation.not_found", "There is no such reservation.")
        held["released"] = 1
        return {"released": held["reserved"] - held["used"]}

    @rpc
    def look(self, actor: Any, payload: Any) -> Any:
        """For the tests: what is reserved, which snapshots are held, how often each call came."""
        return {"reservations": reservations, "snapshots": snapshots, "asked": asked}


class Contacts:
    name = "contacts"

    @rpc
    def count_audience(self, actor: Any, payload: Any) -> Any:
        return {"count": _size(payload["audience"])}

    @rpc
    def sample_audience(self, actor: Any, payload: Any) -> Any:
        """Of fifty people every fifth has no points; all have the rest."""
        names = payload["fields"]
        contacts = [
            {
                "contact_id": str(UUID(int=number)),
                "fields": {name: "x" for name in names if name != "points" or number % 5},
            }
            for number in range(1, min(_size(payload["audience"]), 50) + 1)
        ]
        return {"contacts": contacts, "complete": dict.fromkeys(names, "x")}

    @rpc
    def snapshot_audience(self, actor: Any, payload: Any) -> Any:
        total = _size(payload["audience"])
        snapshots.setdefault(payload["snapshot_id"], {"total": total, "fields": payload["fields"]})
        return {"state": "waiting", "total": None}

    @rpc
    def get_snapshot(self, actor: Any, payload: Any) -> Any:
        known = snapshots.get(payload["snapshot_id"])
        if known is None:
            raise NotFound("snapshot.not_found", "There is no such audience.")
        return {"state": _state(known["total"]), "total": known["total"]}

    @rpc
    def read_audience(self, actor: Any, payload: Any) -> Any:
        snapshot = snapshots.get(payload["snapshot_id"])
        if snapshot is None:
            raise NotFound("snapshot.not_found", "There is no such audience.")
        if snapshot["total"] % 1000 == 444:
            asked.append(f"read_audience {payload['campaign_id']}")
        last = min(payload["after"] + payload["limit"], snapshot["total"])
        left_out: dict[str, list[int]] = {}
        known: list[Any] = []
        recipients = []
        for number in range(payload["after"] + 1, last + 1):
            if reason := reason_of(number, snapshot["total"]):
                left_out.setdefault(reason, []).append(number)
                if reason != "erased":
                    known.append([number, str(UUID(int=number))])
            else:
                recipients.append(_recipient(number, snapshot))
        return {"recipients": recipients, "left_out": left_out, "left_out_contacts": known}

    @rpc
    def read_step_audience(self, actor: Any, payload: Any) -> Any:
        """Every third has no address for e-mail, of numbers that end in 5 nobody has a phone: they are `changed`."""
        snapshot = snapshots.get(payload["snapshot_id"])
        if snapshot is None:
            raise NotFound("snapshot.not_found", "There is no such audience.")
        gone = [number for number in payload["numbers"] if has_none(number, payload["channel"])]
        recipients = [_recipient(number, snapshot) for number in payload["numbers"] if number not in gone]
        known = [[number, str(UUID(int=number))] for number in gone]
        return {"recipients": recipients, "left_out": {"changed": gone} if gone else {}, "left_out_contacts": known}

    @rpc
    def let_go_of_audience(self, actor: Any, payload: Any) -> Any:
        """As a contacts of before: what was not taken is not ready."""
        known = snapshots.get(payload["snapshot_id"])
        if known is None:
            raise NotFound("snapshot.not_found", "There is no such audience.")
        if (state := _state(known["total"])) != "done":
            raise Conflict("snapshot.not_ready", "The snapshot has not been taken.", {"state": state})
        if known["total"] % 1000 == 444:
            asked.append(f"let_go_begun {payload['campaign_id']}")
            time.sleep(2.0)
        asked.append(f"let_go_of_audience {payload['campaign_id']} {payload['after']}")
        return {}

    @rpc
    def drop_snapshot(self, actor: Any, payload: Any) -> Any:
        snapshots.pop(payload["snapshot_id"], None)
        return {}

    @rpc
    def check_fields(self, actor: Any, payload: Any) -> Any:
        asked.append("check_fields")
        unknown = [name for name in payload["names"] if name not in KNOWN_FIELDS]
        return {"unknown": unknown, "known": sorted(KNOWN_FIELDS)}

    @rpc
    def find_archived(self, actor: Any, payload: Any) -> Any:
        """Whose number ends in 99."""
        return {"archived": [place for place, address in enumerate(payload["addresses"]) if address.endswith("99")]}

    @rpc
    def get_contact(self, actor: Any, payload: Any) -> Any:
        """Number 1 is none any more, 2 is archived for e-mail, 3 has no phone, 4 has said no to SMS, 5 has another
        phone the second time; only 7 has not agreed to push."""
        number = UUID(payload["contact_id"]).int
        if number == 1:
            raise NotFound("contact.not_found", "There is no such contact.")
        before = asked.count(f"get_contact {number}")
        asked.append(f"get_contact {number}")
        return {
            "id": payload["contact_id"],
            "phone": None if number == 3 else "+48600100201" if number == 5 and before else "+48600100200",
            "email": "jan@example.com",
            "push": payload["contact_id"],
            "consents": {
                "sms": {"granted": number != 4},
                "email": None,
                "push": None if number == 7 else {"granted": True},
            },
            "archived": [{"channel": "email", "reason": "stop"}] if number == 2 else [],
            "first_name": "Jan",
            "fields": {"discount_code": "LATO10"},
        }


def has_none(number: int, channel: str) -> bool:
    """Whether a person has no address on the channel of a step."""
    return number % 3 == 0 if channel == "email" else number % 10 == 5


def _state(total: int) -> str:
    """An audience of `…555` fails to be taken, and that of `…556` never comes to an end."""
    return {555: "failed", 556: "running"}.get(total % 1000, "done")


def _size(audience: Any) -> int:
    """A follow-up is of forty."""
    return 40 if audience.get("follow_up") else sum(UUID(group).int for group in audience["groups"])


def reason_of(number: int, total: int) -> str | None:
    """Of an audience of `…88` every 7th is left out and a long stretch at its end; of any other nobody."""
    if total % 100 != 88 or not (number % 7 == 0 or number > total - 150):
        return None
    return ("archived", "erased", "withdrawn", "deleted", "changed")[number % 5]


def _recipient(number: int, snapshot: Any) -> Any:
    return {
        "number": number,
        "contact_id": str(UUID(int=number)),
        "address": f"+48{500_000_000 + number}",
        "fields": {name: f"{name}-{number}" for name in snapshot["fields"]},
    }


class Reporting:
    """What became of variants: nothing, until a test has said what."""

    name = "reporting"

    @rpc
    def tell_variants(self, actor: Any, payload: Any) -> Any:
        counts_by_account[actor["account_id"]] = payload["variants"]
        return {}

    @rpc
    def get_message(self, actor: Any, payload: Any) -> Any:
        return single_sends.story_of(actor, payload)

    @rpc
    def find_read(self, actor: Any, payload: Any) -> Any:
        """Who has read a step's message: whose number in it is divisible by 4."""
        message_ids = payload["message_ids"]
        return {"known": message_ids, "read": [one for one in message_ids if int(one[-8:], 16) % 4 == 0]}

    @rpc
    def count_variants(self, actor: Any, payload: Any) -> Any:
        asked.append(f"count_variants {payload['campaign_id']}")
        return {"variants": counts_by_account.get(actor["account_id"], [NOTHING] * payload["variants"])}


class SmsGateway(single_sends.SingleSends):
    name = "sms_gateway"

    @rpc
    def prepare_content(self, actor: Any, payload: Any) -> Any:
        content = payload["content"]
        words = " ".join(str(content.get(name, "")) for name in ("subject", "text", "html"))
        names = {piece.split("}}")[0].strip() for piece in words.split("{{")[1:]}
        needed = {name.rstrip("!") for name in names if name.endswith("!")}  # `{{ points! }}` fails who has none
        variables, recipients = sorted({name.rstrip("!") for name in names}), payload["recipients"]
        units_taken[actor["account_id"]] = 4 if "LONGER" in words else 3 if "LONG" in words else 1
        body = orjson.dumps([payload["sender"], content], option=orjson.OPT_SORT_KEYS)
        content_hash = hashlib.sha256(body).hexdigest()
        contents[content_hash] = content
        problems = []
        if "BANK" in str(payload["sender"]):
            problems.append({"field": "sender", "code": "sender.not_active", "detail": "Not yours."})
        if hits := [place for place, fields in enumerate(recipients) if needed - set(fields)]:
            fault = {"field": "content.text", "code": "template.failed", "detail": "line 1: points has no value"}
            problems.append({**fault, "hits": hits})
        prepared = {"content_hash": content_hash, "variables": variables, "problems": problems, "parts_max": 1}
        # Who takes four parts is not in the sample; who has nothing takes one.
        return {**prepared, "tried": len(recipients), "units": 3 if "LONG" in words and any(recipients) else 1}

    @rpc
    def take_back_messages(self, actor: Any, payload: Any) -> Any:
        """Nothing is heard of them, and they are taken back by e-mail alone."""
        asked.append(f"take_back {self.name} {len(payload['message_ids'])}")
        took = self.name == "email_gateway" and payload["is_wanted_back"]
        state = {"state": "rejected" if took else "submitted", "code": "message.revoked" if took else None}
        return {"messages": [{"id": one, "revoked": took, **state} for one in payload["message_ids"]]}

    @rpc
    def check_content(self, actor: Any, payload: Any) -> Any:
        """`{{ name }}` for each recipient; MJML is compiled where it begins as it should."""
        content = dict(payload["content"])
        asked.append("check_content")
        problems = []
        if (mjml := content.get("mjml")) is not None:
            content["html"] = f"<p>{mjml}</p>"
            if not mjml.startswith("<mjml"):
                fault = {"field": "mjml", "code": "template.mjml_invalid", "detail": "mjml, line 1: no.", "hits": []}
                problems.append(fault)
        words = " ".join(str(content.get(name, "")) for name in ("subject", "text", "html"))
        variables = sorted({piece.split("}}")[0].strip() for piece in words.split("{{")[1:]})
        people = [(each, str(sorted(each.items()))) for each in payload["recipients"]]
        rendered = [
            {"problem": "line 1: no"}
            if each.get("first_name") == "Nobody"
            else {"text": shown, **({"html": f"<p>{shown}</p>"} if "html" in content else {})}
            for each, shown in people
        ]
        return {
            "content": content, "variables": variables, "problems": problems, "advice": [], "figures": {"weight": 1},
            "rendered": rendered,
        }  # fmt: skip

    @rpc
    def count_campaign(self, actor: Any, payload: Any) -> Any:
        """Every 10th has failed; where there are 777 of a thousand, every 25th waits until it is asked for thrice."""
        recipients, campaign_id = payload["recipients"], payload["campaign_id"]
        waiting = (recipients + 24) // 25 if recipients % 1000 == 777 and asked.count(campaign_id) < 2 else 0
        asked.append(campaign_id)
        came = [number for number in range(1, recipients + 1) if not reason_of(number, recipients)]
        recipients, failed = len(came), sum(number % 10 == 0 for number in came)
        counts = {"submitted": recipients - failed - waiting, "failed": failed, "deferred": waiting}
        units = counts["submitted"] * units_taken[actor["account_id"]]
        return {**counts, "left_out": {}, "units": units, "after": payload["after"]}

    @rpc
    def render_preview(self, actor: Any, payload: Any) -> Any:
        if payload["content_hash"] not in contents:
            raise Invalid("content.unknown", "No such content.")
        return {"fields": payload["fields"], "address": payload["address"]}

    @rpc
    def send_test(self, actor: Any, payload: Any) -> Any:
        return {"messages": [{"to": address, "fields": payload["fields"]} for address in payload["addresses"]]}


class EmailGateway(SmsGateway):
    name = "email_gateway"

    @rpc
    def attach_files(self, actor: Any, payload: Any) -> Any:
        """Another hash for other files; an account with a small quota has no such add-on."""
        if _quota_of(actor["account_id"]) == SMALL_QUOTA:
            raise PlanLimit("plan.feature_missing", "The plan has no attachments.", {"feature": "attachments"})
        content_hash = hashlib.sha256(orjson.dumps(payload)).hexdigest()
        names = [one["filename"] for one in payload["attachments"]]
        asked.append(f"attach_files {content_hash} {names}")
        return {"content_hash": content_hash}

    @rpc
    def get_link_labels(self, actor: Any, payload: Any) -> Any:
        """The subject stands for the words of the first link; all contents have the same second one."""
        return {"labels": [contents[payload["content_hash"]]["subject"], "Wypisz"]}


class PushGateway(single_sends.PushSends):
    name = "push_gateway"
