"""Shows the authorizer at work: every sample event through `cargo lambda invoke`, offline."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTION = "atlassian-authorizer"
# Each sample, and what must come of it, by the settings that it is for: the template serves products
# below `/jira` and the like, and a WebSocket API is one of the operator's own.
SAMPLES = {
    "settings": {
        "rest-token": 200,
        "rest-request": 200,
        "http-1.0": 200,
        "http-2.0": 200,
        "expired-token": 401,
        "forbidden-route": 403,
    },
    "custom-api": {"websocket": 200},
}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port, process):
    """Waits until something listens; False when the process ended instead."""
    for _ in range(600):
        if process.poll() is not None:
            return False
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.1)
    return False


def invoke(event, port):
    command = ["cargo", "lambda", "invoke", FUNCTION]
    command += ["--invoke-address", "127.0.0.1", "--invoke-port", str(port)]
    command += ["--data-file", str(event)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    try:
        return json.loads(result.stdout), result.stderr
    except json.JSONDecodeError:
        return None, result.stderr + result.stdout


def arn_of(event):
    return event.get("routeArn") or event["methodArn"]


def matches(pattern, text):
    """IAM's wildcards."""
    head, star, rest = pattern.partition("*")
    if not star:
        return pattern == text
    if not text.startswith(head):
        return False
    text = text[len(head):]
    return any(matches(rest, text[start:]) for start in range(len(text) + 1))


def evaluate(answer, arn):
    """What API Gateway makes of an answer, and the resource that decided."""
    allowed = None
    for statement in answer["policyDocument"]["Statement"]:
        for resource in statement["Resource"]:
            if matches(resource, arn):
                if statement["Effect"] == "Deny":
                    return 403, "Deny  " + resource
                allowed = allowed or "Allow " + resource
    return (200, allowed) if allowed else (403, "no Allow matches")


def show(name, wanted, port):
    event = ROOT / "events" / f"{name}.json"
    answer, errors = invoke(event, port)
    content = json.loads(event.read_text())
    arn = arn_of(content)
    route = arn.split("/", 2)[2]
    kind = content.get("version") or content["type"]
    print(f"{name}  ({kind})")
    print(f"  asked     {route}")
    if answer is None:
        status = 401 if "Unauthorized" in errors else 500
        detail = [f"error     {'Unauthorized' if status == 401 else errors.strip()}"]
    else:
        status, reason = evaluate(answer, arn)
        resources = sum(len(one["Resource"]) for one in answer["policyDocument"]["Statement"])
        context = answer["context"]
        detail = [
            f"username  {context['username']}   groups {context['groups'] or '-'}   scope {context['scope']}",
            f"policy    {resources} resources; {reason.replace(arn.split('/', 1)[0], '…')}",
        ]
        if status == 403:
            # The same policy serves every route of the product: it lists what is allowed.
            for statement in answer["policyDocument"]["Statement"]:
                if statement["Effect"] == "Allow":
                    routes = [one.split("/", 2)[2] for one in statement["Resource"]]
                    detail.append("allowed   " + "  ".join(routes))
    for line in detail:
        print(textwrap.fill(line, 96, initial_indent="  ", subsequent_indent=" " * 12))
    verdict = {200: "let through", 401: "401", 403: "403", 500: "500"}[status]
    print(f"  result    {verdict}" + ("" if status == wanted else f", but {wanted} was expected"))
    print()
    return status == wanted


def run(settings, samples, log):
    """Whether each sample came out as it must; None when the function did not start."""
    port = free_port()
    source = "file:" + str(ROOT / "events" / f"{settings}.json")
    with log.open("a") as output:
        watch = subprocess.Popen(
            ["cargo", "lambda", "watch", "--invoke-address", "127.0.0.1", "--invoke-port", str(port)]
            + ["--ignore-changes", "--env-var", f"AUTHORIZER_SETTINGS={source}"],
            cwd=ROOT,
            env=dict(os.environ, AUTHORIZER_SETTINGS=source),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            if not wait_for(port, watch):
                print(f"cargo lambda watch did not start; see {log}")
                return None
            print(f"\nThe function is up on 127.0.0.1:{port} with events/{settings}.json;")
            print(f"its log is in {log.relative_to(ROOT)}.\n")
            return [show(name, wanted, port) for name, wanted in samples.items()]
        finally:
            # The whole session: cargo-lambda starts cargo, and cargo the function.
            os.killpg(watch.pid, signal.SIGTERM)
            try:
                watch.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(watch.pid, signal.SIGKILL)


def main():
    print("Building (a few minutes the first time) ...", flush=True)
    if subprocess.run(["cargo", "build", "--locked", "--bins"], cwd=ROOT).returncode != 0:
        return 1
    log = ROOT / "target" / "run.log"
    log.write_text("")
    results = []
    for settings, samples in SAMPLES.items():
        came = run(settings, samples, log)
        if came is None:
            return 1
        results += came
    print(f"{sum(results)} of {len(results)} samples gave the expected result.")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
