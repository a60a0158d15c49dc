"""What an operator has set of a carrier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from chassis.public_addresses import Networks
from chassis.secrets import Vault
from sms_gateway.content.parts import LongForm
from sms_gateway.content.submission import Parameters
from sms_gateway.http_api.client import HttpLink, HttpLinkSettings
from sms_gateway.http_api.dialects import SMPP, dialect_of
from sms_gateway.http_api.meanings import STATUSES, Meaning
from sms_gateway.http_api.number_look_ups import LookUpSettings
from sms_gateway.http_api.requests import Access
from sms_gateway.models import Carrier
from sms_gateway.smpp.client import Link
from sms_gateway.smpp.constants import WordedStatus, code_of
from sms_gateway.smpp.ports import LinkSettings, Work
from sms_gateway.smpp.tls import Tls
from sms_gateway.store import carriers


@dataclass(frozen=True)
class CarrierSettings:
    """A carrier's row, with its password opened."""

    id: UUID
    name: str
    version: int
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    system_type: str
    bind_mode: str
    binds: int
    window: int
    rate: int
    tls: Tls | None
    long_form: LongForm
    receipt_ids: str
    response_timeout: int = 60
    parameters: Parameters = ()
    national_languages: frozenset[str] = frozenset()
    passed_on: frozenset[int] = frozenset()  # tags of what partners get with its receipts and messages from phones
    receipts_within: int | None = None  # seconds; None: nobody knows when they are late
    errors: Mapping[int, int] = field(default_factory=dict)  # statuses, and those that say what they mean
    look_up: LookUpSettings | None = None  # how it tells which network a number is with
    http: HttpLinkSettings | None = None  # then what is SMPP's says nothing

    def links(self, work: Work) -> list[Link] | list[HttpLink]:
        """Its binds; by HTTP one, which has many connections."""
        if self.http is not None:
            return [HttpLink(self.http, work)]
        return [Link(each, work) for each in self._binds()]

    def _binds(self) -> list[LinkSettings]:
        kinds = {"transceiver": ["transceiver"], "transmitter": ["transmitter"]}.get(
            self.bind_mode, ["transmitter", "receiver"]
        )
        return [
            LinkSettings(
                self.host, self.port, self.system_id, self.password, kind, self.system_type, self.window,
                self.tls, response_timeout=float(self.response_timeout),
            )
            for _ in range(self.binds)
            for kind in kinds
        ]  # fmt: skip


@dataclass(frozen=True)
class SettingsReader:
    """Reads rows of carriers.

    :param public_url: of the gateway, which carriers by HTTP report to.
    :param networks: that are not public, and where those carriers may be all the same.
    """

    vault: Vault
    public_url: str
    networks: Networks

    def of(self, row: Carrier) -> CarrierSettings:
        is_smpp = row.kind == SMPP
        return CarrierSettings(
            id=row.id, name=row.name, version=row.version, host=row.host, port=row.port, system_id=row.system_id,
            password=self.vault.decrypt(row.password).decode(), system_type=row.system_type, bind_mode=row.bind_mode,
            binds=row.binds, window=row.window, rate=row.rate, tls=carriers.tls(row, self.vault),
            long_form=LongForm(row.long_form) if is_smpp else LongForm.TEXT,
            receipt_ids=row.receipt_ids if is_smpp else "same", response_timeout=row.response_timeout,
            parameters=_parameters(row.parameters or {}), errors=_errors(row.errors or {}),
            passed_on=frozenset(int(tag, 16) for tag in row.passed_on),
            receipts_within=row.receipts_within, national_languages=frozenset(row.national_languages),
            http=None if is_smpp else self._http(row), look_up=None if is_smpp else self._look_up(row),
        )  # fmt: skip

    def _http(self, row: Carrier) -> HttpLinkSettings:
        return HttpLinkSettings(
            dialect_of(row.kind, row.http or {}), self._access(row), row.window, float(row.response_timeout),
            self.networks,
        )  # fmt: skip

    def _look_up(self, row: Carrier) -> LookUpSettings | None:
        given = (row.http or {}).get("look_up")
        return LookUpSettings.of(given, self._access(row), self.networks) if given else None

    def _access(self, row: Carrier) -> Access:
        token, secret = (carriers.secret(sealed, self.vault) for sealed in (row.token, row.hook_secret))
        hook_url = f"{self.public_url.rstrip('/')}/hooks/carriers/{row.name}" + (f"?secret={secret}" if secret else "")
        return Access((row.http or {}).get("account") or "", token or "", hook_url)


def _parameters(written: Mapping[str, str | None]) -> Parameters:
    return tuple((int(tag, 16), None if value is None else bytes.fromhex(value)) for tag, value in written.items())


def _errors(meanings: Mapping[str, str]) -> dict[int, int]:
    """What is rejected keeps the carrier's own code."""
    found: dict[int, int] = {}
    for code, word in meanings.items():
        status, meaning = int(code, 16), Meaning(word)
        meant = STATUSES[meaning]
        found[status] = WordedStatus.of(meant, code_of(status)) if meaning is Meaning.REJECT else meant
    return found
