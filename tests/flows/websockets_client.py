"""A client of another author: python3-websockets of Debian, which checks each frame that it gets. Run by
websockets_test.py with the system's Python, for which that package is; prints what it saw as JSON."""

import asyncio
import json
import ssl
import sys

import websockets

PORT, AUTHORITY, NAME = int(sys.argv[1]), sys.argv[2], sys.argv[3]
LIMIT = float(sys.argv[4])   # seconds for each answer

OPTIONS = "\r\n".join([
    f"OPTIONS sip:{NAME} SIP/2.0", "Via: SIP/2.0/WSS x.invalid;branch=z9hG4bKweb", f"From: <sip:a@{NAME}>;tag=1",
    f"To: <sip:{NAME}>", "Call-ID: web", "Subject: grüße", "CSeq: 1 OPTIONS", "Max-Forwards: 70", "", ""])


def connect(**options):
    context = ssl.create_default_context(cafile=AUTHORITY)
    return websockets.connect(f"wss://127.0.0.1:{PORT}/", ssl=context, server_hostname=NAME,
                              **{"origin": f"https://{NAME}", "subprotocols": ["xmpp", "sip"], **options})


async def answer(connection) -> str:
    message = await asyncio.wait_for(connection.recv(), LIMIT)
    return f"{type(message).__name__} {message.split(chr(13))[0]}" if isinstance(message, str) else "bytes"


async def fragments(connection, with_pings: bool):
    for at in range(0, len(OPTIONS), 9):
        yield OPTIONS[at:at + 9]
        if with_pings:
            await asyncio.wait_for(await connection.ping(), LIMIT)   # answered in the middle of the message


async def exchanges() -> dict:
    async with connect() as connection:
        seen = {"subprotocol": connection.subprotocol, "extensions": len(connection.extensions)}
        await connection.send(OPTIONS)
        seen["text"] = await answer(connection)
        await connection.send(OPTIONS.encode())
        seen["binary"] = await answer(connection)
        await connection.send(fragments(connection, False))
        seen["fragments"] = await answer(connection)
        await connection.send(fragments(connection, True))
        seen["fragments and pings"] = await answer(connection)
        await connection.close(4000, "tschüß")
        return seen | {"close": connection.close_code}


async def ended_with(*messages) -> int:
    """What the server says when it gives up."""
    async with connect() as connection:
        for message in messages:
            await connection.send(message)
        await asyncio.wait_for(connection.wait_closed(), LIMIT)
        return connection.close_code


async def refused(**options) -> int:
    try:
        async with connect(**options):
            return 101
    except websockets.InvalidStatusCode as refusal:
        return refusal.status_code


async def main() -> None:
    print(json.dumps({
        "exchanges": await exchanges(),
        "too big": await ended_with("a" * 200_000),
        "too big in fragments": await ended_with(iter(["a" * 60_000] * 3)),
        "not SIP": await ended_with("hello"),
        "no UTF-8": await ended_with(b"\xff\xfe"),
        "without sip": await refused(subprotocols=["xmpp"]),
        "from elsewhere": await refused(origin="https://example.net")}))


asyncio.run(main())
