"""Measures what each cache key costs: how often API Gateway, as `atlauth local` plays it, asks the authorizer.

Two programs read a Jira of loopback through the gateway: a sync program by the client `jira`, and a crawler that
asks for each issue once. Prints the table that docs/performance.md has. Argument: the program `atlauth`.
"""

import json
import math
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from jira import JIRA

ISSUES = 5_000
PAGE = 50
SYNC = 1_000

# List prices of eu-west-1 in dollars, from memory, as of 2026-11-28.
LAMBDA_REQUEST = 0.20 / 1e6
LAMBDA_GB_SECOND = 0.0000133334  # arm64
MEMORY_GB = 0.25
API_REQUEST = 3.50 / 1e6
LOGS_GB = 0.57

DEFAULT = [{"allow": ["@read", "@write"]}, {"deny": ["@admin"]}]
# What the key `token` can say of issues: nothing beside `deny`, as `*.jspa` is administration below any path.
WITHOUT_ADMIN = [{"allow": ["GET /rest/*", "POST /rest/*", "PUT /rest/*"]}]

# The name, the options of `atlauth local`, and the rules. Without options there is no gateway.
SETUPS = [
    ("no gateway", None, None),
    ("`route`, 60 s", ["--cache-key", "route", "--cache-seconds", "60"], DEFAULT),
    ("`token`, 60 s", ["--cache-key", "token", "--cache-seconds", "60"], WITHOUT_ADMIN),
    ("cache time 0", ["--cache-seconds", "0"], DEFAULT),
]


class Jira(BaseHTTPRequestHandler):
    """A Jira of 5,000 issues, and the JWKS of an identity provider."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    keys = None

    def log_message(self, *_):
        pass

    def answer(self):
        length = int(self.headers.get("content-length", 0))
        self.rfile.read(length)
        url = urlsplit(self.path)
        body = self.body(url.path.removeprefix("/jira/rest/api/2"), parse_qs(url.query))
        content = b"" if body is None else json.dumps(body).encode()
        status = "204 No Content" if body is None else "200 OK"
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        # In one piece: two would wait for each other on loopback.
        self.wfile.write(head.encode() + content)

    do_GET = do_POST = do_PUT = answer

    def body(self, path, query):
        if path == "/keys":
            return self.keys
        if path == "/serverInfo":
            return {"version": "9.17.0", "versionNumbers": [9, 17, 0], "deploymentType": "Server"}
        if path == "/field":
            return []
        if path == "/search":
            start = int(query["startAt"][0])
            found = [self.issue(number) for number in range(start, start + PAGE)]
            return {"startAt": start, "maxResults": PAGE, "total": ISSUES, "issues": found}
        if self.command == "PUT":
            return None
        if path.endswith("/comment"):
            return {"id": "1", "body": "Synchronised", "self": self.link(path + "/1")}
        number = path.rsplit("/", 1)[1].removeprefix("DEMO-")
        return self.issue(int(number) % 100_000)

    def issue(self, number):
        link = self.link(f"/issue/{100_000 + number}")
        fields = {"summary": f"Issue {number}", "description": "x" * 2_000}
        return {"id": str(100_000 + number), "key": f"DEMO-{number}", "self": link, "fields": fields}

    def link(self, path):
        return f"http://{self.headers['host']}/jira/rest/api/2{path}"


class Enough(Exception):
    """The program has made as many requests as it should."""


def sync(url, token):
    """Pages through a search, gets each issue, updates every tenth, comments on every twentieth."""
    def count(answer, *_args, **_kwargs):
        answers.append((answer.status_code, answer.elapsed.total_seconds() * 1_000))
        if len(answers) == SYNC:
            raise Enough

    answers = []
    client = JIRA(server=url, token_auth=token, max_retries=0, get_server_info=False)
    client._session.hooks["response"].append(count)
    try:
        for start in range(0, ISSUES, PAGE):
            for found in client.search_issues("project = DEMO", startAt=start, maxResults=PAGE):
                number = int(found.key.removeprefix("DEMO-"))
                issue = client.issue(found.key)
                if number % 10 == 0:
                    issue.update(fields={"summary": "Synchronised"})
                if number % 20 == 0:
                    client.add_comment(issue, "Synchronised")
    except Enough:
        pass
    return answers


def crawl(url, token):
    """Gets each issue once."""
    answers = []
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {token}"
        for number in range(ISSUES):
            answer = session.get(f"{url}/rest/api/2/issue/DEMO-{number}")
            answers.append((answer.status_code, answer.elapsed.total_seconds() * 1_000))
    return answers


def serve(keys, pipe):
    Jira.keys = keys
    server = ThreadingHTTPServer(("127.0.0.1", 0), Jira)
    pipe.send(server.server_port)
    server.serve_forever()


class Gateway:
    """`atlauth local` in front of Jira."""

    def __init__(self, program, jira, options, rules):
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.folder.name)
        origin = jira.removesuffix("/jira")
        provider = {"kind": "custom", "issuer": origin, "jwks_uri": f"{origin}/keys"}
        provider |= {"client_ids": ["client"], "username": "username"}
        product = {"path": "/jira", "access": rules}
        settings = {"providers": {"idp": provider}, "products": {"jira": product}}
        (folder / "settings.json").write_text(json.dumps(settings))
        self.audit = folder / "audit.log"
        command = [program, "local", "--port", "0", "--upstream", f"jira={jira}"]
        command += ["--settings", f"file:{folder}/settings.json", "--audit", str(self.audit), *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        said = []
        for line in self.process.stderr:
            said.append(line)
            if " -> " in line:
                self.url = line.split(" -> ")[0]
            if line.startswith("Listening"):
                return
        sys.exit("".join(said))

    def calls(self):
        return [json.loads(line) for line in self.audit.read_text().splitlines()]

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


def dollars(share, billed_ms):
    """Of a million requests: the API's, and the share of them that calls the function."""
    call = LAMBDA_REQUEST + LAMBDA_GB_SECOND * MEMORY_GB * billed_ms / 1_000
    return 1e6 * (share * call + API_REQUEST)


def main():
    [program] = sys.argv[1:]
    key = ec.generate_private_key(ec.SECP256R1())
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    keys = {"keys": [public | {"kid": "key", "use": "sig", "alg": "ES256"}]}
    ours, theirs = multiprocessing.Pipe()
    origin = multiprocessing.Process(target=serve, args=(keys, theirs), daemon=True)
    origin.start()
    issuer = f"http://127.0.0.1:{ours.recv()}"
    jira = f"{issuer}/jira"

    def token(caller):
        """One for each program: what one has asked for is no hit of the other."""
        claims = {"iss": issuer, "sub": caller, "token_use": "access", "client_id": "client"}
        claims |= {"username": caller, "iat": int(time.time()), "exp": int(time.time()) + 3_600}
        return jwt.encode(claims, key, algorithm="ES256", headers={"kid": "key"})

    print("| program | cache | calls per 1,000 requests | hits | mean ms | median ms | added ms | $ per million |")
    print("| --- | --- | --: | --: | --: | --: | --: | --: |")
    direct = {}
    sizes, durations = [], []
    for name, options, rules in SETUPS:
        gateway = Gateway(program, jira, options, rules) if options else None
        url = gateway.url if gateway else jira
        seen = 0
        for work in (sync, crawl):
            answers = work(url, token(work.__name__))
            refused = {status for status, _ in answers if status >= 300}
            if refused:
                sys.exit(f"{name}, {work.__name__}: {refused}")
            times = [milliseconds for _, milliseconds in answers]
            mean, median = statistics.mean(times), statistics.median(times)
            row = f"| {work.__name__} | {name} |"
            if gateway is None:
                direct[work] = median
                print(f"{row} - | - | {mean:.2f} | {median:.2f} | - | - |", flush=True)
                continue
            audits = gateway.calls()[seen:]
            seen += len(audits)
            durations += [line["duration_ms"] for line in audits]
            sizes += [len(json.dumps(line, separators=(",", ":"))) + 1 for line in audits]
            share = len(audits) / len(answers)
            billed = math.ceil(statistics.mean(durations))
            print(
                f"{row} {1_000 * share:.1f} | {100 * (1 - share):.1f} % | {mean:.2f} | {median:.2f} "
                f"| {median - direct[work]:.2f} | {dollars(share, billed):.2f} |",
                flush=True,
            )
        if gateway:
            gateway.close()
    print(f"\nOne call took {statistics.median(durations):.2f} ms (median), and is billed as {billed} ms.")
    size = statistics.mean(sizes)
    print(f"One audit line has {size:.0f} bytes: ${1e6 * size / 1e9 * LOGS_GB:.2f} for a million calls.")


if __name__ == "__main__":
    main()
