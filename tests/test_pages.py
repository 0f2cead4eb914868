"""What the pages refer to is there."""

import pydoc
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *DOCS.glob("*.rst"), *DOCS.glob("user_guide/*.rst")]
# Lines behind the head are "name kind page".
LISTED = [
    line.split()[0]
    for path in sorted(DOCS.glob("inventories/*.txt"))
    for line in path.read_text().splitlines()[3:]
]
SITE = {
    "index.html": """<a href="guide/first.html#two">good</a> <a href="guide/">good</a>
        <a href="https://example.org/none">elsewhere</a> <a href="#">top</a>
        <img src="none.png"> <a href="guide/first.html#three">no place</a>""",
    "guide/index.html": '<a href="../index.html">good</a> <a href="second.html">no</a>',
    "guide/first.html": '<h2 id="two">Two</h2> <a href="/index.html?q=a b">good</a>',
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_named_in_pages_exist(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)  # of Markdown
    named = re.findall(r"(?<![\w/.])(?:docs|tests|benchmarks)/[\w/]+\.\w+", text)
    assert [name for name in links + named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("name", LISTED)
def test_names_of_other_packages_exist(name):
    assert pydoc.locate(name) is not None


def run_links(folder):
    command = [sys.executable, DOCS / "links.py", folder]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_links_that_lead_nowhere_are_told(tmp_path):
    for name, body in SITE.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"<html><body>{body}</body></html>")
    run = run_links(tmp_path)
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "3 links lead nowhere:",
        "guide/index.html: second.html",
        "index.html: none.png",
        "index.html: guide/first.html#three",
    ]


def test_pages_without_such_links_pass(tmp_path):
    (tmp_path / "index.html").write_text('<a id="x" href="#x">good</a>')
    run = run_links(tmp_path)
    assert (run.returncode, run.stderr) == (0, "")


def test_a_folder_without_pages_is_refused(tmp_path):
    run = run_links(tmp_path)
    assert run.returncode == 1
    assert "has no index.html" in run.stderr
