"""What the log and the counters must be, said in the plainest Python: a list of events in, two dictionaries out.

Nothing here is taken from the code under test but the vocabulary of the contracts.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from contracts.vocabulary import STATE_RANK, MessageState

Event = dict[str, Any]

HANDED_OVER = {"delivered", "undelivered", "expired", "hard_bounced", "soft_bounced", "spam_bounced"}
STATES = [state.value for state in MessageState]
COLUMNS = ("contact_id", "address", "sender", "domain", "parts", "cost")


def log_of(events: list[Event]) -> dict[str, dict[str, Any]]:
    """Every message as it must stand after all events, in whatever order they came."""
    by_message: dict[str, list[Event]] = {}
    for event in events:
        by_message.setdefault(event["message_id"], []).append(event)
    return {message_id: _message(reported) for message_id, reported in by_message.items()}


def _message(reported: list[Event]) -> dict[str, Any]:
    states = [event for event in reported if event["kind"] in STATES]
    acts = list({event["event_id"]: event for event in reported if event["kind"] not in STATES}.values())
    stands = min(
        states, key=lambda event: (-STATE_RANK[event["kind"]], event["at"], STATES.index(event["kind"])), default={}
    )
    message = {
        column: max((event[column] for event in reported if column in event), default=None) for column in COLUMNS
    }
    return {
        **message,
        "account_id": reported[0]["account_id"],
        "campaign_id": reported[0]["campaign_id"],
        "channel": reported[0]["channel"],
        "state": stands.get("kind"),
        "state_at": stands.get("at"),
        "code": stands.get("code"),
        "submitted_at": _first(states, "submitted"),
        "delivered_at": _first(states, "delivered"),
        "opens": sum(act["kind"] == "opened" for act in acts),
        "clicks": sum(act["kind"] == "clicked" for act in acts),
        "opened_at": _first(acts, "opened"),
        "clicked_at": _first(acts, "clicked"),
        "unsubscribed_at": _first(acts, "unsubscribed"),
        "complained_at": _first(acts, "complained"),
    }


def _precedence(event: Event) -> tuple[int, float, int]:
    return -STATE_RANK[event["kind"]], event["at"], STATES.index(event["kind"])


def _first(events: list[Event], kind: str) -> float | None:
    return min((event["at"] for event in events if event["kind"] == kind), default=None)


def counters_of(events: list[Event], day_of_message: dict[str, str]) -> dict[tuple[str, str, str, str], int]:
    """Every counter that is not zero: by scope, dimension, key and metric."""
    counters: Counter[tuple[str, str, str, str]] = Counter()
    for message_id, message in log_of(events).items():
        amounts = _amounts(message)
        campaign, day = message["campaign_id"], day_of_message[message_id]
        places = [(message["account_id"], "day", f"{day} {message['channel']}")]
        if campaign:
            places += [(campaign, "total", ""), (campaign, "domain", message["domain"] or "")]
            if amounts["sent"]:
                counters[campaign, "hour", _hour(message["submitted_at"] or message["state_at"]), "sent"] += 1
            if message["state"]:
                counters[campaign, "hour", _hour(message["state_at"]), message["state"]] += 1
        for place in places:
            for metric, amount in amounts.items():
                counters[(*place, metric)] += amount
    _count_acts(counters, events)
    return {key: amount for key, amount in counters.items() if amount}


def _amounts(message: dict[str, Any]) -> dict[str, int]:
    sent = message["submitted_at"] is not None or message["state"] in HANDED_OVER
    amounts = {
        "messages": 1,
        "sent": int(sent),
        "parts": (message["parts"] or 0) * sent,
        "cost": (message["cost"] or 0) * sent,
        "opens": message["opens"],
        "clicks": message["clicks"],
        "unique_opens": int(message["opens"] > 0),
        "unique_clicks": int(message["clicks"] > 0),
        "unsubscribes": int(message["unsubscribed_at"] is not None),
        "complaints": int(message["complained_at"] is not None),
    }
    if message["state"]:
        amounts[message["state"]] = 1
    return amounts


def _count_acts(counters: Counter[tuple[str, str, str, str]], events: list[Event]) -> None:
    acts = {
        (event["message_id"], event["event_id"]): event for event in events if event["kind"] in ("opened", "clicked")
    }
    clickers = set()
    for act in acts.values():
        campaign, metric = act["campaign_id"], {"opened": "opens", "clicked": "clicks"}[act["kind"]]
        if not campaign:
            continue
        counters[campaign, "hour", _hour(act["at"]), metric] += 1
        counters[campaign, "device", "mobile" if "iPhone" in act["user_agent"] else "desktop", metric] += 1
        if act["kind"] == "clicked":
            counters[campaign, "link", act["url"], "clicks"] += 1
            clickers.add((campaign, act["url"], act["message_id"]))
    for campaign, url, _message_id in clickers:
        counters[campaign, "link", url, "unique_clicks"] += 1


def _hour(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:00:00Z")
