import sys
from types import SimpleNamespace

from sklearn_gru import datasets

TOPICS = {
    "compound": """
Compound statements
*******************

Compound statements contain (groups of) other statements; they affect or control
others.

   while_stmt ::= "while" assignment_expression ":" suite and more of the grammar.

The "while" statement is used for repeated execution as long as an expression is true.
""",
    "while": """
The "while" statement is used for repeated
execution as long as an expression is true.

>>> while True: pass  # an example, and examples are no prose at all, are they.

Too short.
""",
    "new-in-some-version": "A topic that no chapter has, long enough to be a passage.",
}


def test_help_topics_come_with_their_chapters():
    table = datasets.load_help_topics()
    assert list(table.columns) == ["text", "chapter", "topic"]
    assert table["text"].is_unique
    assert table["text"].str.len().min() >= 60
    assert (table.groupby("topic")["chapter"].nunique() == 1).all()
    counts = table["chapter"].value_counts()
    assert set(counts.index) == set(datasets.HELP_CHAPTERS)
    assert counts.min() >= 50


def test_help_topics_of_other_versions_of_python(monkeypatch):
    module = SimpleNamespace(topics=TOPICS)
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", module)
    table = datasets.load_help_topics()
    assert table["topic"].tolist() == ["compound", "while"]
    assert table["chapter"].tolist() == ["statements"] * 2
    assert table["text"].str.split().str[:2].str.join(" ").tolist() == [
        "Compound statements",
        'The "while"',
    ]
