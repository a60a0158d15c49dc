"""The words and numbers of reports on paper, in Polish and English."""

from __future__ import annotations

from datetime import datetime
from typing import Any

FIXED_SPACE = "\u00a0"
LANGUAGES = ("pl", "en")

_WORDS: dict[str, tuple[str, str]] = {
    "report": ("Raport kampanii", "Campaign report"),
    "page": ("Strona {number} z {count}", "Page {number} of {count}"),
    "printed": ("Stan na {at}", "As of {at}"),
    "email": ("E-mail", "E-mail"),
    "sms": ("SMS", "SMS"),
    "push": ("Push", "Push"),
    "whatsapp": ("WhatsApp", "WhatsApp"),
    "viber": ("Viber", "Viber"),
    "rcs": ("RCS", "RCS"),
    "started": ("Start: {at}", "Started: {at}"),
    "not_started": ("Jeszcze nie rozpoczęta", "Not started yet"),
    "recipients": ("Odbiorcy: {number}", "Recipients: {number}"),
    "sent": ("Wysłane", "Sent"),
    "submitted": ("Wysłane", "Sent"),
    "delivered": ("Dostarczone", "Delivered"),
    "unique_opens": ("Otworzyło (OR)", "Opened (OR)"),
    "unique_clicks": ("Kliknęło (CTR)", "Clicked (CTR)"),
    "read": ("Przeczytane", "Read"),
    "unique_taps": ("Dotknięte", "Tapped"),
    "click_to_open": ("Kliki z otwarć (CTOR)", "Clicks of opens (CTOR)"),
    "bounced": ("Odbicia", "Bounced"),
    "unsubscribes": ("Wypisania", "Unsubscribed"),
    "complaints": ("Skargi", "Complaints"),
    "failed": ("Niedostarczone", "Not delivered"),
    "left_out": ("Pominięci", "Left out"),
    "why_hard_bounced": ("adres nie istnieje", "no such address"),
    "why_soft_bounced": ("skrzynka nie przyjęła", "mailbox did not take it"),
    "why_spam_bounced": ("odrzucone jako spam", "refused as spam"),
    "why_undelivered": ("sieć nie doręczyła", "not delivered by the network"),
    "why_expired": ("upłynął czas", "out of time"),
    "why_rejected": ("odrzucone przed wysyłką", "refused before it left"),
    "why_unknown": ("bez odpowiedzi", "no answer"),
    "why_archived": ("w archiwum", "in the archive"),
    "why_erased": ("usunięci na żądanie", "erased on request"),
    "why_withdrawn": ("bez zgody", "no consent"),
    "why_deleted": ("usunięte kontakty", "contacts deleted"),
    "why_changed": ("inny adres", "another address"),
    "why_capped": ("limit częstotliwości", "frequency cap"),
    "why_reached": ("dotarło wcześniej", "reached before"),
    "awaiting": ("W drodze", "Under way"),
    "parts": ("Części SMS", "SMS parts"),
    "cost": ("Koszt", "Cost"),
    "outcome": ("Co się stało z wiadomościami", "What became of the messages"),
    "by_hour": ("Otwarcia i kliknięcia w kolejnych godzinach", "Opens and clicks hour by hour"),
    "by_hour_sms": ("Dostarczenia i kliknięcia w kolejnych godzinach", "Deliveries and clicks hour by hour"),
    "opens": ("Otwarcia", "Opens"),
    "clicks": ("Kliknięcia", "Clicks"),
    "providers": ("Dostawcy skrzynek", "Mailbox providers"),
    "provider": ("Dostawca", "Provider"),
    "domains": ("Domeny odbiorców", "Recipients' domains"),
    "networks": ("Sieci odbiorców", "Recipients' networks"),
    "domain": ("Domena", "Domain"),
    "network": ("Sieć", "Network"),
    "links": ("Linki", "Links"),
    "link": ("Link", "Link"),
    "people": ("Osoby", "People"),
    "devices": ("Urządzenia", "Devices"),
    "device": ("Urządzenie", "Device"),
    "programs": ("Programy pocztowe i przeglądarki", "Mail programs and browsers"),
    "program": ("Program", "Program"),
    "gmail": ("Gmail", "Gmail"),
    "wp": ("WP", "WP"),
    "gmx": ("GMX", "GMX"),
    "yahoo": ("Yahoo", "Yahoo"),
    "outlook": ("Outlook", "Outlook"),
    "thunderbird": ("Thunderbird", "Thunderbird"),
    "apple_mail": ("Apple Mail", "Apple Mail"),
    "edge": ("Edge", "Edge"),
    "opera": ("Opera", "Opera"),
    "samsung_internet": ("Samsung Internet", "Samsung Internet"),
    "firefox": ("Firefox", "Firefox"),
    "chrome": ("Chrome", "Chrome"),
    "safari": ("Safari", "Safari"),
    "desktop": ("Komputer", "Desktop"),
    "mobile": ("Telefon", "Mobile"),
    "tablet": ("Tablet", "Tablet"),
    "bot": ("Automat", "Bot"),
    "unknown": ("Nieznane", "Unknown"),
    "other": ("Pozostałe", "Others"),
    "hours_each": ("słupek: {hours} godz., {zone}", "a bar: {hours} h, {zone}"),
    "machines": (
        "Otwarcia i kliknięcia automatów (skanery, podgląd w programach) są liczone osobno: {opens} i {clicks}.",
        "Opens and clicks of machines (scanners, previews of mail programs) are counted apart: {opens} and {clicks}.",
    ),
    "draft": ("szkic", "draft"),
    "scheduled": ("zaplanowana", "scheduled"),
    "sending": ("w wysyłce", "sending"),
    "paused": ("wstrzymana", "paused"),
    "state_sent": ("wysłana", "sent"),
    "cancelled": ("anulowana", "cancelled"),
    "state_failed": ("nieudana", "failed"),
}


class Words:
    """:param language: `pl` or `en`."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "en"
        self._place = LANGUAGES.index(self.language)

    def __call__(self, name: str, **values: Any) -> str:
        written = _WORDS[name][self._place]
        return written.format(**values) if values else written

    def word_or(self, name: str, default: str) -> str:
        return _WORDS[name][self._place] if name in _WORDS else default

    def number(self, amount: int) -> str:
        grouped = f"{amount:,}"
        return grouped.replace(",", FIXED_SPACE) if self.language == "pl" else grouped

    def percent(self, rate: float | None) -> str:
        if rate is None:
            return "–"
        # What is there is never shown as nothing: 12 complaints of 119,400 are 0.01 %.
        shown = f"{100 * rate:.{2 if 0 < rate < 0.001 else 1}f}"
        return f"{shown.replace('.', ',')}{FIXED_SPACE}%" if self.language == "pl" else f"{shown}%"

    def money(self, cost: dict[str, Any]) -> str:
        whole, part = divmod(cost["amount"], 100)
        mark = "," if self.language == "pl" else "."
        return f"{self.number(whole)}{mark}{part:02d}{FIXED_SPACE}{cost['currency']}"

    def moment(self, at: datetime) -> str:
        return f"{at:%d.%m.%Y, %H:%M}" if self.language == "pl" else f"{at:%d %b %Y, %H:%M}"
