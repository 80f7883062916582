"""Attaches a file under each name, and fetches it again where Jira says that it is.

Arguments: the client, Jira's URL, a file with the names; the token comes on standard input. Prints a line of
JSON for each: the number of the name, the status of the download, and whether the content is the one sent.
"""

import io
import json
import sys
from pathlib import Path


def with_jira(url, token):
    from jira import JIRA, JIRAError

    client = JIRA(server=url, token_auth=token, max_retries=0, get_server_info=False)

    def there_and_back(name, content):
        attached = client.add_attachment("DEMO-1", io.BytesIO(content), filename=name)
        try:
            return attached.get(), 200
        except JIRAError as error:
            return error.text, error.status_code

    return there_and_back


def with_atlassian_python_api(url, token):
    from atlassian import Jira
    from requests import HTTPError

    client = Jira(url=url, token=token)

    def there_and_back(name, content):
        file = io.BytesIO(content)
        file.name = name
        [attached] = client.add_attachment_object("DEMO-1", file)
        try:
            return client.get_attachment_content(attached["id"]), 200
        except HTTPError as error:
            return error.response.json()["message"], error.response.status_code

    return there_and_back


def main():
    name, url, names = sys.argv[1:]
    clients = {"jira": with_jira, "atlassian-python-api": with_atlassian_python_api}
    there_and_back = clients[name](url, sys.stdin.read())
    for number, name in enumerate(json.loads(Path(names).read_text())):
        content = f"the content of number {number}".encode()
        got, status = there_and_back(name, content)
        said = "" if status == 200 else got
        print(json.dumps({"number": number, "status": status, "same": got == content, "said": said}))


if __name__ == "__main__":
    main()
