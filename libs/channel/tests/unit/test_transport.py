"""The connections of a provider's client: as many as there are places, whatever pools they are in."""

from __future__ import annotations

import asyncio

from channel.providers.http import CONNECTIONS, new_client
from channel.testing_peers import Connection, RawProvider

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def test_all_places_are_asked_at_once_and_the_next_requests_find_their_connections() -> None:
    async def run() -> tuple[int, list[int]]:
        everybody = asyncio.Barrier(CONNECTIONS)

        async def together(connection: Connection) -> None:
            while True:
                await connection.request()
                await everybody.wait()
                await connection.say(ANSWER)

        async with RawProvider(together) as provider:
            client = new_client(20.0)
            answers = [
                await asyncio.gather(*(client.post(provider.url, json={}) for _ in range(CONNECTIONS)))
                for _ in range(2)
            ]
            await client.aclose()
            return provider.connections, [one.status_code for of_a_round in answers for one in of_a_round]

    connections, statuses = asyncio.run(run())

    assert connections == CONNECTIONS
    assert statuses == [200] * (2 * CONNECTIONS)
