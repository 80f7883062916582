"""Uses Jira through two clients of PyPI: who I am, a search, a new issue, an attachment.

Arguments: the client, Jira's URL, a folder; the token comes on standard input.
"""

import sys
from pathlib import Path

FIELDS = {"project": {"key": "DEMO"}, "issuetype": {"name": "Task"}, "summary": "Made by a client"}


def with_jira(url, token, note):
    from jira import JIRA

    client = JIRA(server=url, token_auth=token, max_retries=0)
    print("myself", client.myself()["name"])
    for issue in client.search_issues("project = DEMO"):
        print("search", issue.key, issue.fields.summary)
    created = client.create_issue(fields=FIELDS)
    print("created", created.key)
    with note.open("rb") as content:
        attached = client.add_attachment(created, content)
    print("attached", attached.filename, attached.size)


def with_atlassian_python_api(url, token, note):
    from atlassian import Jira

    client = Jira(url=url, token=token)
    print("myself", client.myself()["name"])
    for issue in client.jql("project = DEMO")["issues"]:
        print("search", issue["key"], issue["fields"]["summary"])
    created = client.issue_create(fields=FIELDS)
    print("created", created["key"])
    [attached] = client.add_attachment(created["key"], str(note))
    print("attached", attached["filename"], attached["size"])


def main():
    name, url, folder = sys.argv[1:]
    note = Path(folder) / "note.txt"
    note.write_bytes(b"0123456789" * 30_000)
    clients = {"jira": with_jira, "atlassian-python-api": with_atlassian_python_api}
    clients[name](url, sys.stdin.read(), note)


if __name__ == "__main__":
    main()
