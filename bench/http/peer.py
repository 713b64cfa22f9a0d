"""The same reads by FastAPI: what a Python service would do with the same database.

Answers four endpoints as the server does, from the same tables by the same SQL: bearer token, its SHA-256, the token with
its owner and roles (believed for three seconds, as in the server), expiry, scopes, the role that the action needs in the project,
then the rows, JSON, entity tag, `If-None-Match`. `run.py` compares the answers of both sides before it measures.

Each choice is the fastest for the peer: uvloop and httptools; on SQLite the standard library's driver, called in the event
loop (a query takes microseconds, a hop to another thread more); on PostgreSQL asyncpg with a pool; orjson, answers past FastAPI's own
serialisation, JSON columns passed through unread. Left out, to the peer's advantage: rate limits, metrics, trace
ids, security headers, validation of identifiers and of what the database holds.

    DATABASE=/path/of.db uvicorn peer:app        DATABASE=postgres://... uvicorn peer:app
"""

import os
import sqlite3
import time
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import Annotated

import orjson
from fastapi import Depends, FastAPI, Request, Response

DATABASE = os.environ["DATABASE"]
POSTGRES = DATABASE.startswith("postgres")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# how long an authentication is believed: `LIFE` of the server's cache
LIFE = 3_000_000

# Roles that give an action, as `shipped.cedar` has it.
ROLES = {
    "project.read": {"owner", "admin", "auditor", "engineer", "marketer", "approver", "viewer"},
    "run.read": {"owner", "auditor", "engineer", "marketer", "approver", "viewer"},
}

BY_SECRET = """SELECT t.id, t.organization_id, t.principal_id, t.name, t.scopes, t.created_by, t.created_at,
    t.expires_at, t.seen_at, t.revoked_at, p.kind, p.disabled_at, g.role, g.project_id
    FROM platform_tokens t JOIN platform_principals p ON p.id = t.principal_id
    LEFT JOIN platform_grants g ON g.principal_id = t.principal_id
    WHERE t.secret_hash = ?"""
PROJECT = "id, organization_id, name, policy, policy_version, created_by, created_at, archived_at, version"
GET_PROJECT = f"SELECT {PROJECT} FROM platform_projects WHERE organization_id = ? AND id = ?"
LIST_PROJECTS = f"""SELECT {PROJECT} FROM platform_projects WHERE organization_id = ? AND (archived_at IS NOT NULL) = ?
    AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?"""
RUN = """id, organization_id, project_id, workflow, input, status, result, error, retry_of, created_by, created_at,
    started_at, ended_at, version"""
GET_RUN = f"SELECT {RUN} FROM platform_runs WHERE organization_id = ? AND id = ?"
LIST_RUNS = f"""SELECT {RUN} FROM platform_runs WHERE organization_id = ? AND project_id = ? AND (? = '' OR status = ?)
    AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?"""


def numbered(sql):
    """The SQL with PostgreSQL's placeholders."""
    first, *rest = sql.split("?")
    return first + "".join(f"${n}{part}" for n, part in enumerate(rest, 1))


class Sqlite:
    """One connection that reads, used in the event loop."""

    def __init__(self):
        self.connection = sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True, isolation_level=None, cached_statements=256)
        self.connection.row_factory = sqlite3.Row

    async def close(self):
        self.connection.close()

    def read(self, organization):
        return self

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def rows(self, sql, *values):
        return self.connection.execute(sql, values).fetchall()


async def unchanged(_):
    pass


class Postgres:
    """A pool; each read is a transaction in the scope of an organization, which row-level security asks for."""

    async def open(self):
        import asyncpg

        # without the statements that would reset a connection whenever it comes back: nothing here changes its state
        self.pool = await asyncpg.create_pool(DATABASE, min_size=16, max_size=16, reset=unchanged)
        return self

    async def close(self):
        await self.pool.close()

    @asynccontextmanager
    async def read(self, organization):
        async with self.pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.fetchval("SELECT set_config('proofmark.organization', $1, true)", organization or "*")
            yield Snapshot(connection)


class Snapshot:
    """A transaction that reads."""

    def __init__(self, connection):
        self.connection = connection

    async def rows(self, sql, *values):
        return await self.connection.fetch(STATEMENTS[sql], *values)


STATEMENTS = {sql: numbered(sql) for sql in (BY_SECRET, GET_PROJECT, LIST_PROJECTS, GET_RUN, LIST_RUNS)}


class Problem(Exception):
    """An answer that refuses."""

    def __init__(self, status, code):
        self.status = status
        self.code = code


class Caller:
    """Who asks, and what they hold."""

    __slots__ = ("organization", "grants", "scopes", "read_at", "ends_at")

    def may(self, action, project=None):
        """Whether a role held there gives the action, and the token's scopes do not leave it out."""
        roles = ROLES[action]
        if not any(role in roles and (where == "" or where == project) for role, where in self.grants):
            return False
        return self.scopes is None or any(s == action or s.endswith("*") and action.startswith(s[:-1]) for s in self.scopes)


store = None
callers = {}


@asynccontextmanager
async def lifespan(_):
    global store
    store = await Postgres().open() if POSTGRES else Sqlite()
    yield
    await store.close()


app = FastAPI(lifespan=lifespan, openapi_url=None)


@app.exception_handler(Problem)
async def refused(_, problem):
    body = orjson.dumps({"code": problem.code, "status": problem.status})
    return Response(body, problem.status, media_type="application/problem+json")


async def authenticate(request: Request) -> Caller:
    """Who shows that secret."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret:
        raise Problem(401, "authentication.required")
    now = time.time_ns() // 1000
    digest = sha256(secret.encode()).hexdigest()
    found = callers.get(digest)
    if found is not None and 0 <= now - found.read_at < LIFE and now < found.ends_at:
        return found
    async with store.read(None) as tx:
        rows = await tx.rows(BY_SECRET, digest)
    if not rows:
        raise Problem(401, "credential.invalid")
    one = rows[0]
    if one["disabled_at"] is not None:
        raise Problem(401, "principal.disabled")
    if one["revoked_at"] is not None:
        raise Problem(401, "token.revoked")
    if now >= one["expires_at"]:
        raise Problem(401, "token.expired")
    caller = Caller()
    caller.organization = one["organization_id"]
    caller.grants = [(r["role"], r["project_id"]) for r in rows if r["role"] is not None]
    caller.scopes = None if one["scopes"] is None else orjson.loads(one["scopes"])
    caller.read_at, caller.ends_at = now, one["expires_at"]
    callers[digest] = caller
    return caller


Known = Annotated[Caller, Depends(authenticate)]


def instant(micros):
    return None if micros is None else EPOCH + timedelta(microseconds=micros)


def json(text):
    return None if text is None else orjson.Fragment(text)


def project_out(r):
    return {
        "id": r["id"], "name": r["name"], "policy": orjson.Fragment(r["policy"]), "policy_version": r["policy_version"],
        "created_by": r["created_by"], "created_at": instant(r["created_at"]), "archived_at": instant(r["archived_at"]),
        "version": r["version"],
    }  # fmt: skip


def run_out(r):
    return {
        "id": r["id"], "project": r["project_id"], "workflow": r["workflow"], "input": orjson.Fragment(r["input"]),
        "status": r["status"], "result": json(r["result"]), "error": json(r["error"]), "retry_of": r["retry_of"],
        "created_by": r["created_by"], "created_at": instant(r["created_at"]), "started_at": instant(r["started_at"]),
        "ended_at": instant(r["ended_at"]), "version": r["version"],
    }  # fmt: skip


def answer(value, headers):
    return Response(orjson.dumps(value, option=orjson.OPT_UTC_Z), media_type="application/json", headers=headers)


def one(request, value):
    """A resource with its entity tag."""
    tag = f'"{value["version"]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return answer(value, headers)


def page(rows, out, limit):
    """A page of a list; a row more than asked for shows that there is a next one."""
    following = rows[limit - 1]["id"] if len(rows) > limit else None
    items = [out(r) for r in rows[:limit]]
    return answer({"items": items, "next_cursor": following}, {"cache-control": "no-store"})


async def project_of(tx, caller, action, project):
    found = await tx.rows(GET_PROJECT, caller.organization, project)
    if not found or not caller.may(action, project):
        raise Problem(404, "project.not-found")
    return found[0]


@app.get("/api/v1/projects/{project}")
async def project_get(request: Request, project: str, caller: Known):
    async with store.read(caller.organization) as tx:
        found = await project_of(tx, caller, "project.read", project)
    return one(request, project_out(found))


@app.get("/api/v1/projects")
async def project_list(caller: Known, limit: int = 50, archived: bool = False):
    if not caller.may("project.read"):
        # the server shows the caller's own projects then; nobody here asks for that
        raise Problem(403, "authorization.denied")
    async with store.read(caller.organization) as tx:
        rows = await tx.rows(LIST_PROJECTS, caller.organization, archived, "", "", limit + 1)
    return page(rows, project_out, limit)


@app.get("/api/v1/runs/{run}")
async def run_get(request: Request, run: str, caller: Known):
    async with store.read(caller.organization) as tx:
        found = await tx.rows(GET_RUN, caller.organization, run)
    if not found or not caller.may("run.read", found[0]["project_id"]):
        raise Problem(404, "run.not-found")
    return one(request, run_out(found[0]))


@app.get("/api/v1/projects/{project}/runs")
async def run_list(caller: Known, project: str, status: str = "", limit: int = 50):
    async with store.read(caller.organization) as tx:
        await project_of(tx, caller, "run.read", project)
        rows = await tx.rows(LIST_RUNS, caller.organization, project, status, status, "", "", limit + 1)
    return page(rows, run_out, limit)
