"""The server beside FastAPI on the same database, and what it takes: one table, each row with its bar.

    python bench/http/run.py [--only reads,idle,start,watch,transfer] [--rounds 3] [--size 2000000000] [--output FILE]
    cargo xtask services -- python bench/http/run.py --only reads,idle,start --database postgres

See `bench/README.md` for what the rows mean. Ends with status 1 where a bar is missed.
"""

import argparse
import asyncio
import http.client
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import load
import transfer
import watch
from proofmark import PROGRAM, ROOT, Process, Server, inputs, pinned, stopped

HERE = Path(__file__).resolve().parent
PARTS = ("start", "idle", "reads", "watch", "transfer")
# Requests a second that the server lets one principal make: the load comes from one.
UNLIMITED = {"PROOFMARK_PRINCIPAL_RATE": "1000000"}


class Table:
    """Rows of what was measured, with what it must reach."""

    def __init__(self):
        self.rows = []

    def row(self, measure, value, bar=None, reached=None, note=""):
        self.rows.append({"measure": measure, "value": value, "bar": bar, "reached": reached, "note": note})
        mark = {None: "", True: "", False: "  MISSED"}[reached]
        print(f"  {measure}: {value}{f' (bar {bar})' if bar else ''}{f', {note}' if note else ''}{mark}", flush=True)

    def text(self):
        head = ["| measure | value | bar | |", "|---|---|---|---|"]
        cells = ((r["measure"], r["value"], r["bar"] or "", r["note"] + (" **missed**" if r["reached"] is False else "")) for r in self.rows)
        return "\n".join(head + [f"| {' | '.join(c)} |" for c in cells])

    def missed(self):
        return [r["measure"] for r in self.rows if r["reached"] is False]


@contextmanager
def database(kind):
    """Address of an empty database: none for SQLite, which lies in the data folder."""
    if kind == "sqlite":
        yield None
        return
    import asyncpg

    base = kind if kind.startswith("postgres://") else os.environ.get("PROOFMARK_TEST_POSTGRES")
    if not base:
        raise SystemExit("no PostgreSQL: give its address, or start one with `cargo xtask services -- ...`")
    name = f"bench_http_{os.getpid()}"

    async def run(sql):
        connection = await asyncpg.connect(base)
        await connection.execute(sql)
        await connection.close()

    asyncio.run(run(f"CREATE DATABASE {name}"))
    try:
        place, _, query = base.partition("?")
        yield place.rpartition("/")[0] + "/" + name + (f"?{query}" if query else "")
    finally:
        asyncio.run(run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@contextmanager
def peer(address, cores):
    """FastAPI on the same database: its address and process."""
    command = [
        sys.executable, "-m", "uvicorn", "peer:app", "--host", "127.0.0.1", "--port", "0", "--loop", "uvloop", "--http", "httptools",
        "--no-access-log", "--log-level", "info", "--workers", "1",
    ]  # fmt: skip
    child = subprocess.Popen(
        command, cwd=HERE, stderr=subprocess.PIPE, text=True, preexec_fn=pinned(cores), env={**os.environ, "DATABASE": str(address)}
    )
    try:
        said = ""
        for line in child.stderr:
            said += line
            if "running on" in line:
                yield line.partition("running on ")[2].split()[0], Process(child.pid)
                return
        raise SystemExit(f"the peer did not start:\n{said[-2000:]}")
    finally:
        stopped(child)


def same(server, url, paths, secret, stranger):
    """Ends the program unless both sides answer alike, refusals included."""

    def asked(port, path, headers):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", path, headers=headers)
        got = connection.getresponse()
        body = got.read()
        connection.close()
        return got.status, got.headers.get("etag"), json.loads(body) if got.status == 200 else None

    port = int(url.rpartition(":")[2])
    for path in paths.values():
        for who, extra, status in [
            (secret, {}, 200), (secret, {"if-none-match": '"1"'}, None), (stranger, {}, None),
            ("pmt_" + "A" * 50, {}, 401), (secret[:-1], {}, 401),
        ]:  # fmt: skip
            headers = {"authorization": f"Bearer {who}", **extra}
            ours, theirs = asked(server.port, path, headers), asked(port, path, headers)
            if who == stranger and "/" not in path.removeprefix("/api/v1/"):
                continue
            if ours != theirs or status not in (None, ours[0]) or who == stranger and ours[0] != 404:
                raise SystemExit(f"{path} {extra}: the sides answer differently:\n  {ours}\n  {theirs}")


def reads(table, folder, address, rounds, cores):
    """Requests a second beside the peer, and answer times at half of what is answered at most."""
    server_core, load_core = cores
    with Server(folder / "reads", server_core, variables=UNLIMITED, options=("--workers", "0"), database=address) as server:
        server.begin()
        projects = [server.project(f"project {n}") for n in range(40)]
        files = inputs(server, projects[0])
        runs = [server.run(projects[0], *files)["id"] for _ in range(45)]
        secret = server.service_account("reader", "engineer")
        stranger = server.service_account("stranger", "engineer", projects[1])
        paths = {
            "one project": f"/api/v1/projects/{projects[0]}", "40 projects": "/api/v1/projects",
            "one run": f"/api/v1/runs/{runs[0]}", "45 runs": f"/api/v1/projects/{projects[0]}/runs",
        }  # fmt: skip
        with peer(address or folder / "reads" / "proofmark.db", server_core) as (url, theirs):
            same(server, url, paths, secret, stranger)
            sides = {"server": (server.url, server), "peer": (url, theirs)}
            rates = {name: {side: [] for side in sides} for name in paths}
            spent = {name: {side: [] for side in sides} for name in paths}
            for path in paths.values():
                for at, _ in sides.values():
                    load.throughput(at + path, secret, 1, load_core)
            for _ in range(rounds):
                for name, path in paths.items():
                    for side, (at, process) in sides.items():
                        before = process.cpu()
                        rate, answers = load.throughput(at + path, secret, 2, load_core)
                        rates[name][side].append(rate)
                        spent[name][side].append((process.cpu() - before) / answers * 1e6)
            middle = statistics.median
            for name, got in rates.items():
                each = [a / b for a, b in zip(got["server"], got["peer"])]
                ours, its = middle(spent[name]["server"]), middle(spent[name]["peer"])
                less = [b / a for a, b in zip(spent[name]["server"], spent[name]["peer"])]
                note = (
                    f"{min(each):.2f} to {max(each):.2f}; {middle(got['server']):.0f}/s over {middle(got['peer']):.0f}/s; processor time "
                    f"of an answer {ours:.0f} us, FastAPI {its:.0f} us, {middle(less):.2f}"
                )
                table.row(f"reads: {name}, over FastAPI's", f"{middle(each):.2f}", "5", middle(each) >= 5, note)
            for name, path in paths.items():
                said = {}
                for side, (at, _) in sides.items():
                    half = round(min(rates[name][side]) / 2)
                    said[side] = load.latency(at + path, secret, 4, load_core, half)
                ours, its = said["server"], said["peer"]
                note = f"p50 {ours['p50_ms']:.1f} ms at {ours['rate']:.0f}/s; FastAPI {its['p99_ms']:.1f} ms, p50 {its['p50_ms']:.1f} at {its['rate']:.0f}/s"
                table.row(f"p99 at half load: {name}", f"{ours['p99_ms']:.1f} ms", "50 ms", ours["p99_ms"] < 50, note)
            table.row("memory after the load", f"{server.memory():.0f} MB", None, None, f"FastAPI {theirs.memory():.0f} MB")
    return {"answers_per_second": rates, "processor_us": spent}


def begin_cold(folder):
    """Lets the system forget the program and the database, so that a start reads them from the disk."""
    os.sync()
    for file in [PROGRAM, *(f for f in folder.rglob("*") if f.is_file())]:
        with open(file, "rb") as opened:
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def start(table, folder, address):
    """Seconds from the program's start until it says that it is ready."""
    data = folder / "start"
    took = {}
    for what in ("first start, an empty database", "cold start", "warm start", "cold start again"):
        if what.startswith("cold"):
            begin_cold(data)
        began = time.monotonic()
        with Server(data, database=address) as server:
            while server.ask("GET", "/readyz")[0] != 200:
                time.sleep(0.005)
            took[what] = time.monotonic() - began
            if server.setup:
                server.begin()
    for what, seconds in took.items():
        table.row(f"ready: {what}", f"{seconds:.2f} s", "1 s", seconds < 1)
    return took


def idle(table, folder, address):
    """What a server takes that nobody asks for anything."""
    with Server(folder / "idle", database=address) as server:
        server.begin()
        time.sleep(5)
        share, memory = server.share(20), server.memory()
        table.row("idle: memory", f"{memory:.0f} MB", "80 MB", memory < 80, f"most since the start {server.memory('VmHWM'):.0f} MB")
        table.row("idle: processor", f"{share * 100:.2f}%", "1%", share < 0.01, "of one core, over 20 s")
    return {"memory_mb": memory, "share": share}


def watchers(table, folder, address, cores, number):
    """Streams of a run that a worker of the same process works on."""
    with Server(folder / "watch", variables=UNLIMITED, database=address) as server:
        server.begin()
        project = server.project("watched")
        files = inputs(server, project)
        offered = {tool for worker in server.call("GET", "/api/v1/workers")["items"] for tool in worker["tools"]}
        if missing := {"python", "bwrap", "gcc"} - offered:
            raise SystemExit(f"a translation needs {', '.join(missing)}: `make tools venv`, and PROOFMARK_PYTHON=.venv/bin/python")
        # the client stays on a core of its own; the run's compilers go where the system puts them
        os.sched_setaffinity(0, cores[1] or os.sched_getaffinity(0))
        got = asyncio.run(watch.measure(server, number, lambda: server.run(project, *files), 240))
        os.sched_setaffinity(0, EVERYWHERE)
    delay = f"{got['delay_p50_ms']:.0f} ms, p99 {got['delay_p99_ms']:.0f} ms, longest {got['delay_longest_ms']:.0f} ms"
    note = f"each got all {got['entries']} entries of a translation that {got['run']}, {got['entries_live']} of them live; connected in {got['connected_s']:.1f} s"
    table.row("live watchers on one server", str(got["watchers"]), "2000", got["watchers"] >= 2000, note)
    table.row("watchers: an entry's way to them", delay, None, None, "beside the run's compilers")
    table.row("watchers: memory", f"{got['kb_each']:.0f} kB each", None, None, f"server at most {got['most_mb']:.0f} MB")
    return got


def transfers(table, folder, address, size):
    """A large artifact up and down."""
    with Server(folder / "transfer", options=("--workers", "0"), database=address) as server:
        server.begin()
        got = transfer.measure(server, server.project("large"), size)
    grown = [got["most_up_mb"] - got["before_mb"], got["most_down_mb"] - got["before_mb"]]
    note = f"{got['before_mb']:.0f} MB before; at most {got['most_up_mb']:.0f} up, {got['most_down_mb']:.0f} down; SHA-256 right"
    table.row(f"{got['bytes'] / 1e9:.1f} GB up and down: memory grew by", f"{max(grown):.0f} MB", "64 MB", max(grown) < 64, note)
    table.row("up, down", f"{got['up_mb_s']:.0f}, {got['down_mb_s']:.0f} MB/s", None, None, "with a client in Python on the same machine")
    return got


EVERYWHERE = os.sched_getaffinity(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--watchers", type=int, default=2000)
    parser.add_argument("--size", type=int, default=2_000_000_000, help="bytes of the large artifact")
    parser.add_argument("--database", default="sqlite", help="sqlite, postgres (of `cargo xtask services`) or an address")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench" / "http.json")
    options = parser.parse_args()
    only = options.only.split(",")
    if unknown := set(only) - set(PARTS):
        parser.error(f"no such part: {', '.join(unknown)}")
    if not PROGRAM.exists():
        raise SystemExit(f"{PROGRAM} is missing: `make build`, or set PROOFMARK")
    if "reads" in only and (missing := load.missing()):
        raise SystemExit(f"{', '.join(missing)} is missing: `make bench-platform` installs it")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    cores = sorted(EVERYWHERE)
    # with one core both sides share it with the load, equally
    pinning = ({cores[0]}, {cores[1]}) if len(cores) > 1 else (None, None)
    began, busy = time.monotonic(), os.getloadavg()[0]
    print(f"{PROGRAM.name} on {len(cores)} cores ({platform.machine()}), {options.database.partition(':')[0]}, load {busy:.1f} before\n")
    print("  reads: server and peer pinned to one core, the load to another; both believe an authentication for 3 s and cache nothing else\n")
    table, results = Table(), {}
    folder = Path(tempfile.mkdtemp(prefix="proofmark-bench-", dir=os.environ.get("TMPDIR")))
    try:
        for part, measure in {
            "start": lambda at: start(table, folder, at),
            "idle": lambda at: idle(table, folder, at),
            "reads": lambda at: reads(table, folder, at, options.rounds, pinning),
            "watch": lambda at: watchers(table, folder, at, pinning, options.watchers),
            "transfer": lambda at: transfers(table, folder, at, options.size),
        }.items():
            if part in only:
                with database(options.database) as address:
                    results[part] = measure(address)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{table.text()}\n\n{time.monotonic() - began:.0f} s; load {busy:.1f} before, {os.getloadavg()[0]:.1f} after")
    about = {"cores": len(cores), "machine": platform.machine(), "database": options.database.partition(":")[0], "load_before": busy}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps({"about": about, "table": table.rows, "results": results}, indent=1))
    if missed := table.missed():
        sys.exit(f"missed: {'; '.join(missed)}")


if __name__ == "__main__":
    main()
