"""What one request to a provider costs the client: CPU µs a request, over TLS and HTTP/2 as in production, and in clear text.

    .venv/bin/python bench/provider_client.py [--requests 5000] [--at-once 50] [--profile]

The server is a process of its own (`wici_simulators.http_server` behind TLS with ALPN); only the client's
`time.process_time` is told, so that a busy machine changes it little.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import datetime
import ipaddress
import pstats
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BODY = {
    "messaging_product": "whatsapp", "recipient_type": "individual", "to": "48600100200",
    "biz_opaque_callback_data": "0193587a-3e1c-7c4e-9d3a-4f0d2f7a1d02", "type": "template",
    "template": {"name": "parcel_here", "language": {"policy": "deterministic", "code": "pl"}},
}  # fmt: skip


def certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return paths


async def serve(folder: Path, delay: float) -> None:
    """Prints the ports: in clear text, and over TLS."""
    from wici_simulators.http_messages import Response
    from wici_simulators.http_server import Connection

    answer = Response(200, b'{"messages":[{"id":"wamid.A"}]}', {"content-type": "application/json"})
    providers: Any = SimpleNamespace(settings=SimpleNamespace(delay=delay), answer=lambda _request, _origin: answer)

    async def on_connection(reader: Any, writer: Any) -> None:
        await Connection(providers, reader, writer).run()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.set_alpn_protocols(["h2", "http/1.1"])
    servers = [
        await asyncio.start_server(on_connection, "127.0.0.1", 0, backlog=1024),
        await asyncio.start_server(on_connection, "127.0.0.1", 0, backlog=1024, ssl=context),
    ]
    print(*(one.sockets[0].getsockname()[1] for one in servers), flush=True)
    await asyncio.Event().wait()


async def ask(origin: str, requests: int, at_once: int, folder: Path, profile: bool) -> float:
    """CPU µs a request."""
    from channel.providers import http

    client = http.new_client(20.0, verify=ssl.create_default_context(cafile=str(folder / "cert.pem")))
    places, headers = asyncio.Semaphore(at_once), {"Authorization": "Bearer EAA-of-a-test"}

    async def one() -> None:
        async with places:
            response = await client.post(f"{origin}/v23.0/1/messages", json=BODY, headers=headers)
            assert response.json()["messages"]

    await asyncio.gather(*(one() for _ in range(at_once * 2)))  # connections are there
    profiler = cProfile.Profile()
    began = time.process_time()
    if profile:
        profiler.enable()
    await asyncio.gather(*(one() for _ in range(requests)))
    profiler.disable()
    spent = time.process_time() - began
    await client.aclose()
    if profile:
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)
    return spent / requests * 1e6


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=5_000)
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--delay", type=float, default=0.01)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--serve", type=Path)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve(given.serve, given.delay))
        return
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        certificate(folder)
        command = [sys.executable, __file__, "--serve", made, "--delay", str(given.delay)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        try:
            clear, tls = server.stdout.readline().split()
            for name, origin in (
                ("clear text", f"http://127.0.0.1:{clear}"),
                ("TLS, HTTP/2", f"https://127.0.0.1:{tls}"),
            ):
                spent = asyncio.run(ask(origin, given.requests, given.at_once, folder, given.profile))
                print(f"{name}: {spent:.0f} µs of CPU a request ({given.requests} requests, {given.at_once} at once)")
        finally:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main()
