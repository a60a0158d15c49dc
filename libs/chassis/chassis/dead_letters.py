"""Look into dead letters and replay them.

    python -m chassis.dead_letters list
    python -m chassis.dead_letters show QUEUE [--limit 10]
    python -m chassis.dead_letters replay QUEUE [--limit 1000]

`AMQP_URL` says where. QUEUE is the queue that failed, without `dead.`. A replayed message is confirmed in its queue
before it leaves the dead-letter queue, so a crash in between doubles it and never loses it; handlers may run twice.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

import pika
import pika.exceptions

from chassis.amqp import parameters_of
from chassis.renewal import move
from chassis.topology import dead_letters_of, event_queues
from contracts.lanes import ALL_LANES


def _known_queues(channel: Any) -> list[tuple[str, int]]:
    """The dead-letter queues that exist, of the lanes and of every event handler."""
    found = []
    for queue in [*ALL_LANES, *(queue for _event, queue in event_queues())]:
        try:
            declared = channel.connection.channel().queue_declare(dead_letters_of(queue), passive=True)
        except pika.exceptions.ChannelClosedByBroker:
            continue
        found.append((queue, declared.method.message_count))
    return found


def show(channel: Any, queue: str, limit: int) -> int:
    """Print the first messages, which stay where they are; returns how many."""
    shown, last_tag = 0, 0
    while shown < limit:
        method, properties, body = channel.basic_get(dead_letters_of(queue))
        if method is None:
            break
        shown, last_tag = shown + 1, method.delivery_tag
        deaths = (properties.headers or {}).get("x-death", [{}])
        reason = deaths[0].get("reason", "unknown") if deaths else "unknown"
        print(f"{shown}. reason={reason} bytes={len(body)}\n   {body[:500].decode('utf-8', 'replace')}")
    if last_tag:
        channel.basic_nack(last_tag, multiple=True, requeue=True)
    return shown


def replay(channel: Any, queue: str, limit: int) -> int:
    """Move messages back to the queue that they failed in; returns how many."""
    return move(channel, dead_letters_of(queue), queue, limit)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m chassis.dead_letters", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="dead-letter queues and how much lies in each")
    for name, limit in (("show", 10), ("replay", 1000)):
        command = commands.add_parser(name)
        command.add_argument("queue")
        command.add_argument("--limit", type=int, default=limit)
    options = parser.parse_args(arguments)
    url = os.environ.get("AMQP_URL")
    if not url:
        print("AMQP_URL is not set: the broker to look into", file=sys.stderr)
        return 2
    connection = pika.BlockingConnection(parameters_of(url))
    try:
        channel = connection.channel()
        if options.command == "list":
            for queue, count in _known_queues(channel):
                print(f"{count:8d}  {queue}")
        elif options.command == "show":
            print(f"{show(channel, options.queue, options.limit)} shown")
        else:
            print(f"{replay(channel, options.queue, options.limit)} replayed")
    except pika.exceptions.ChannelClosedByBroker as error:
        print(f"{options.queue}: {error.reply_text}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
