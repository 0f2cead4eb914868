"""Find links between the built pages that lead nowhere; `make docs` runs this."""

import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The places of a page, and where its links lead."""

    def __init__(self, path):
        super().__init__()
        self.places = set()
        self.links = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id":
                self.places.add(value)
            elif name in {"href", "src"}:
                self.links.append(value or "")


read = cache(Page)


def leads_somewhere(link, page, root):
    """Tell whether a link of a page has a target; those to other sites do."""
    address = urlsplit(link)
    if address.scheme or address.netloc:
        return True
    path, place = unquote(address.path), unquote(address.fragment)
    folder = root if path.startswith("/") else page.parent
    target = (folder / path.lstrip("/")).resolve() if path else page
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return False
    return not place or target.suffix != ".html" or place in read(target).places


def broken_links(root):
    """List links that lead nowhere, each as "page: link"."""
    # The theme keeps templates among its static files.
    pages = set(root.rglob("*.html")) - set(root.glob("_static/**/*.html"))
    return [
        f"{page.relative_to(root).as_posix()}: {link}"
        for page in sorted(pages)
        for link in dict.fromkeys(read(page).links)
        if not leads_somewhere(link, page, root)
    ]


def main(folder="docs/_build/html"):
    root = Path(folder).resolve()
    if not (root / "index.html").exists():
        sys.exit(f"{folder} has no index.html: expected a folder with built pages.")
    if broken := broken_links(root):
        sys.exit("\n".join([f"{len(broken)} links lead nowhere:", *broken]))


if __name__ == "__main__":
    main(*sys.argv[1:])
