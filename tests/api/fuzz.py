"""Schemathesis against a real server: what the document says must be what the server does.

Starts the server of `crates/http/examples/api_under_test.rs`, runs Schemathesis in all its phases within a time limit (stateful
ones follow the document's links), and fails on any finding. Usage: fuzz.py SERVER [SECONDS] [schemathesis options].
"""

import json
import os
import subprocess
import sys
import tempfile

# Checks of Schemathesis that do not fit, and why.
CHECKS_LEFT_OUT = [
    # Rules that a schema cannot say (a name that is taken, a workflow that is not there) are refused: no fault.
    "positive_data_acceptance",
]

# Operations that would end the session that all requests use or take its owner's role; the matrix has them.
OPERATIONS_LEFT_OUT = [
    "session_end", "session_revoke", "session_revoke_others", "principal_disable", "principal_revoke_credentials",
    "grant_delete", "me_set_password",
]

CONFIG = """
# RFC 6585 and RFC 9110: a missing If-Match is 428, one that is no current version 412.
[checks.missing_required_header]
expected-statuses = [400, 401, 403, 406, 415, 422, 428]
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 429, "5xx"]
"""


def main():
    server, *rest = sys.argv[1:]
    seconds = rest.pop(0) if rest and rest[0].isdigit() else "60"
    process = subprocess.Popen([server], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        world = json.loads(process.stdout.readline())
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "schemathesis.toml"), "w") as config:
                config.write(CONFIG)
            left_out = [part for name in OPERATIONS_LEFT_OUT for part in ("--exclude-operation-id", name)]
            # one worker: CPython 3.11 counts the depth of its parser for all threads together, and Hypothesis parses sources in
            # them ("AST constructor recursion depth mismatch")
            command = [
                os.path.join(os.path.dirname(sys.executable), "schemathesis"), "--config-file", "schemathesis.toml",
                "run", f"{world['url']}/api/v1/openapi.json",
                "--header", f"Authorization: Bearer {world['secret']}",
                "--exclude-checks", ",".join(CHECKS_LEFT_OUT), *left_out,
                "--workers", "1", "--max-time", seconds, "--max-examples", "20", "--request-timeout", "30", "--seed", "1", *rest,
            ]
            status = subprocess.run(command, cwd=folder).returncode
    finally:
        process.stdin.close()
        process.wait(timeout=60)
    sys.exit(status)


main()
