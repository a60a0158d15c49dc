"""The index page of a person's file: which services were asked, what each holds, and in which document it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

_MEANING = {
    "contact": "the contact: addresses, names, fields of its own, consents that stand",
    "former_address": "addresses that the contact had before",
    "group": "groups that the contact is in",
    "consent": "every consent given and withdrawn, with the form's text, time and address",
    "submission": "what was sent by sign-up forms in the name of the addresses",
    "engagement": "campaigns delivered, opened and clicked, by day",
    "import": "lists that the contact came from",
    "archive": "addresses that get no campaigns, since when and why",
    "erased_address": "addresses that were erased before, known here by a hash alone",
    "message": "messages to the addresses: states, times, texts of single messages, opens and clicks",
    "inbound": "messages from the phone to the account's own numbers",
}
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}"
    "td,th{text-align:left;padding:.3em 1em .3em 0}"
)


def page(
    addresses: Sequence[str],
    counts: Mapping[str, Mapping[str, int]],
    without: Mapping[str, str],
    at: datetime,
) -> str:
    """HTML that needs nothing else.

    :param counts: how many records, by service and kind; `without`: why a service was not asked.
    """
    rows = "".join(
        f'<tr><td><a href="{service}.json">{service}</a></td><td>{escape(kind)}</td><td>{count}</td>'
        f"<td>{escape(_MEANING.get(kind, ''))}</td></tr>"
        for service, counts_by_kind in counts.items()
        for kind, count in (counts_by_kind.items() or [("nothing", 0)])
    )
    reasons = "".join(f"<li><b>{escape(name)}</b>: {escape(why)}</li>" for name, why in without.items())
    asked = ", ".join(escape(address) for address in addresses)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>What is known of a person</title>'
        f"<style>{_STYLE}</style></head><body><h1>What is known of a person</h1>"
        f"<p>Addresses: {asked}. Collected {at:%Y-%m-%d %H:%M} UTC.</p>"
        "<table><tr><th>Service</th><th>Kind</th><th>Records</th><th></th></tr>"
        f"{rows}</table><h2>Services that hold nothing of people</h2><ul>{reasons}</ul></body></html>\n"
    )
