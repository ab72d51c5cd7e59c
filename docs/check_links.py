#!/usr/bin/env python3
# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Checks the links in the built documentation: every file and every anchor that a page refers to exists.

python docs/check_links.py [FOLDER]              FOLDER is build/docs by default
python docs/check_links.py --external [FOLDER]   also asks other sites; needs the network

Links to other sites are counted, and asked only with --external. LinkChecker can do the same, but was not done after
ten minutes.
"""

import argparse
import sys
import urllib.error
import urllib.request
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
#: Attributes that hold an address.
ADDRESSES = {"href", "src"}


class Page(HTMLParser):
    """The anchors of a page, and the addresses that it refers to."""

    def __init__(self, text):
        super().__init__()
        self.anchors, self.addresses = {"", "top"}, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            elif name in ADDRESSES and value is not None:
                self.addresses.append(value)


def read(folder):
    """All pages of a folder, by path."""
    return {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))}


def broken_links(folder):
    """A message about each link of a page to a file or an anchor that does not exist."""
    pages = read(folder)
    for path, page in pages.items():
        for address in dict.fromkeys(page.addresses):
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                yield f"{path.relative_to(folder.resolve())}: {address}: there is no such file"
            elif target in pages and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{path.relative_to(folder.resolve())}: {address}: there is no such anchor"


def external_links(folder):
    """The addresses of other sites, without anchors."""
    addresses = {address.partition("#")[0] for page in read(folder).values() for address in page.addresses}
    return sorted(address for address in addresses if urlsplit(address).scheme in ("http", "https"))


def unreachable(address):
    """Why a site does not answer, or None."""
    request = urllib.request.Request(address, headers={"User-Agent": "Mozilla/5.0 (link check of openmm-learnedpair)"})
    try:
        with urllib.request.urlopen(request, timeout=30):
            return None
    except urllib.error.HTTPError as error:
        error.close()  # closes the connection; Python 3.14 warns about open ones
        # Publishers refuse programs with these; the page exists.
        return None if error.code in (403, 405, 429) else f"status {error.code}"
    except OSError as error:
        return str(error)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "docs", metavar="FOLDER")
    parser.add_argument("--external", action="store_true", help="also ask other sites")
    options = parser.parse_args()
    if not (options.folder / "index.html").is_file():
        sys.exit(f"check_links: there is no {options.folder / 'index.html'}; run docs/build_site first.")
    messages, others = list(broken_links(options.folder)), external_links(options.folder)
    if options.external:
        messages += [f"{address}: {reason}" for address in others if (reason := unreachable(address))]
    print(*messages, sep="\n", end="\n" if messages else "")
    asked = "asked" if options.external else "not asked"
    print(f"check_links: {len(messages)} broken links; {len(others)} addresses of other sites, {asked}")
    return 1 if messages else 0


if __name__ == "__main__":
    sys.exit(main())
