"""Extracts the routes of Atlassian's REST APIs from npm packages into tests/routes/*.tsv.

The packages are clients that others made from Atlassian's own OpenAPI files. They are pinned by
version and by hash, and nothing in them runs: the script reads their archives as text.

A rerun keeps the class and the doubt of each route that a file has already, and each row that has
another source than a package: those were added by hand. A new route gets the class `?`. A route
that no package has any longer is dropped, and named.

    python3 tools/routes/extract.py
"""

import base64
import hashlib
import re
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DOWNLOADS = ROOT / ".tools" / "routes"
TABLES = ROOT / "tests" / "routes"
COLUMNS = ["product", "method", "path", "class", "source", "doubt"]
UNKNOWN = "?"

# Each package, and the SHA-512 of its archive as the npm registry states it.
PACKAGES = {
    "@atlassian-dc-mcp/bitbucket 0.34.0": (
        "VKN2DDAdUW8CJfe+9iV1npNnUSALe7EQZaE6ASBdFC/1"
        "GtoCY1xAiy+JRKqIx+0fJTNddMKE6e6JWqewrWCbAw=="
    ),
    "@atlassian-dc-mcp/confluence 0.34.0": (
        "Da523tfnwO8ec2U25SvwyCnnGaRT5NyyMLewXFhW2G36"
        "LqEJHPSaU6a5agOpHZUJQktYyQUzyUgE73EORSUzyA=="
    ),
    "@atlassian-dc-mcp/jira 0.34.0": (
        "cOu2wV7tRJiiTOIHZYcpq+qndQvR/lisei64+5bkGVgH"
        "7UfxA7sC9f/WNMuPbXs34RKvabH5nPOCBEjbHTM+Qw=="
    ),
    "bitbucket 2.12.0": (
        "YqaiTPEmn5mkwdU2gGcJZcQ6B8/DhCHhc3SSYqSpnef6"
        "nSTTSa/2GSBoLEgPLqAuqrQITGKq8MgYkfDMtnJPuw=="
    ),
    "confluence.js 2.1.0": (
        "MNu62y7aHABER3cmwKwKeCdxTZFe1sfvhDyhN/7ikaZn"
        "N7p4B9igJVJkgvLW2JTLsQ+3GGbQ4D18KkZIdfKGaw=="
    ),
    "confluence.js 3.2.0": (
        "UsFoc5qlt1N6wWvE4aCz9Qbgfc9nq5wusLAbSWGCWw0X"
        "YEDnmzdOiEHwFUmV7XU52pnsXszCUNFMiVOxEyvE2A=="
    ),
    "jira.js 5.4.0": (
        "W/ZumutCfEYPA8Zqf5CuokfHCvmm9OybLpv1Kt6W5usO"
        "rt8gfbtvczCARkIJOlWq1aOJ/tp1LuaZzUWlXto3Qw=="
    ),
    "jira.js 6.2.0": (
        "tF6FUfByN0ezxR1SoA5iZ49FI0U/GdHLR+r3FDq4aqHO"
        "2MlVKE2VitAsnsa1ThFhdT82hTSCYXw8jT9zbeOIRw=="
    ),
}


@dataclass(frozen=True)
class List:
    """Some routes of a package: which of its files, and which routes in them."""

    package: str
    # The files to read.
    files: str
    # Whether a call names its method before its URL.
    method_first: bool
    # What the client puts between the product's base URL and the URLs in the files.
    base: str = ""
    # The routes to take, by a pattern of the whole path.
    only: str = "/.*"
    # What to add to the source.
    note: str = ""

    @property
    def source(self):
        return self.package + self.note


JIRA = ("@atlassian-dc-mcp/jira 0.34.0", "src/jira-client/services/[^/]+[.]ts", True, "/rest")
CLOUDS = " (Cloud's list of the same API)"
# The lists of each product. When two have a route, the first one names it. The older releases are
# there for the routes that the newer ones leave out, deprecated and experimental ones among them.
PRODUCTS = {
    "jira": [List(*JIRA, only="/rest/(?!agile/).*")],
    "jira_software": [List(*JIRA, only="/rest/agile/.*")],
    # No package has the Data Center's own list.
    "jira_service_management": [
        List("jira.js 6.2.0", "src/serviceDesk/api/[^/]+[.]ts", False, note=CLOUDS),
        List("jira.js 5.4.0", "src/serviceDesk/[^/]+[.]ts", False, note=CLOUDS),
    ],
    "confluence": [
        List(
            "@atlassian-dc-mcp/confluence 0.34.0",
            "src/confluence-client/services/[^/]+[.]ts",
            True,
        )
    ],
    "bitbucket": [
        List(
            "@atlassian-dc-mcp/bitbucket 0.34.0",
            "src/bitbucket-client/services/[^/]+[.]ts",
            True,
            "/rest",
        )
    ],
    "jira_cloud": [
        List("jira.js 6.2.0", "src/cloud/api/[^/]+[.]ts", False),
        List("jira.js 5.4.0", "src/version3/[^/]+[.]ts", False),
    ],
    "jira_software_cloud": [
        List("jira.js 6.2.0", "src/agile/api/[^/]+[.]ts", False),
        List("jira.js 5.4.0", "src/agile/[^/]+[.]ts", False),
    ],
    "jira_service_management_cloud": [
        List("jira.js 6.2.0", "src/serviceDesk/api/[^/]+[.]ts", False),
        List("jira.js 5.4.0", "src/serviceDesk/[^/]+[.]ts", False),
    ],
    "confluence_cloud": [
        List("confluence.js 3.2.0", "dist/v[12]/api/[^/]+[.]js", False),
        List("confluence.js 2.1.0", "src/api/[^/]+[.]ts", False, "/wiki/rest"),
    ],
    "bitbucket_cloud": [List("bitbucket 2.12.0", "lib/index[.]js", True, "/2.0")],
}

# A method or a URL in a client's code: `method: 'GET'`, `url: "/user"`, url: `/x/${parameters.id}`.
PART = re.compile(
    r"""\b(?:method:\s*(?P<m>["'`])(?P<method>[A-Z]+)(?P=m)"""
    r"""|url:\s*(?P<u>["'`])(?P<url>/.*?)(?P=u))"""
)


def archive_of(package):
    """Downloads a package unless that was done before; the path of its archive."""
    name, version = package.split()
    path = DOWNLOADS / f"{name.lstrip('@').replace('/', '-')}-{version}.tgz"
    if not path.exists():
        DOWNLOADS.mkdir(parents=True, exist_ok=True)
        command = ["npm", "pack", "--silent", f"{name}@{version}"]
        subprocess.run(command, cwd=DOWNLOADS, check=True, stdout=subprocess.DEVNULL)
    digest = base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    if digest != PACKAGES[package]:
        sys.exit(f"{path}: not the archive that is pinned")
    return path


def texts_of(package, files):
    """The text of each file of a package whose path matches."""
    with tarfile.open(archive_of(package)) as archive:
        for member in archive.getmembers():
            path = member.name.partition("/")[2]
            if member.isfile() and re.fullmatch(files, path):
                yield path, archive.extractfile(member).read().decode()


def calls_of(text, method_first):
    """Each method with its URL. A method alone is no call; a URL alone is a mistake."""
    method = url = None
    for part in PART.finditer(text):
        if part["url"] and (url or method_first and not method):
            raise ValueError(f"no method: {url or part['url']}")
        if part["url"] and method_first:
            yield method, part["url"]
            method = None
        elif part["url"]:
            url = part["url"]
        elif method_first:
            method = part["method"]
        elif url:
            yield part["method"], url
            url = None
    if url:
        raise ValueError(f"no method: {url}")


def normal(url):
    """The path alone, with `{name}` for each parameter."""
    # `${parameters.id}` and `${encodeURIComponent(id)}`: the last name in it.
    url = re.sub(r"\$\{[^{}]*?(\w+)\W*\}", r"{\1}", url)
    # `?a=b`, and `{?a,b}` of a URI template.
    path = re.sub(r"\{[?&#][^}]*\}|[?#].*", "", url)
    if not re.fullmatch(r"(/([\w.~@:-]|\{[\w.-]+\})*)+", path) or "//" in path:
        raise ValueError(f"no path: {url}")
    return path.rstrip("/")


def shape(method, path):
    """What makes two routes the same: all but the names of the parameters."""
    return method, re.sub(r"\{[^}]*\}", "{}", path)


def routes_of(lists):
    """The routes of all the lists, by shape."""
    routes = {}
    for each in lists:
        found = False
        for file, text in texts_of(each.package, each.files):
            try:
                for method, url in calls_of(text, each.method_first):
                    path = normal(each.base + url)
                    if re.fullmatch(each.only, path):
                        found = True
                        routes.setdefault(shape(method, path), (method, path, each.source))
            except ValueError as error:
                sys.exit(f"{each.package}: {file}: {error}")
        if not found:
            sys.exit(f"{each.package}: no routes in {each.files}")
    return routes


def read(table):
    """The rows of a table by shape; none when there is no such file."""
    if not table.exists():
        return {}
    header, *lines = table.read_text().splitlines()
    if header.split("\t") != COLUMNS:
        sys.exit(f"{table}: other columns than {' '.join(COLUMNS)}")
    rows = {}
    for number, line in enumerate(lines, 2):
        fields = line.split("\t")
        if len(fields) != len(COLUMNS):
            sys.exit(f"{table}:{number}: {len(fields)} columns, not {len(COLUMNS)}")
        row = dict(zip(COLUMNS, fields))
        rows[shape(row["method"], row["path"])] = row
    return rows


def by_hand(row):
    """Whether a row has another source than a package, of whatever version."""
    return row["source"].split(" ")[0] not in {package.split()[0] for package in PACKAGES}


def update(product, lists):
    """Writes a product's table."""
    table = TABLES / f"{product}.tsv"
    before = read(table)
    rows = {key: row for key, row in before.items() if by_hand(row)}
    kept = len(rows)
    new = 0
    for key, (method, path, source) in routes_of(lists).items():
        if key in rows:
            continue
        known = before.get(key)
        new += known is None
        rows[key] = {
            "product": product,
            "method": method,
            "path": path,
            "class": known["class"] if known else UNKNOWN,
            "source": source,
            "doubt": known["doubt"] if known else "",
        }
    for key, row in before.items():
        if key not in rows:
            print(f"{table.name}: dropped {row['method']} {row['path']}, class {row['class']}")
    ordered = sorted(rows.values(), key=lambda row: (row["path"], row["method"]))
    lines = ["\t".join(COLUMNS)] + ["\t".join(row[name] for name in COLUMNS) for row in ordered]
    TABLES.mkdir(parents=True, exist_ok=True)
    table.write_text("\n".join(lines) + "\n")
    print(f"{table.name}: {len(rows)} routes, {new} of them new, {kept} by hand")


def main():
    for product, lists in PRODUCTS.items():
        update(product, lists)


if __name__ == "__main__":
    main()
