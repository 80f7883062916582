"""Follows the links of Jira's answers by the client `jira`: changes an issue, and fetches an attachment.

Argument: Jira's URL; the token comes on standard input. Prints what became of each.
"""

import io
import sys

from jira import JIRA, JIRAError


def attempt(name, call):
    try:
        call()
        print(name, "done")
    except JIRAError as error:
        print(name, error.status_code)


def main():
    client = JIRA(server=sys.argv[1], token_auth=sys.stdin.read(), max_retries=0, get_server_info=False)
    issue = client.issue("DEMO-1")
    attempt("update", lambda: issue.update(fields={"summary": "Changed"}))
    attached = client.add_attachment(issue, io.BytesIO(b"x"), filename="x.txt")
    attempt("download", attached.get)


if __name__ == "__main__":
    main()
