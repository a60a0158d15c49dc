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


# Who is a person and who a machine, in the events of these tests.
MACHINES = ("Mozilla/5.0", "Barracuda Sentinel (EE)")
# Different links within seconds that no person clicks.
BURSTS = ((2, 1.0), (3, 5.0))
# Counted each by itself, of campaigns.
SINGLE = {"answered": "answers", "dismissed": "dismissed"}


def log_of(events: list[Event]) -> dict[str, dict[str, Any]]:
    """Every message as it must stand after all events, in whatever order they came."""
    by_message: dict[str, list[Event]] = {}
    for event in events:
        by_message.setdefault(event["message_id"], []).append(event)
    return {message_id: _message(reported) for message_id, reported in by_message.items()}


def _message(reported: list[Event]) -> dict[str, Any]:
    states = [event for event in reported if event["kind"] in STATES]
    acts = list({event["event_id"]: event for event in reported if event["kind"] not in STATES}.values())
    opened, clicked = opens_of(acts), clicks_of(acts)
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
        "peer": stands.get("peer"),
        "submitted_at": _first(states, "submitted"),
        "delivered_at": _first(states, "delivered"),
        "opens": len(opened),
        "clicks": len(clicked),
        "machine_opens": sum(act["kind"] == "opened" and is_machine(act, acts) for act in acts),
        "machine_clicks": sum(act["kind"] == "clicked" and is_machine(act, acts) for act in acts),
        "opened_at": min((act["at"] for act in opened), default=None),
        "clicked_at": min((act["at"] for act in clicked), default=None),
        "unsubscribed_at": _first(acts, "unsubscribed"),
        "complained_at": _first(acts, "complained"),
    }


def is_machine(act: Event, acts: list[Event]) -> bool:
    """Whether the act says so itself, or is part of a burst of its message; an opening, near one."""
    if act["user_agent"] in MACHINES or act.get("request"):
        return True
    clicks = [other for other in acts if other["kind"] == "clicked"]
    for links, seconds in BURSTS:
        for first in clicks:
            run = [other for other in clicks if 0 <= other["at"] - first["at"] <= seconds]
            if len({other["url"] for other in run}) < links:
                continue
            last = max(other["at"] for other in run)
            reach = seconds if act["kind"] == "opened" else 0.0
            if first["at"] - reach <= act["at"] <= last + reach:
                return True
    return False


def clicks_of(acts: list[Event]) -> list[Event]:
    return [act for act in acts if act["kind"] == "clicked" and not is_machine(act, acts)]


def opens_of(acts: list[Event]) -> list[Event]:
    """What people opened; a click that no opening came before is one, too."""
    opened = [act for act in acts if act["kind"] == "opened" and not is_machine(act, acts)]
    first = min(clicks_of(acts), key=lambda act: (act["at"], act["event_id"]), default=None)
    if first is not None and all(act["at"] > first["at"] for act in opened):
        opened.append(first)
    return opened


def _first(events: list[Event], kind: str) -> float | None:
    return min((event["at"] for event in events if event["kind"] == kind), default=None)


def counters_of(events: list[Event], accepted_at: dict[str, datetime]) -> dict[tuple[str, str, str, str], int]:
    """Every counter that is not zero: by scope, dimension, key and metric."""
    counters: Counter[tuple[str, str, str, str]] = Counter()
    for message_id, message in log_of(events).items():
        amounts = _amounts(message)
        campaign, accepted = message["campaign_id"], accepted_at[message_id]
        hours = ((f"{accepted:%Y-%m-%d}", "day"), (f"{accepted:%Y-%m-%dT%H}", "account_hour"))
        places = [(message["account_id"], by, f"{moment} {message['channel']}") for moment, by in hours]
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
    once = {(one["message_id"], one["event_id"]): one for one in events if one["kind"] in SINGLE and one["campaign_id"]}
    for event in once.values():
        counters[event["campaign_id"], "total", "", SINGLE[event["kind"]]] += 1
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
        "machine_opens": message["machine_opens"],
        "machine_clicks": message["machine_clicks"],
        "unsubscribes": int(message["unsubscribed_at"] is not None),
        "complaints": int(message["complained_at"] is not None),
    }
    if message["state"] == "delivered":
        amounts["unique_opens"] = int(message["opens"] > 0)
        amounts["unique_clicks"] = int(message["clicks"] > 0)
        amounts["delivered_unsubscribes"] = amounts["unsubscribes"]
        amounts["delivered_complaints"] = amounts["complaints"]
    if message["state"]:
        amounts[message["state"]] = 1
    return amounts


def _count_acts(counters: Counter[tuple[str, str, str, str]], events: list[Event]) -> None:
    by_message: dict[str, dict[str, Event]] = {}
    for event in events:
        if event["kind"] in ("opened", "clicked") and event["campaign_id"]:
            by_message.setdefault(event["message_id"], {})[event["event_id"]] = event
    for by_id in by_message.values():
        acts = list(by_id.values())
        campaign, clicked = acts[0]["campaign_id"], clicks_of(acts)
        by_machines = [(act, f"machine_{'opens' if act['kind'] == 'opened' else 'clicks'}") for act in acts]
        done = [(act, metric) for act, metric in by_machines if is_machine(act, acts)]
        done += [(act, "opens") for act in opens_of(acts)] + [(act, "clicks") for act in clicked]
        for act, metric in done:
            counters[campaign, "hour", _hour(act["at"]), metric] += 1
            counters[campaign, "device", _device(act), metric] += 1
            if metric.endswith("clicks"):
                counters[campaign, "link", act["url"], metric] += 1
        for url in {act["url"] for act in clicked}:
            counters[campaign, "link", url, "unique_clicks"] += 1


def _device(act: Event) -> str:
    if act["user_agent"] in MACHINES:
        return "bot"
    return "mobile/other" if "iPhone" in act["user_agent"] else "desktop/other"


def _hour(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:00:00Z")
