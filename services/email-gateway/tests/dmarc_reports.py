"""DMARC aggregate reports as receivers send them."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from email.policy import SMTP

RECORD = """<record><row><source_ip>{ip}</source_ip><count>{count}</count><policy_evaluated>
<disposition>{disposition}</disposition><dkim>{dkim}</dkim><spf>fail</spf></policy_evaluated></row>
<identifiers><header_from>{domain}</header_from></identifiers></record>"""


def xml(*records: str, namespace: str = "") -> bytes:
    return (
        f'<?xml version="1.0"?><feedback{namespace}><report_metadata><org_name>google.com</org_name>'
        "<report_id>17</report_id><date_range><begin>1764460800</begin><end>1764547199</end></date_range>"
        f"</report_metadata><policy_published><domain>sklep.example</domain></policy_published>{''.join(records)}</feedback>"
    ).encode()


def record(ip: str = "192.0.2.1", count: object = 3, domain: str = "Sklep.example", dkim: str = "pass") -> str:
    return RECORD.format(ip=ip, count=count, domain=domain, dkim=dkim, disposition="none")


def zipped(octets: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.xml", octets)
    return packed.getvalue()


def mail(octets: bytes, kind: str = "application/octet-stream") -> bytes:
    made = EmailMessage()
    made["From"], made["Subject"] = "noreply@google.com", "Report Domain: sklep.example"
    made.set_content("This is a DMARC report.")
    made.add_attachment(octets, *kind.split("/"), filename="report")
    return made.as_bytes(policy=SMTP)
