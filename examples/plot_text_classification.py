"""
Text classification: a GRU, or counts of n-grams?
=================================================

A :class:`~sklearn_gru.CharSequenceTransformer` and a
:class:`~sklearn_gru.GRUClassifier` with an embedding read text character by character.
Are they better than TF-IDF with a logistic regression? On a thousand passages of prose
they are not. If the class depends on the order of the characters, they are.
"""

# %%
# A labelled set that comes with Python
# -------------------------------------
# Passages of Python's own help texts. The class is the chapter of the documentation
# that a passage is from.

import numpy as np
from matplotlib import pyplot as plt
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import (
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_predict,
    train_test_split,
)
from sklearn.pipeline import Pipeline, make_pipeline

from sklearn_gru import CharSequenceTransformer, GRUClassifier, datasets

passages = datasets.load_help_topics()
print(passages["chapter"].value_counts().to_string(), end="\n\n")
print(passages["text"][100])

# %%
# The models
# ----------
# The first 100 characters of a passage say nearly as much as all of it, in less time.
# Dropout is needed: a network learns a thousand texts by heart.

gru = Pipeline(
    [
        ("chars", CharSequenceTransformer(max_length=100)),
        (
            "gru",
            GRUClassifier(
                embedding_dim=16,
                conv_filters=64,
                dropout=0.5,
                early_stopping=False,
                random_state=0,
            ),
        ),
    ]
)
logistic = LogisticRegression(C=10, max_iter=1000)
ngrams = TfidfVectorizer(analyzer="char", ngram_range=(1, 4))
models = {
    "most frequent class": DummyClassifier(),
    "TF-IDF, words": make_pipeline(TfidfVectorizer(), logistic),
    "TF-IDF, 1 to 4 characters": make_pipeline(ngrams, logistic),
    "GRU, characters": gru,
}

# %%
# Two questions
# -------------
# If single passages are held out, others of the same topic (such as ``help("while")``)
# are in the training set, and a model can recognise the topic by its words. If whole
# topics are held out, it has to know how a *chapter* sounds. These are different
# questions, and they have different answers.

splits = {
    "passages of known topics": StratifiedKFold(4, shuffle=True, random_state=0),
    "topics never seen": StratifiedGroupKFold(4, shuffle=True, random_state=0),
}
accuracy = {name: {} for name in models}


def show(question):
    print(f"\n{question}:")
    for name, scores in accuracy.items():
        if question in scores:
            print(f"  {name:26} accuracy {scores[question]:.3f}")


for question, split in splits.items():
    groups = passages["topic"] if "never" in question else None
    for name, model in models.items():
        predicted = cross_val_predict(
            model, passages["text"], passages["chapter"], cv=split, groups=groups
        )
        accuracy[name][question] = accuracy_score(passages["chapter"], predicted)
    show(question)

# %%
# The n-grams win the first question by far: they know a topic by its words, which a GRU
# has to learn letter by letter from the same thousand texts. With topics that nobody
# has seen, that lead is gone. There all three are a good deal better than the most
# frequent class, none is good, and the folds differ by more than the models do.
#
# Where order decides
# -------------------
# Brackets, nested as they should be or with some of them exchanged. Both classes have
# the same characters, and counts of n-grams tell only part of it. A GRU can count how
# deep it is.

rng = np.random.default_rng(0)


def make_brackets(pairs):
    """Nest `pairs` pairs of brackets at random."""
    text, depth = "", 0
    while len(text) < 2 * pairs:
        may_open = len(text) + depth < 2 * pairs
        opens = may_open and (depth == 0 or rng.random() < 0.5)
        text += "(" if opens else ")"
        depth += 1 if opens else -1
    return text


def is_nested(text):
    depth = np.cumsum([1 if bracket == "(" else -1 for bracket in text])
    return bool(depth.min() >= 0)


def break_brackets(text):
    """Exchange brackets until the nesting is broken."""
    while is_nested(text):
        i, j = rng.choice(len(text), 2, replace=False)
        brackets = list(text)
        brackets[i], brackets[j] = brackets[j], brackets[i]
        text = "".join(brackets)
    return text


nested = [make_brackets(pairs) for pairs in rng.integers(8, 16, size=2000)]
texts = sorted({*nested[:1000], *map(break_brackets, nested[1000:])})
labels = ["nested" if is_nested(text) else "broken" for text in texts]
for i in range(0, len(texts), 400):
    print(f"{labels[i]}: {texts[i]}")

# %%
# No text is there twice, so none is in both halves of the split.

X_train, X_test, y_train, y_test = train_test_split(texts, labels, random_state=0)
counting = GRUClassifier(
    units=16,
    embedding_dim=4,
    lr=0.01,
    max_epochs=30,
    early_stopping=False,
    random_state=0,
)
for name, model in {
    "most frequent class": DummyClassifier(),
    "TF-IDF, 1 to 4 characters": make_pipeline(ngrams, logistic),
    "GRU, characters": make_pipeline(CharSequenceTransformer(), counting),
}.items():
    model.fit(X_train, y_train)
    accuracy[name]["nested brackets"] = model.score(X_test, y_test)
show("nested brackets")

# %%
# Side by side
# ------------
# Begin with TF-IDF: it takes a second, and where words determine the class it is hard
# to beat. A GRU over characters is for classes that depend on the order, as in code,
# commands or formulas.

fig, ax = plt.subplots(figsize=(8, 4), layout="constrained")
questions = [*splits, "nested brackets"]
colors = ["0.8", "#9ecae1", "#4292c6", "#e6550d"]
for i, (name, scores) in enumerate(accuracy.items()):
    places = [k + 0.2 * (i - 1.5) for k, q in enumerate(questions) if q in scores]
    bars = ax.bar(places, list(scores.values()), 0.19, color=colors[i], label=name)
    ax.bar_label(bars, fmt="%.2f", fontsize=9)
ax.set_xticks(range(3), questions)
ax.set(ylabel="accuracy", ylim=(0, 1.05))
ax.spines[["top", "right"]].set_visible(False)
fig.legend(frameon=False, loc="outside upper center", ncols=4, fontsize=9)
plt.show()
