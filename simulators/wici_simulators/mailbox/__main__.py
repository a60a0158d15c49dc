"""`python -m wici_simulators.mailbox [--host] [--smtp-port] [--http-port] [--certificate PEM]`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import ssl

from wici_simulators.mailbox.box import Box
from wici_simulators.mailbox.http import Pages
from wici_simulators.mailbox.rules import Settings
from wici_simulators.mailbox.smtp import Receiver


async def serve(arguments: argparse.Namespace) -> None:
    """Run both servers until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    box = Box(Settings().changed({"keep_raw": arguments.keep_raw}))
    tls = None
    if arguments.certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(arguments.certificate)
    smtp = await loop.create_server(lambda: Receiver(box, tls), arguments.host, arguments.smtp_port, backlog=1024)
    http = await asyncio.start_server(Pages(box).serve, arguments.host, arguments.http_port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    print(  # noqa: T201
        f"mailbox world: SMTP {arguments.host}:{arguments.smtp_port}, HTTP {arguments.host}:{arguments.http_port}",
        flush=True,
    )
    await stop.wait()
    smtp.close()
    http.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m wici_simulators.mailbox", description="A world of mailboxes.")
    parser.add_argument("--host", default=os.environ.get("MAILBOX_HOST", "127.0.0.1"))
    parser.add_argument(
        "--port", "--smtp-port", dest="smtp_port", type=int, default=int(os.environ.get("MAILBOX_SMTP_PORT", "12525"))
    )
    parser.add_argument("--http-port", type=int, default=int(os.environ.get("MAILBOX_HTTP_PORT", "12580")))
    parser.add_argument("--keep-raw", type=int, default=1000, help="how many whole mails to keep")
    parser.add_argument("--certificate", help="PEM with certificate and key: offer STARTTLS")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
