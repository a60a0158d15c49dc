"""Which acts are told by mail, to whom and in which words; and which are not, because.

`user`: the user whom the act concerns; `owner`: the account's owner, where it is about rights or the whole account.
The words go into `account_act`, a template of email_gateway's, whose subject they are; acts with a `template` have a
text of their own there for their user.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Notice:
    """`{login}` in the words is the user whom the act concerns; other names are the act's details."""

    pl: str
    en: str
    user: bool = True
    owner: bool = False
    template: str | None = None

    def words(self, language: str, login: str, details: Mapping[str, object] | None = None) -> str:
        return (self.en if language.lower().startswith("en") else self.pl).format_map(
            {**(details or {}), "login": login}
        )


MAILED: Mapping[str, Notice] = {
    "user.created": Notice("Dodano użytkownika {login}", "The user {login} was added", owner=True),
    "user.blocked": Notice("Zablokowano użytkownika {login}", "The user {login} was blocked", owner=True),
    "user.unblocked": Notice("Odblokowano użytkownika {login}", "The user {login} was unblocked", owner=True),
    "user.deleted": Notice("Usunięto użytkownika {login}", "The user {login} was deleted", owner=True),
    "user.rights_set": Notice(
        "Zmieniono uprawnienia użytkownika {login}", "The rights of the user {login} were changed",
        owner=True, template="rights_changed",
    ),
    "role.changed": Notice(
        "Zmieniono uprawnienia roli, którą ktoś ma", "The permissions of a role that is held were changed",
        owner=True, template="rights_changed",
    ),
    "role.deleted": Notice(
        "Usunięto rolę, którą ktoś miał", "A role that was held was deleted", owner=True, template="rights_changed"
    ),
    "api_key.created": Notice(
        "Użytkownik {login} utworzył klucz API", "The user {login} made an API key",
        owner=True, template="api_key_created",
    ),
    "api_key.revoked": Notice(
        "Unieważniono klucz API użytkownika {login}", "An API key of the user {login} was revoked", owner=True
    ),
    "user.password_reset": Notice(
        "Hasło użytkownika {login} unieważniono; nowe ustawi odnośnik z wiadomości",
        "The password of the user {login} was made worthless; a link by mail sets a new one", owner=True,
    ),
    "user.sessions_ended": Notice(
        "Zakończono sesje użytkownika {login}", "Sessions of the user {login} were ended", owner=True
    ),
    "totp.codes_renewed": Notice(
        "Użytkownik {login} ma nowe kody zapasowe", "The user {login} has new recovery codes"
    ),
    "totp.turned_on": Notice("", "", template="second_factor_on"),
    "totp.turned_off": Notice("", "", template="second_factor_off"),
    "totp.reset": Notice(
        "Wyłączono drugi składnik użytkownika {login}, który go stracił",
        "The second factor of the user {login}, who had lost it, was turned off",
        owner=True, template="second_factor_reset",
    ),
    "account.security_set": Notice(
        "Zmieniono zasady drugiego składnika na koncie", "The account's rules of the second factor were changed",
        owner=True,
    ),
    "account.ip_rules_set": Notice(
        "Zmieniono reguły IP konta", "The account's IP rules were changed", owner=True, template="ip_rules_changed"
    ),
    "account.ip_rules_reset": Notice(
        "Operator platformy zdjął reguły IP konta", "The platform's operator took away the account's IP rules",
        user=False, owner=True,
    ),
    "password.changed": Notice("Zmieniono hasło użytkownika {login}", "The password of the user {login} was changed"),
    "password.reset": Notice(
        "Ustawiono nowe hasło użytkownika {login} przez odnośnik z wiadomości",
        "A new password of the user {login} was set by a link from a mail",
    ),
    "email.changed": Notice("", "", template="email_changed"),
    "account.closure_requested": Notice(
        "Poproszono o zamknięcie konta", "The account is asked to be closed", owner=True
    ),
    "account.closure_withdrawn": Notice(
        "Wycofano prośbę o zamknięcie konta", "The wish to close the account was withdrawn", owner=True
    ),
    "invitation.accepted": Notice(
        "Użytkownik {login} przyjął zaproszenie", "The user {login} accepted the invitation", user=False, owner=True
    ),
    "webhook.paused": Notice(
        "Wstrzymano webhook: jego adres od dawna nie odpowiada albo odpowiedział 410",
        "A webhook was paused: its address has not answered for days, or answered 410", user=False, owner=True,
    ),
    "webhook_url.not_taken": Notice(
        "Adres z `webhook_url` wysyłki nie został powiadomiony: konto ma w użyciu tyle adresów, ile może",
        "The `webhook_url` of a send was told nothing: the account has as many addresses in use as it may",
        user=False, owner=True,
    ),
    "sms_range.held": Notice(
        "Wstrzymano SMS-y do zakresu numerów: poszło tam naraz tyle pojedynczych wiadomości, że wygląda to na nadużycie"
        " formularza; zdecyduje operator",
        "SMS to a range of numbers are held: so many single messages went there at once that a form seems to be abused;"
        " an operator decides", user=False, owner=True,
    ),
    "sender_domain.records_lost": Notice(
        "Domena {domain} nie ma już wszystkich wpisów DNS: jeśli nie wrócą, za trzy dni kampanie e-mail z niej staną",
        "DNS records of the domain {domain} are gone: unless they come back, its e-mail campaigns stop in three days",
        user=False, owner=True, template="sender_domain_lost",
    ),
    "sender_domain.stopped": Notice(
        "Kampanie e-mail z domeny {domain} stoją, dopóki nie wrócą jej wpisy DNS",
        "E-mail campaigns from the domain {domain} have stopped until its DNS records are back",
        user=False, owner=True, template="sender_domain_stopped",
    ),
    "sender_domain.records_found": Notice(
        "Wpisy DNS domeny {domain} wróciły: kampanie e-mail z niej wychodzą bez przeszkód",
        "The DNS records of the domain {domain} are back: nothing keeps its e-mail campaigns any more",
        user=False, owner=True, template="sender_domain_found",
    ),
}  # fmt: skip
# What other services tell of (`audit.add_act`); the rest are identity's own acts.
OF_OTHERS = (
    "webhook.paused", "webhook_url.not_taken", "sms_range.held", "sender_domain.records_lost", "sender_domain.stopped",
    "sender_domain.records_found",
)  # fmt: skip
NOT_MAILED: Mapping[str, str] = {
    "api_key.renamed": "a name",
    "api_key.rotated": "the new key is `api_key.created`; the old one ends",
    "account.registered": "the mail that confirms the address says so",
    "account.changed": "opens no door",
    "account.closed": "nobody is left to tell, by the account's own wish",
    "account.plan_set": "about money, not doors: invoices say so",
    "account.vat_number_set": "about money, not doors",
    "account.trial_ended": "gives, and takes nothing",
    "account.suspended": "whoever comes is told, with the right secrets alone",
    "account.suspension_lifted": "whoever comes sees it",
    "email.change_requested": "the mail that confirms the address says so; the old one is told once it changes",
    "operator.added": "by whoever has the platform's shell",
    "operator.reset": "by whoever has the platform's shell",
    "operator.disabled": "by whoever has the platform's shell",
    "operator.unlocked": "by whoever has the platform's shell",
    "operator.session_opened": "stands in the operators' trail",
    "password.reset_requested": "the mail with the link says so",
    "role.created": "a role that nobody holds opens no door; giving it is `user.rights_set`",
    "session.opened": "a log-in from a device and network that are new is mailed by itself (`new_device`)",
    "session.proved": "shows the password or a code, and opens no door by itself",
    "session.ended": "ends access, of the user's own session",
    "session.refresh_reused": "ends the session; the next log-in is mailed if it comes from elsewhere",
    "trial_number.code_sent": "the code says so",
    "trial_number.confirmed": "gives a number of the account's own",
    "trial_number.deleted": "takes a number of the account's own",
    "user.invited": "the mail with the link says so",
    "user.changed": "a name or language; blocking is `user.blocked`",
    "plan.created": "the operators' own", "plan.changed": "the operators' own",
    "invoice.issued": "about money, not doors", "invoice.corrected": "about money, not doors",
    "invoice.paid": "about money, not doors", "invoice.cancelled": "about money, not doors",
    "invoice.duplicate_issued": "about money, not doors",
}  # fmt: skip
