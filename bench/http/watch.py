"""Many watchers of a run's log: does each get every entry, how soon, and what do they cost the server."""

import asyncio
import json
import re
import time
from datetime import datetime

EVENT = re.compile(rb"id: (\d+)\nevent: [^\n]*\ndata: ([^\n]*)\n\n")


class Watcher(asyncio.Protocol):
    """One connection that reads server-sent events out of an answer in chunks (RFC 9112, 7.1)."""

    def __init__(self, request):
        self.request = request
        self.begun = asyncio.get_running_loop().create_future()
        self.ended = asyncio.get_running_loop().create_future()
        self.raw = bytearray()
        self.text = bytearray()
        self.events = []
        self.whole = False

    def connection_made(self, transport):
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data):
        now = time.time()
        self.raw += data
        if not self.begun.done():
            end = self.raw.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self.raw.startswith(b"HTTP/1.1 200"):
                self.begun.set_exception(RuntimeError(bytes(self.raw[:200]).decode(errors="replace")))
                return
            del self.raw[: end + 4]
            self.begun.set_result(True)
        while (end := self.raw.find(b"\r\n")) >= 0:
            size = int(self.raw[:end], 16)
            if len(self.raw) < end + size + 4:
                break
            self.text += self.raw[end + 2 : end + 2 + size]
            del self.raw[: end + size + 4]
            if size == 0:
                self.whole = True
                self.transport.close()
                break
        last = 0
        for found in EVENT.finditer(self.text):
            self.events.append((int(found[1]), now, found[2]))
            last = found.end()
        del self.text[:last]

    def connection_lost(self, error):
        if not self.begun.done():
            self.begun.set_exception(error or RuntimeError("the server closed the connection"))
        if not self.ended.done():
            self.ended.set_result(error)


def instant(text):
    return datetime.fromisoformat(text).timestamp()


async def watch(server, path, number, at_once=100):
    """Opens that many streams."""
    head = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {server.secret}\r\naccept: text/event-stream\r\n\r\n"
    loop, watchers = asyncio.get_running_loop(), []
    for _ in range(0, number, at_once):
        made = await asyncio.gather(
            *(loop.create_connection(lambda: Watcher(head.encode()), "127.0.0.1", server.port) for _ in range(at_once))
        )
        some = [protocol for _, protocol in made]
        await asyncio.gather(*(w.begun for w in some))
        watchers += some
    return watchers


async def measure(server, number, start, patience):
    """Watches the run that `start` starts until it ends; the figures."""
    before = server.memory()
    run = start()["id"]
    path = f"/api/v1/runs/{run}/events"
    began = time.monotonic()
    watchers = await watch(server, path, number)
    connected, connected_at = time.monotonic() - began, time.time()
    memory = server.memory()
    done, left = await asyncio.wait([w.ended for w in watchers], timeout=patience)
    if left:
        raise SystemExit(f"{len(left)} watchers were not told of the run's end")
    # the log as somebody sees it who asks afterwards is what each must have got, entry for entry
    late = (await watch(server, path, 1))[0]
    await late.ended
    log = [(seq, data) for seq, _, data in late.events]
    wrong = sum([(seq, data) for seq, _, data in w.events] != log or not w.whole for w in watchers)
    if wrong or [seq for seq, _ in log] != list(range(1, len(log) + 1)):
        raise SystemExit(f"{wrong} of {number} watchers got something else than the run's log")
    written = {seq: instant(json.loads(data)["at"]) for seq, data in log}
    live = [seq for seq, at in written.items() if at > connected_at]
    if not live:
        raise SystemExit("the run ended before all were watching")
    delays = sorted(now - written[seq] for w in watchers for seq, now, _ in w.events if written[seq] > connected_at)
    status = server.call("GET", f"/api/v1/runs/{run}")["status"]
    return {
        "watchers": number,
        "run": status,
        "entries": len(log),
        "entries_live": len(live),
        "connected_s": connected,
        "kb_each": (memory - before) * 1000 / number,
        "most_mb": server.memory("VmHWM"),
        "delay_p50_ms": delays[len(delays) // 2] * 1e3,
        "delay_p99_ms": delays[len(delays) * 99 // 100] * 1e3,
        "delay_longest_ms": delays[-1] * 1e3,
    }
