"""An account with sign-up forms, the strangers who fill them in, and the mails that they would get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from chassis.ids import new_id
from contacts.store import accounts as account_store
from contacts.store import people as people_store
from contacts.usecases import archive, confirmations, consents, forms, people, privacy, sign_ups
from contacts.usecases.forms import Owner
from contracts.contacts.forms import FormCreate, FormUpdate, SubmissionState
from contracts.contacts.people import ContactFields
from contracts.contacts.sign_ups import FormAnswers

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
AT_ONCE = timedelta()


class FormOwner:
    """One account's forms; `later` is how long after noon something happens."""

    def __init__(self, account: Any) -> None:
        self.account = account
        self.call = account.call

    def at(self, later: timedelta = AT_ONCE) -> datetime:
        return NOON + later

    def _run(self, usecase: Callable[..., Any], later: timedelta, actor: Any = None, **request: Any) -> Any:
        with self.account.database.transaction() as session:
            return usecase(session, actor=actor or self.account.actor, now=self.at(later), **request)

    def _owner(self, may_send: bool = True) -> Owner:
        return Owner(terms=replace(self.account.terms, name="sklepik"), may_send=may_send)

    def form(self, *, may_send: bool = True, **given: Any) -> Any:
        usual = {"name": "Newsletter", "consent_texts": {"pl": "Chcę dostawać wiadomości."}}
        usual["fields"] = [{"key": "first_name"}]  # type: ignore[assignment]
        return self.call(forms.create, owner=self._owner(may_send), **FormCreate().load({**usual, **given}))

    def change(self, form_id: UUID, **given: Any) -> Any:
        return self.call(forms.update, owner=self._owner(), form_id=form_id, **FormUpdate().load(given))

    def submit(
        self, form_id: UUID, *, consent: bool = True, consent_version: int | None = None, website: str = "",
        later: timedelta = AT_ONCE, only_to: list[str] | None = None, **answers: Any,
    ) -> Any:  # fmt: skip
        body = {"consent": consent, "consent_version": consent_version, "website": website}
        request = FormAnswers().load({**body, "fields": {"email": "ola@x.example", **answers}})
        stranger = {"address": "192.0.2.7"}
        return self._run(
            sign_ups.submit, later, stranger, form_id=form_id, only_to=only_to, user_agent="Firefox", **request
        )

    def look(self, token: str, *, later: timedelta = AT_ONCE) -> Any:
        return self._run(confirmations.look, later, {"address": "192.0.2.9"}, token=token)

    def confirm(self, token: str, *, later: timedelta = AT_ONCE, limit: int | None = None) -> Any:
        with self.account.database.transaction() as session:
            account_id = confirmations.account_of_link(session, token=token)
        return self._run(
            confirmations.confirm, later, {"address": "192.0.2.8"}, token=token, user_agent="Safari",
            account_id=account_id, limit=self.account.terms.limit if limit is None else limit,
        )  # fmt: skip

    def mails(self) -> list[dict[str, Any]]:
        """The confirmation mails asked for, in order."""
        with self.account.database.transaction() as session:
            rows = session.scalars(
                text("SELECT body FROM outbox WHERE routing_key = 'confirmation_mail_requested' ORDER BY position")
            ).all()
        asked = [orjson.loads(bytes(body)) for body in rows]
        return [mail for mail in asked if mail["account_id"] == str(self.account.id)]

    def tokens(self) -> list[str]:
        return [mail["token"] for mail in self.mails()]

    def submissions(self, form_id: UUID, *, state: str | None = None, later: timedelta = AT_ONCE) -> list[Any]:
        wanted = SubmissionState(state) if state else None
        page = self._run(forms.list_submissions, later, form_id=form_id, limit=100, cursor=None, state=wanted)
        return list(page["items"])

    def add_contact(self, email: str, **given: Any) -> UUID:
        request = ContactFields().load({"email": email, **given})
        return UUID(str(self.call(people.create, terms=self.account.terms, **request)["id"]))

    def contacts(self) -> list[Any]:
        return list(self.call(people.list_contacts, limit=100, cursor=None)["items"])

    def history(self, contact_id: UUID) -> list[Any]:
        return list(self.call(consents.list_consents, contact_id=contact_id)["items"])

    def archive(self, channel: str, address: str, reason: str) -> None:
        entry = {"id": new_id(), "address": address, "reason": reason}
        with self.account.database.transaction() as session:
            archive.archive(session, account_id=self.account.id, channel=channel, entries=[entry], source="test")

    def archived(self, address: str) -> list[Any]:
        found: list[Any] = []
        for restored in (False, True):
            page = self.call(archive.list_archive, limit=100, cursor=None, restored=restored, address=address)
            found += page["items"]
        return found

    def erase(self, *addresses: str) -> None:
        """Erase the people of these addresses."""
        for address in addresses:
            self.call(privacy.erase, **{"email" if "@" in address else "phone": address})

    def erased(self, *addresses: str) -> list[str]:
        """Those of the addresses that no list may bring back."""
        with self.account.database.transaction() as session:
            found = people_store.erased(session, account_id=self.account.id, addresses=addresses)
        return sorted(found)

    def close(self) -> None:
        """The account ends."""
        with self.account.database.transaction() as session:
            account_store.erase(session, account_id=self.account.id)

    def rows(self, table: str) -> int:
        with self.account.database.transaction() as session:
            return int(session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@pytest.fixture
def new_owner(new_account: Any) -> Callable[..., FormOwner]:
    return lambda limit=None: FormOwner(new_account(limit))


@pytest.fixture
def owner(new_owner: Callable[..., FormOwner]) -> FormOwner:
    return new_owner()
