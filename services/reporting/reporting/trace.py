"""What became of one message, gathered from everywhere: `python -m reporting.trace MESSAGE_ID`.

The message log with its time line (here), the channel's own ledger and the campaign's progress (asked by RPC), and the
lines of every process's log that tell of the message, of its batch or of its send, in order of time. It shows ids,
states and counts, and no address and no text. Run it where reporting's settings are; `--logs` is a folder of
JSON lines, by default the local system's.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from chassis import seals
from chassis.broker import Broker
from chassis.config import ConfigError, load, setting
from chassis.database import Database, make_engine
from chassis.rpc_client import RpcClient
from contracts.channel import CHANNELS
from contracts.errors import WiciError
from contracts.vocabulary import Channel
from reporting.domain import tracing
from reporting.domain.tracing import Traced, is_about, is_near
from reporting.store import stories
from reporting.usecases import views

DEADLINE = 5.0
# Of the log's and the ledger's fields, those that name nobody and quote nothing.
SHOWN = ("channel", "state", "code", "parts", "campaign_id", "created_at", "submitted_at", "attempts")
_ASKED = Callable[[str, Mapping[str, Any]], Any]


@dataclass(frozen=True, kw_only=True)
class Config:
    database_url: str = setting("REPORTING_DATABASE_URL", secret=True)
    amqp_url: str = setting("REPORTING_AMQP_URL", default="", secret=True)
    own_amqp_url: str = setting("AMQP_URL", default="", secret=True)
    run: str = setting("WICI_RUN", default="")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m reporting.trace", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("message_id", type=UUID)
    parser.add_argument("--logs", type=Path, help="folder of logs, a JSON object a line")
    options = parser.parse_args(arguments)
    try:
        config = load(Config, os.environ)
        database = Database(make_engine(config.database_url, pool_size=1, application_name="reporting-trace"))
        folder = options.logs or (Path(config.run) / "log" if config.run else None)
        broker = Broker(config.amqp_url or config.own_amqp_url, "reporting.trace").start()
        try:
            client = RpcClient(broker, seals.passed_on)
            found = _tell(options.message_id, database, lambda name, body: _ask(client, name, body), folder)
        finally:
            broker.close()
    except (ConfigError, OperationalError, WiciError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0 if found else 1


def _tell(message_id: UUID, database: Database, ask: _ASKED, logs: Path | None) -> bool:
    """Print all that is known; returns whether anything is."""
    story = _story(database, message_id)
    account_id = story["account_id"] if story else None
    _say("log", _shown(story) if story else "reporting knows of no such message")
    for moment in story["timeline"] if story else ():
        _say("  at", f"{moment['at'].isoformat()} {moment['kind']} {moment.get('code') or ''}".rstrip())
    channels = [story["channel"]] if story else list(CHANNELS)
    for channel in channels if account_id else ():
        _say("ledger", ask(CHANNELS[Channel(channel)].call("get_message"), {"account": account_id, "id": message_id}))
    campaign_id = story["campaign_id"] if story else None
    if campaign_id:
        asked = {"account": account_id, "campaign": campaign_id}
        _say("campaign", ask("campaigns.get_progress", asked))
    if logs is None:
        _say("logs", "none given: --logs FOLDER, or look for the trace id where they are collected")
        return story is not None
    traced = Traced(message_id, campaign_id and str(campaign_id))
    for line in _lines(logs, tracing.TEACHING):  # first whose it is: its send, its batch, its request
        traced.learn(line)
    moments = [moment["at"] for moment in story["timeline"]] if story else []
    told = (line for line in _lines(logs, traced.ids()) if is_about(traced, line) and is_near(line, moments))
    about = sorted(told, key=lambda line: str(line["timestamp"]))
    _say("known as", f"trace {traced.trace_id or '?'}, send {traced.send_id or '?'}, batch {traced.batch_id or '-'}")
    for line in about:
        _say(f"{line['timestamp']} {line.get('service')}.{line.get('process')}", _of_line(traced, line))
    return story is not None or bool(about)


def _story(database: Database, message_id: UUID) -> dict[str, Any] | None:
    with database.transaction() as session:
        account = text("SELECT account_id FROM messages WHERE message_id = :message")
        account_id = session.scalar(account, {"message": message_id})
        if account_id is None:
            return None
        row = stories.find(session, account_id=account_id, message_id=message_id)
        if row is None:
            return None
        history, engagements = (
            read(session, message_ids=[message_id]) for read in (stories.histories, stories.engagements)
        )
        return {**views.story(row, history, engagements), "account_id": account_id}


def _ask(client: RpcClient, name: str, body: Mapping[str, Any]) -> str:
    """One service's word in a line; that it does not answer is an answer too."""
    actor: dict[str, Any] = {"account_id": str(body["account"]), "service": "reporting"}
    payload = {"message_id": str(body["id"])} if "id" in body else {"campaign_id": str(body["campaign"])}
    try:
        answer = client.call(name, actor, payload, deadline=DEADLINE)
    except WiciError as error:
        return f"{name}: {error.code}"
    except Exception as error:
        return f"{name}: {type(error).__name__}"
    return f"{name}: {_shown(answer) if 'id' in body else orjson.dumps(answer, default=str).decode()}"


def _shown(fields: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={fields[name]}" for name in SHOWN if fields.get(name) is not None)


def _lines(folder: Path, words: Collection[str]) -> Iterator[dict[str, Any]]:
    """The lines of every log that are a JSON object and have one of the words; rotated ones too.

    Of a day's logs next to none have: only those are parsed.
    """
    has_one = re.compile(b"|".join(re.escape(word.encode()) for word in words)).search
    for path in sorted(folder.glob("*.log*")):
        with path.open("rb") as log:
            for raw in log:
                if raw.startswith(b"{") and has_one(raw):
                    try:
                        line = orjson.loads(raw)
                    except orjson.JSONDecodeError:
                        continue  # cut off in its middle when its process was killed
                    if isinstance(line, dict) and "timestamp" in line:
                        yield line


def _of_line(traced: Traced, line: Mapping[str, Any]) -> str:
    told = {
        name: value
        for name, value in line.items()
        if name not in ("timestamp", "service", "process", "level", "event", "trace_id", "account_id")
    }
    if isinstance(told.get("sends"), list):
        told["sends"] = [each for each in told["sends"] if traced.is_send(each.get("send_id"))]
    if isinstance(told.get("messages"), dict):
        told["messages"] = told["messages"].get(str(traced.message_id))
    elif isinstance(told.get("messages"), list):
        told.pop("messages")
    return f"{line['event']} {orjson.dumps(told, default=str).decode()}"


def _say(what: str, words: Any) -> None:
    sys.stdout.write(f"{what:<12} {words}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
