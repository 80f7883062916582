"""Uses Bitbucket through `atlassian-python-api`: branches and tags with slashes and dots, and files below them.

Argument: Bitbucket's URL; the token comes on standard input. Prints what came back.
"""

import sys

from atlassian import Bitbucket
from requests import HTTPError

BRANCH = "refs/heads/feature/x"


def main():
    client = Bitbucket(url=sys.argv[1], token=sys.stdin.read())
    [branch] = client.get_branches("P", "r", base="refs/heads/main", filter="feature/x")
    print("branches", branch["displayId"])
    created = client.create_branch("P", "r", "feature/x", "refs/heads/main")
    print("created", created["values"][0]["sent"]["name"])
    [file] = client.get_file_list("P", "r", sub_folder="src/admin", query=BRANCH)
    print("files", file["path"])
    for name in ("src/admin/x.py", "src/100%25 [x]/中.txt"):
        content = client.get_content_of_file("P", "r", name, at=BRANCH)
        print("content", content.decode().strip())
    [tag] = client.get_tags("P", "r", filter="v1..v2")
    print("tags", tag["displayId"])
    tagged = client.set_tag("P", "r", "v1..v2", BRANCH)
    print("tagged", tagged["values"][0]["sent"]["name"])
    print("tag", "ok" if client.get_project_tags("P", "r", "release/v1..v2") else "nothing")
    try:
        list(client.all_repo_hook_settings("P", "r"))
    except HTTPError as error:
        print("refused", error.response.status_code)


if __name__ == "__main__":
    main()
