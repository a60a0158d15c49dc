"""The main job, step by step, through the public API alone: what the demo shows and the end-to-end tests check.

Only two things are not the API's: an operator is made by a command, as on any installation, and the simulators are
asked what they received.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
from api import Api, Refused, poll

SENDER_ID = "Wici"
CONFLICT = 409
DOMAIN = "sklep.example"
SMS_TEXT = (
    "{{ first_name | default('Dzień dobry') }}, w {{ city | default('Twoim mieście') }} czeka na Ciebie rabat"
    "{% if discount_code %} z kodem {{ discount_code }}{% endif %}. Zażółć gęślą jaźń!"
)
EMAIL_SUBJECT = "{{ first_name | default('Cześć') }}, jesienna wyprzedaż już jest"
EMAIL_HTML = """<!doctype html><html lang="pl"><body style="font-family:sans-serif">
<h1>Cześć{% if first_name %}, {{ first_name }}{% endif %}!</h1>
<p>W sklepie {{ city | default('internetowym') }} zaczęła się wyprzedaż. {% if discount_code %}Twój kod:
<b>{{ discount_code }}</b>.{% endif %}</p>
<p><a href="https://sklep.example/wyprzedaz">Zobacz wyprzedaż</a> · <a href="https://sklep.example/kurtki">Kurtki</a></p>
<p style="font-size:small">Nie chcesz takich wiadomości? <a href="{{ unsubscribe_url }}">Wypisz się</a>.</p>
</body></html>"""
CAMPAIGN_SECONDS = 600.0
OPERATOR_SECONDS = 300.0  # an access token of theirs holds a quarter of an hour, and a journey takes minutes
_OPERATORS: dict[str, tuple[Api, float]] = {}  # by the system's address, and until when

Show = Callable[[Any], None]


def quiet(_progress: Any) -> None:
    """Show nothing."""


@dataclass(frozen=True)
class Simulators:
    """Where the simulators tell what they received."""

    smsc: Api
    mailbox: Api


class Journey:
    """One new account on a running system.

    :param environ: of the running system (`.run/env`): ports, addresses, keys.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.public = Api(environ["WICI_PUBLIC_URL"])
        local = "http://127.0.0.1"
        self.simulators = Simulators(
            smsc=Api(f"{local}:{environ['WICI_SMSC_HTTP_PORT']}"),
            mailbox=Api(f"{local}:{environ['WICI_MAILBOX_HTTP_PORT']}"),
        )
        self.account_id = self.login = self.password = ""
        self.api = self.operator = self.public

    def prepare(self) -> None:
        """A new account with a plan and senders, an operator, and the simulators connected."""
        self.register()
        self.become_operator()
        self.give_plan()
        self.connect_simulators()
        self.authorise_senders()

    def register(self, name: str | None = None) -> str:
        """Register an account and log its owner in; returns the login."""
        self.login = login = name or f"sklep{secrets.token_hex(4)}"
        self.password = password = secrets.token_urlsafe(18)
        account = self.public.post(
            "/v1/accounts",
            {
                "login": login,
                "email": f"{login}@{DOMAIN}",
                "password": password,
                "account_name": login,
                "accept_terms": True,
            },
        )
        self.account_id = account["account_id"]
        self.log_in()
        return login

    def log_in(self) -> None:
        """As the owner; again where the access token is over, which a quarter of an hour is."""
        owner = {"login": self.login, "password": self.password, "device": "journey"}
        self.api = self.public.with_token(self.public.post("/v1/sessions", owner)["access_token"])

    def become_operator(self) -> None:
        """Act as the operator whom this program has made of this system, a new one after some minutes."""
        kept, ends = _OPERATORS.get(self.environ["WICI_PUBLIC_URL"], (None, 0.0))
        if kept is None or time.monotonic() > ends:
            self.become_new_operator()
        else:
            self.operator = kept

    def become_new_operator(self) -> str:
        """Make an operator by the command, and log in with the one-time password and a code; returns the login."""
        login = f"dyzur{secrets.token_hex(4)}"
        made = subprocess.run(
            [sys.executable, "-m", "identity.commands.operators", "add", login, f"{login}@wici.example", "--json"],
            env={**os.environ, **self.environ}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if made.returncode:
            raise RuntimeError(f"no operator: {made.stderr or made.stdout}")
        operator = json.loads(made.stdout)
        session = self.public.post(
            "/v1/operator/sessions",
            {
                "login": login,
                "password": operator["password"],
                "totp": pyotp.TOTP(operator["totp_secret"]).now(),
                "new_password": secrets.token_urlsafe(18),
            },
        )
        self.operator = self.public.with_token(session["access_token"])
        _OPERATORS[self.environ["WICI_PUBLIC_URL"]] = self.operator, time.monotonic() + OPERATOR_SECONDS
        return login

    def end_trial(self) -> dict[str, Any]:
        """The operator lets the account send to anybody."""
        return self.operator.post(f"/v1/operator/accounts/{self.account_id}/trial-end", {"reason": "Journey"})

    def give_plan(self, plan: str = "enterprise") -> dict[str, Any]:
        """The operator moves the account to another plan; one that costs something ends its trial."""
        path = f"/v1/operator/accounts/{self.account_id}/plan"
        return self.operator.put(path, {"plan": plan, "reason": "Journey"})

    def connect_simulators(self) -> None:
        """The operator points SMS and e-mail at the simulators, unless that was done before.

        Another journey may do the same at this moment: then what it has made is found.
        """
        for connect in (self._connect_carrier, self._connect_mail_route):
            try:
                connect()
            except Refused as refused:
                if refused.status != CONFLICT:
                    raise
                connect()

    def _connect_carrier(self) -> None:
        port = int(self.environ["WICI_SMSC_PORT"])
        name = f"simulator-{port}"
        settings = {
            "host": "127.0.0.1",
            "port": port,
            "system_id": "wici",
            "password": "wici",
            "binds": 2,
            "window": 500,
            "enabled": True,
            "reason": "Journey",
        }
        carrier = next((c for c in self.operator.pages("/v1/operator/carriers") if c["name"] == name), None)
        if carrier is None:
            carrier = self.operator.post("/v1/operator/carriers", {"name": name, **settings})
        elif any(carrier[setting] != settings[setting] for setting in ("host", "port", "enabled")):
            carrier = self.operator.patch(f"/v1/operator/carriers/{carrier['id']}", settings)
        if not any(route["carrier_id"] == carrier["id"] for route in self.operator.pages("/v1/operator/routes")):
            self.operator.post("/v1/operator/routes", {"carrier_id": carrier["id"], "prefix": "", "reason": "Journey"})

    def _connect_mail_route(self) -> None:
        port = int(self.environ["WICI_MAILBOX_PORT"])
        for route in self.operator.pages("/v1/operator/mail-routes"):
            if route["pattern"] == "*" and route["port"] == port:
                return
            if route["pattern"] == "*":
                self.operator.delete(f"/v1/operator/mail-routes/{route['id']}?reason=Journey")
        self.operator.post(
            "/v1/operator/mail-routes",
            {
                "pattern": "*",
                "kind": "smarthost",
                "host": "127.0.0.1",
                "port": port,
                "connections": 8,
                "reason": "Journey",
            },
        )

    def authorise_senders(self) -> None:
        """A sender ID and a sender domain: asked for by the account, confirmed by the operator."""
        sender = self.api.post("/v1/sender-ids", {"sender": SENDER_ID})
        self.operator.post(
            f"/v1/operator/sender-ids/{sender['id']}/decision", {"decision": "verify", "reason": "Journey"}
        )
        self.api.post(f"/v1/sender-ids/{sender['id']}/accept")
        domain = self.api.post("/v1/sender-domains", {"domain": DOMAIN})
        self.operator.post(f"/v1/operator/sender-domains/{domain['id']}/verify", {"reason": "Journey"})

    def import_contacts(
        self, file: Path, *, group: str | None = None, show: Show = quiet, seconds: float = 600, **options: Any
    ) -> dict[str, Any]:
        """Import a file into a new group; returns the finished import."""
        self._ensure_field("discount_code", "Kod rabatowy")
        job = self.api.upload("/v1/imports", file, options={"group_name": group, **options})
        finished = poll(
            lambda: self.api.get(f"/v1/imports/{job['id']}"),
            lambda answer: answer["state"] in ("done", "failed", "cancelled"),
            seconds=seconds,
            show=show,
        )
        if finished["state"] != "done":
            raise RuntimeError(f"the import {finished['state']}: {finished['error']}")
        return finished

    def _ensure_field(self, key: str, label: str) -> None:
        """A custom text field: its column is recognised by its label, and templates know it by its key."""
        if all(field["key"] != key for field in self.api.pages("/v1/contact-fields")):
            self.api.post("/v1/contact-fields", {"key": key, "label": label, "type": "text"})

    def sms_campaign(self, group_id: str, *, text: str = SMS_TEXT, name: str = "Jesienna wyprzedaż (SMS)") -> str:
        """Draft an SMS campaign; returns its id."""
        return self._draft(name, "sms", SENDER_ID, group_id, {"text": text})

    def email_campaign(
        self, group_id: str, *, html: str = EMAIL_HTML, name: str = "Jesienna wyprzedaż (e-mail)"
    ) -> str:
        """Draft an e-mail campaign; returns its id."""
        sender = {"from_email": f"sklep@{DOMAIN}", "from_name": "Sklep Łąka"}
        return self._draft(name, "email", sender, group_id, {"subject": EMAIL_SUBJECT, "html": html})

    def _draft(self, name: str, channel: str, sender: Any, group_id: str, content: dict[str, Any]) -> str:
        draft = {
            "name": name,
            "channel": channel,
            "sender": sender,
            "audience": {"groups": [group_id]},
            "content": content,
        }
        return str(self.api.post("/v1/campaigns", draft)["id"])

    def preview(self, campaign_id: str) -> dict[str, Any]:
        """The campaign as one invented person gets it."""
        sample = {"address": "", "fields": {"first_name": "Łucja", "city": "Gdynia", "discount_code": "RABAT7"}}
        return self.api.post(f"/v1/campaigns/{campaign_id}/preview", {"sample": sample})["rendered"]

    def schedule(self, campaign_id: str) -> None:
        self.api.post(f"/v1/campaigns/{campaign_id}/schedule", {}, key=f"schedule-{campaign_id}")

    def campaign(self, campaign_id: str) -> dict[str, Any]:
        return self.api.get(f"/v1/campaigns/{campaign_id}")

    def report(self, campaign_id: str) -> dict[str, Any]:
        """The campaign's report; an empty one until reporting has heard of it."""
        try:
            return self.api.get(f"/v1/campaigns/{campaign_id}/report")
        except Refused as refused:
            if refused.status == 404:
                return {"counts": {}, "rates": {}, "recipients": None, "messages": 0}
            raise

    def wait_sent(self, campaign_id: str, *, show: Show = quiet, seconds: float = CAMPAIGN_SECONDS) -> dict[str, Any]:
        """Wait until every recipient was handed to the channel; raises when the campaign fails."""
        campaign = poll(
            lambda: self.campaign(campaign_id),
            lambda answer: answer["state"] in ("sent", "failed", "cancelled"),
            seconds=seconds,
            show=show,
        )
        if campaign["state"] != "sent":
            raise RuntimeError(f"the campaign {campaign['state']}: {campaign['failure']}")
        return campaign

    def wait_settled(
        self, campaign_id: str, *, unknown: bool = False, show: Show = quiet, seconds: float = CAMPAIGN_SECONDS
    ) -> dict[str, Any]:
        """Wait until reporting knows the end of every message.

        :param unknown: whether `unknown` is an end: after a crash, what was claimed and never handed over stays so.
        """
        return poll(
            lambda: self.report(campaign_id),
            lambda report: is_settled(report, unknown=unknown),
            seconds=seconds,
            show=show,
        )

    def messages(self, campaign_id: str) -> list[dict[str, Any]]:
        """The campaign's part of the message log."""
        return list(self.api.pages("/v1/messages", campaign_id=campaign_id, limit=1000))

    def received_sms(self, after: int = 0) -> list[dict[str, Any]]:
        """What the simulated carrier took, a record a part, in order of arrival."""
        return _all(self.simulators.smsc, "items", after)

    def received_mail(self, after: int = 0) -> list[dict[str, Any]]:
        """What the mailbox world accepted, in order of arrival."""
        return _all(self.simulators.mailbox, "messages", after)

    def read_mail(
        self, *, after: int = 0, opens: float = 0.4, clicks: float = 0.15, leave: float = 0.01
    ) -> dict[str, Any]:
        """People of the mailbox world open, click and unsubscribe; returns how many did what."""
        behaviour = {
            "open_share": opens,
            "click_share": clicks,
            "unsubscribe_share": leave,
            "after": after,
            "base_url": self.environ["WICI_PUBLIC_URL"],
        }
        return self.simulators.mailbox.post("/behave", behaviour)

    def wait_engagement(self, campaign_id: str, done: Mapping[str, int], *, seconds: float = 60) -> dict[str, Any]:
        """Wait until the report counts at least what people did."""
        names = {"opened": "opens", "clicked": "clicks", "unsubscribed": "unsubscribes"}
        return poll(
            lambda: self.report(campaign_id),
            lambda answer: all(answer["counts"].get(name, 0) >= done[deed] for deed, name in names.items()),
            seconds=seconds,
        )


FINAL = (
    "delivered", "undelivered", "expired", "rejected", "hard_bounced", "soft_bounced", "spam_bounced",
)  # fmt: skip


def final_count(report: Mapping[str, Any]) -> int:
    """Messages of a report that have come to an end."""
    return sum(report["counts"].get(state) or 0 for state in FINAL)


def is_settled(report: Mapping[str, Any], *, unknown: bool = False) -> bool:
    """Whether every recipient of the campaign has come to an end (`unknown` counts as one where it is said)."""
    ended = final_count(report) + (report["counts"].get("unknown") or 0 if unknown else 0)
    return bool(report["recipients"]) and ended >= report["recipients"]


def _all(simulator: Api, items: str, after: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := simulator.get("/messages", after=after + len(found), limit=5000)[items]:
        found += page
    return found
