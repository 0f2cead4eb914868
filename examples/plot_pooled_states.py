"""
Nine speakers: a confusion matrix, and what the network sees
============================================================

Nine men say the Japanese vowels "ae". A sequence is one utterance: 7 to 29 steps of 12
numbers that describe the sound. A :class:`~sklearn_gru.GRUClassifier` with its defaults
tells who speaks.
"""

# %%
# Sequences of different lengths
# ------------------------------
# The set comes with sktime, in its official split. A cell of its table holds a Series.
# GRUClassifier reads such tables directly.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sktime.datasets import load_japanese_vowels

from sklearn_gru import GRUClassifier

X_train, y_train = load_japanese_vowels(split="train")
X_test, y_test = load_japanese_vowels(split="test")
print(f"{len(X_train)} utterances to learn from, {len(X_test)} to tell")

# %%
# Train, and compare
# ------------------
# Beside it: the most frequent speaker, and a logistic regression on the mean of each of
# the twelve numbers, which knows the sound but not its course.


def means(X):
    """Mean over time of every column of every sequence."""
    return np.array([[np.mean(cell) for cell in row] for row in X.to_numpy()])


classifier = GRUClassifier(random_state=0).fit(X_train, y_train)
logistic = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
logistic.fit(means(X_train), y_train)
dummy = DummyClassifier().fit(means(X_train), y_train)

print(f"GRU:                   accuracy {classifier.score(X_test, y_test):.3f}")
print(f"logistic, means:       accuracy {logistic.score(means(X_test), y_test):.3f}")
print(f"most frequent speaker: accuracy {dummy.score(means(X_test), y_test):.3f}")

# %%
# Who is taken for whom
# ---------------------

display = ConfusionMatrixDisplay.from_predictions(
    y_test, classifier.predict(X_test), colorbar=False
)
display.figure_.set_size_inches(4.5, 4.5)
display.figure_.set_layout_engine("constrained")

# %%
# What the pooled states see
# --------------------------
# ``transform`` returns what the last layer reads of a sequence: hidden states, pooled
# over time. Two principal components of them already set several speakers apart, in
# utterances that the network was not trained on. Of the means beside them one can't
# say that.

views = {
    "means of the twelve numbers": StandardScaler().fit_transform(means(X_test)),
    "pooled hidden states": classifier.transform(X_test),
}
fig, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for ax, (title, features) in zip(axes, views.items(), strict=True):
    points = PCA(2).fit_transform(features)
    for number, speaker in enumerate(classifier.classes_):
        of_speaker = points[np.asarray(y_test) == speaker]
        ax.scatter(*of_speaker.T, s=12, color=plt.cm.tab10(number), label=speaker)
    ax.set(title=title, xlabel="first component", ylabel="second component")
axes[1].legend(title="speaker", loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()
# sphinx_gallery_thumbnail_number = 2
