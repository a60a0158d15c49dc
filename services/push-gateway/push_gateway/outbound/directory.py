"""Applications with their credentials, and the devices of recipients: what the sending asks the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

from channel.providers.google import ServiceAccount
from channel.providers.known import Known
from chassis.database import Database, Session, cursor_of
from chassis.secrets import Vault
from contracts.push_gateway.addresses import TOPIC
from contracts.push_gateway.devices import Platform
from push_gateway.batches import Target
from push_gateway.models import Application
from push_gateway.store import applications, devices
from push_gateway.wires.apns import ApnsAccount
from push_gateway.wires.web import WebAccount


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an application can reach: None where it has not set a platform up."""

    application_id: UUID
    fcm: ServiceAccount | None
    apns: ApnsAccount | None
    web: WebAccount

    def whom(self, target: Target) -> Hashable:
        """Whom a request to the device asks, for what a refusal of all holds: other credentials are another matter."""
        if target.platform == Platform.WEB:
            return self.application_id, urlsplit(target.token).netloc
        return self.application_id, self.fcm if target.platform == Platform.FCM else self.apns


class Directory:
    """Called on threads.

    :param contact: the e-mail address that push services of browsers are given where an application has none.
    """

    def __init__(self, database: Database, vault: Vault, contact: str) -> None:
        self._database, self._vault, self._contact = database, vault, contact
        self._known = Known[Credentials]()

    def look_up(
        self, account_id: str, sender: str, addresses: Collection[str]
    ) -> tuple[Credentials | None, Mapping[str, list[Target]]]:
        """The application of that name, None where it is gone, and the devices at each address."""
        with self._database.transaction() as session:
            credentials = self._known.get(account_id, sender, lambda: self._credentials(session, account_id, sender))
            if credentials is None:
                return None, {}
            targets: dict[str, list[Target]] = defaultdict(list)
            for address in addresses:
                if address.startswith(TOPIC):
                    targets[address].append(Target(None, Platform.FCM, address.removeprefix(TOPIC)))
            ids = [address for address in addresses if not address.startswith(TOPIC)]
            rows = devices.with_addresses(cursor_of(session), account_id, credentials.application_id, ids)
        for address, *columns in rows:
            targets[address].append(Target(*columns))
        return credentials, targets

    def _credentials(self, session: Session, account_id: str, sender: str) -> Credentials | None:
        row = applications.named(session, UUID(account_id), sender)
        return None if row is None else self._opened(row)

    def _opened(self, row: Application) -> Credentials:
        fcm = row.fcm and ServiceAccount(**row.fcm, private_key=self._vault.decrypt(row.fcm_key or b""))
        apns = row.apns and ApnsAccount(**row.apns, private_key=self._vault.decrypt(row.apns_key or b""))
        subject = f"mailto:{row.web_contact or self._contact}"
        return Credentials(row.id, fcm or None, apns or None, WebAccount(self._vault.decrypt(row.vapid_pem), subject))
