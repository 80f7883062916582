"""Asks a real API Gateway what AWS does not say: how it spells paths, routes, caches and maps.

Run it against a stack whose Jira is the echo server in here: docs/guides/api-gateway.md says how.
"""

import argparse
import http.client
import json
import re
import secrets
import ssl
import sys
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")
IN_PATHS = "/~!$&'()*+,;=:@"


def without_dots(path):
    kept = []
    for segment in path.split("/"):
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept)


# What may become of a path on its way. One or two of these explain what was seen.
SAME = "as sent"
UNKNOWN = "by no known change"
LONG = "x" * 600
BARE = "without the slash at its end"
RESOLVED = "dot segments resolved"
BRACES = "raw { } encoded, raw [ ] | ^ not"
CHANGES = {
    SAME: lambda path: path,
    "decoded once": unquote,
    "decoded twice": lambda path: unquote(unquote(path)),
    "percent signs encoded again": lambda path: path.replace("%", "%25"),
    "decoded and encoded again": lambda path: quote(unquote(path), safe=IN_PATHS),
    "decoded and strictly encoded again": lambda path: quote(unquote(path), safe="/~"),
    "unreserved characters decoded": lambda path: re.sub(
        "%(2[DdEe]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])", lambda one: unquote(one[0]), path
    ),
    BRACES: lambda path: path.replace("{", "%7B").replace("}", "%7D"),
    "raw characters encoded": lambda path: quote(path, safe=IN_PATHS + "%"),
    "%2F made a slash": lambda path: re.sub("%2F", "/", path, flags=re.I),
    "empty segments dropped": lambda path: re.sub("/+", "/", path),
    RESOLVED: without_dots,
    "parameters cut": lambda path: re.sub(";[^/]*", "", path),
    BARE: lambda path: path.removesuffix("/"),
}


def change(sent, seen):
    """What was done to a path; None where no known change explains it."""
    for name, apply in CHANGES.items():
        if apply(sent) == seen:
            return name
    for first, apply_first in CHANGES.items():
        for then, apply_then in CHANGES.items():
            if apply_then(apply_first(sent)) == seen:
                return f"{first}, {then}"
    return None


@dataclass
class Step:
    """A request, and what is expected of it."""

    path: str
    origin: tuple = (SAME,)
    statuses: tuple = (200,)
    # Whether the authorizer is asked, and not the cache.
    asked: bool = True
    method: str = "GET"
    query: str = ""
    # A header that the caller writes.
    header: str = ""
    # Without a token, so without the authorizer.
    public: bool = False
    # Headers and parameters in lower case, and what must be among their values at the origin.
    mapped: dict = field(default_factory=dict)


@dataclass
class Question:
    title: str
    asks: str
    steps: list
    expected: str
    otherwise: str


def questions(run):
    """The ten. The run's name is in each path, so that no answer of an earlier run is found."""
    base, slash, info = f"/rest/ask/{run}", f"/rest/ask/{run}/slash", "/rest/api/2/serverInfo"
    user = "x-authorizer-username"
    either, taken = (SAME, "empty segments dropped"), (200, 400)
    return [
        Question(
            "Percent-encoded characters",
            "Do ARN and origin hold them encoded or decoded? What becomes of `%25`?",
            [Step(f"{base}/a%20b%40c%41"), Step(f"{base}/100%25-a%2541.txt")],
            "200. The origin sees the path as sent. The ARN may hold it as sent or decoded.",
            "The rules hold: each reading has to be allowed. If the origin sees `%2520`, paths with such "
            "characters do not work. If it sees `@` for `%40`, OAuth 1.0a signatures of them fail.",
        ),
        Question(
            "An encoded slash",
            "Does `%2F` stay one segment?",
            [Step(f"{base}/a%2Fb")],
            "200. The origin sees `%2F`.",
            "The rules hold: `%2F` is also read as a slash. If the origin sees a slash, names that "
            "contain one do not work, and OAuth 1.0a signatures of them fail.",
        ),
        Question(
            "An empty segment",
            "Does `//` stay?",
            [Step(f"{base}/a//b", either)],
            "200. The origin sees `a//b` or `a/b`.",
            "The rules hold: both are read. If `//` is lost, OAuth 1.0a signatures of such paths fail.",
        ),
        Question(
            "Dot segments",
            "Does anything resolve `..`, `.` and `%2e%2e`?",
            [
                Step(f"{base}/a/../b/./c", (SAME, RESOLVED), taken),
                Step(f"{base}/a/%2e%2e/b", (SAME, f"decoded once, {RESOLVED}"), taken),
            ],
            "200, as sent or resolved; or 400 by API Gateway itself.",
            "The rules hold: all of these are read, and what leaves the product is refused.",
        ),
        Question(
            "Path parameters",
            "Does `;x=1` stay?",
            [Step(f"{base}/a;x=1/b;y")],
            "200. The origin sees it as sent.",
            "The rules hold: it is also read without parameters. OAuth 1.0a signatures would fail.",
        ),
        Question(
            "The cache's key, and a slash at the end",
            "Is an answer found by method and path? Is `x/` another entry than `x`?",
            [Step(f"{slash}/", (BARE,)), Step(slash), Step(slash, asked=False), Step(slash, method="POST")],
            "200 each. The origin sees no slash at the end. The authorizer is asked about `x/`, `x` and "
            "POST `x`, and not when `x` comes again.",
            "A 403 means that the answer for one path served for another: set JiraCacheKey to token, or "
            "JiraCacheSeconds to 0. Nothing was let through. If `x` is asked about again, nothing is wrong, "
            "but the cache saves less. If a slash stays, OAuth 1.0a signatures of such paths fail.",
        ),
        Question(
            "Raw characters",
            "Does API Gateway take `[ ] { } | ^` raw, and how does it send them on?",
            [Step(f"{base}/a[1]{{2}}|3^4", (BRACES,), taken)],
            "200, and the origin sees `{ }` encoded and the others as sent; or 400 by API Gateway itself.",
            "Only OAuth 1.0a depends on it: its signatures are over that spelling. If the origin sees another, "
            "callers have to encode these characters themselves.",
        ),
        Question(
            "Beside a public route",
            f"Do `/rest/api/2/other` and `{info}/other` reach `{{proxy+}}`?",
            [
                Step(f"/rest/api/2/ask-{run}"),
                Step(f"{info}/ask-{run}"),
                Step("/rest/api/2", statuses=(200, 404)),
            ],
            "200. The authorizer is asked. `/rest/api/2` alone may be a 404: Jira has nothing there.",
            "A 404 for the others means that a public route hides its neighbours: set "
            "JiraPublicServerInfo to false. Nothing was let through.",
        ),
        Question(
            "Wildcards in a policy",
            "Does `?` match `*` and `$`, and a `*` at the end the rest of a long path?",
            [Step(f"{base}/a*b$c"), Step(f"{base}/{LONG}")],
            "200. The origin sees the path as sent.",
            "A 403 with the code `allowed` means that API Gateway does not match a policy as IAM "
            "documents: such paths do not work with the cache key route. Nothing was let through.",
        ),
        Question(
            "What a caller writes beside a mapping",
            "Does a header in another case arrive too? Does a constant replace the caller's parameter?",
            [
                Step(info, public=True, header=user, mapped={user: "-"}),
                Step(info, public=True, query="os_authType=caller&os_username=caller&kept=1",
                     mapped={"os_authtype": "any", "os_username": "none", "kept": "1"}),
            ],
            "200 without a token. The mapped value arrives. The caller's may arrive too.",
            "The header is information alone, so nothing depends on it. If the caller's os_username arrives "
            "beside the constant, the product's own switch has to refuse such a login: leave "
            "`atlassian.allow.insecure.url.parameter.login` unset. A 401: set JiraPublicServerInfo to true.",
        ),
    ]


class Echo(BaseHTTPRequestHandler):
    """Answers each request with what arrived. It never repeats a credential."""

    timeout = 30
    protocol_version = "HTTP/1.1"

    def answer(self):
        line = self.requestline
        headers = [[name, hidden(name, value)] for name, value in self.headers.items()]
        query = parse_qsl(line.split(" ")[1].partition("?")[2], keep_blank_values=True)
        body = json.dumps({"echo": line, "headers": headers, "query": query}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer


def hidden(name, value):
    return "(hidden)" if name.lower() == "authorization" and value != "none" else value


def echo(port, certificate, key):
    """Without a certificate on loopback alone."""
    server = ThreadingHTTPServer(("" if certificate else LOOPBACK[0], port), Echo)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        # The handshake is then the business of the connection's own thread.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print(f"The echo server listens on port {server.server_port}; Ctrl-C ends it.", flush=True)
    server.serve_forever()


class Result:
    """What came of a step."""

    def __init__(self, url, step, token):
        self.step, self.mount = step, url.path
        self.is_asked = step.asked and not step.public
        self.target = url.path + step.path + (f"?{step.query}" if step.query else "")
        self.status, self.request_id, self.seen, self.why = 0, "", None, ""
        self.audit = self.access = None
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        connection = kind(url.hostname, url.port, timeout=35)
        try:
            # As it stands: nothing here spells the path in another way.
            connection.putrequest(step.method, self.target, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", url.netloc)
            connection.putheader("Connection", "close")
            if step.method != "GET":
                connection.putheader("Content-Length", "0")
            if step.header:
                connection.putheader(step.header, "caller")
            if not step.public:
                connection.putheader("Authorization", f"Bearer {token}")
            connection.endheaders()
            answer = connection.getresponse()
            self.status, self.request_id = answer.status, answer.getheader("x-amzn-requestid") or ""
            found = json.loads(answer.read(100_000))
            self.seen = found if "echo" in found else None
        except (OSError, http.client.HTTPException) as error:
            self.why = f"no answer: {type(error).__name__}"
        except (ValueError, TypeError):
            self.why = "the answer is no JSON, so not the echo server's"
        finally:
            connection.close()

    @property
    def origin(self):
        return self.seen["echo"].split(" ")[1].partition("?")[0] if self.seen else ""

    def values(self, name):
        pairs = self.seen["headers"] + self.seen["query"]
        return [value for one, value in pairs if one.lower() == name]

    def below(self, path):
        """What was done to a path that has the product's path, and maybe a stage, before it."""
        product = "/" + self.mount.rpartition("/")[2] if self.mount else ""
        return change(self.step.path, path.partition(product)[2] if product else path)

    def paths(self):
        """The path at each place, and what was done to it."""
        if self.seen:
            yield "origin", self.origin, change(self.step.path, self.origin)
        if self.audit:
            yield "ARN", self.audit.get("path", ""), self.below(self.audit.get("path", ""))
        if self.access:
            yield "context", self.access.get("path", ""), self.below(self.access.get("path", ""))

    def notes(self):
        """What else is known."""
        if self.audit:
            yield "decision", f"{self.audit.get('code')}, by rule {self.audit.get('rule', '-')}"
        for name in self.step.mapped if self.seen else ():
            yield "origin", f"{name}: {', '.join(self.values(name))}"

    def differences(self, with_audit):
        """What is not as expected."""
        step, code = self.step, (self.audit or {}).get("code", "allowed")
        if self.why:
            yield self.why
        if self.status not in step.statuses:
            yield f"status {self.status}"
        if code != "allowed":
            yield f"the authorizer's code is {code}"
        if self.seen:
            if change(step.path, self.origin) not in step.origin:
                yield "the origin sees another spelling of the path"
            if self.values("authorization") != ["none"]:
                yield "`Authorization` is not `none` at the origin, as it is with JiraUpstream none"
            for name, value in step.mapped.items():
                if value not in self.values(name):
                    yield f"the mapped {name} does not arrive"
        elif self.status == 200:
            yield "the answer is not the echo server's"
        for name, _, done in self.paths():
            if not done:
                yield f"no known change explains what {name} holds"
        if with_audit and self.status == 200 and bool(self.audit) != self.is_asked:
            yield "the authorizer was asked" if self.audit else "there is no audit line"


def join(results, files):
    """Adds to each result its line of the authorizer's log, and of API Gateway's access log."""
    by_id = {result.request_id: result for result in results if result.request_id}
    texts = [Path(file).read_text() for file in files if Path(file).exists()]
    for line in "\n".join(texts).splitlines():
        try:
            entry = json.loads(line[line.index("{"):])
        except ValueError:
            continue
        if result := by_id.get(entry.get("request_id")):
            if entry.get("event") == "decision":
                result.audit = entry
            else:
                result.access = entry
    return all(result.audit for result in results if result.is_asked and result.status == 200)


def short(text):
    return text.replace(LONG, "x…x")


def how_to_fetch(results):
    # Eight digits will do, and a pattern has 1,024 characters at most.
    ids = " || ".join(f'$.request_id = "{one.request_id[:8]}*"' for one in results if one.request_id)
    return f"""The audit lines of these requests; with the output AccessLogGroup, what `context.path` held:

aws logs tail "$(output AuthorizerLogGroup)" --since 15m --format short --filter-pattern '{{ {ids} }}'
"""


def ask(url, token, files, wait):
    asked = questions(secrets.token_hex(4))
    for question in asked:
        question.results = [Result(url, step, token) for step in question.steps]
    results = [result for question in asked for result in question.results]
    if any(result.request_id for result in results):
        print(how_to_fetch(results), flush=True)
    if files and not join(results, files):
        print(f"Waiting for them in {files[0]}; Ctrl-C goes on without.\n", flush=True)
        try:
            until = time.monotonic() + wait
            while time.monotonic() < until and not join(results, files):
                time.sleep(1)
        except KeyboardInterrupt:
            pass
    summary, count = [], 0
    for number, question in enumerate(asked, 1):
        print(f"{number}. {question.title}\n   asks      {question.asks}")
        for result in question.results:
            differences = list(result.differences(bool(files)))
            count += bool(differences)
            verdict = f"DIFFERS: {'; '.join(differences)}" if differences else "as expected"
            line = f"{result.step.method} {result.target}"
            print(f"   request   {short(line)} HTTP/1.1\n   status    {result.status}  {result.request_id}")
            shown = [f"   {short(line)} -> {result.status}"]
            for name, path, done in result.paths():
                print(f"   {name:9} {short(path)}  ({done or UNKNOWN})")
                told = "" if done == SAME else f"{short(path)}, "
                shown.append(f"{name} {told}{done or UNKNOWN}")
            for name, note in result.notes():
                print(f"   {name:9} {note}")
                shown.append(f"{name} {note}")
            print(f"   result    {verdict}")
            summary += [f"{number}. {verdict}", "; ".join(shown)]
        print(f"   expected  {question.expected}\n   otherwise {question.otherwise}\n")
    print("To paste into an issue:\n\n```text")
    print("\n".join(summary) + "\n```\n")
    if not files:
        print("Without --audit nothing is said about ARNs and about who was asked.")
    print(f"{count} of {len(results)} requests differ." if count else f"All {len(results)} as expected.")
    return 1 if count else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("url", nargs="?", help="the stack's output JiraUrl; http for loopback alone")
    add("--token-file", metavar="FILE", help="a file with a token, or - for standard input")
    add("--audit", action="append", default=[], metavar="FILE", help="where log lines are, or will be")
    add("--wait", type=int, default=300, metavar="SECONDS", help="how long to wait for them")
    add("--echo", type=int, metavar="PORT", help="be the origin in place of asking")
    add("--certificate", metavar="FILE", help="for --echo: the chain in PEM; it then serves https")
    add("--key", metavar="FILE", help="for --echo: the certificate's key")
    options = parser.parse_args()
    if options.echo is not None:
        return echo(options.echo, options.certificate, options.key)
    url = urlsplit((options.url or "").rstrip("/"))
    is_safe = url.scheme == "https" or url.scheme == "http" and url.hostname in LOOPBACK
    if not url.hostname or not is_safe:
        parser.error("a URL with https is needed")
    if not options.token_file:
        parser.error("--token-file is needed")
    text = sys.stdin.read() if options.token_file == "-" else Path(options.token_file).read_text()
    token = text.strip()
    if not re.fullmatch(r"[A-Za-z0-9._~+/=-]+", token):
        parser.error("the token file holds no token")
    return ask(url, token, options.audit, options.wait)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
