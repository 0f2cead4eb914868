"""
Classification: what came first?
================================

These sequences of different lengths each have one upward and one downward pulse, hidden
in noise. The class is the pulse that came first, so a classifier has to remember. A
:class:`~sklearn_gru.GRUClassifier` takes such sequences as a plain list, and its gates
show what it kept.
"""

# %%
# Sequences of 40 to 80 steps
# ---------------------------

import numpy as np
from matplotlib import pyplot as plt
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_gru import GRUClassifier
from sklearn_gru.plotting import GateDisplay

rng = np.random.default_rng(0)
pulse = np.array([1.0, 2.0, 2.0, 1.0])


def make_sequence(first):
    """Draw a sequence of shape (length, 1); `first` is "up" or "down"."""
    length = rng.integers(40, 81)
    sequence = 0.7 * rng.normal(size=length)
    gap = rng.integers(8, length - 12)
    start = rng.integers(0, length - gap - len(pulse))
    sign = 1 if first == "up" else -1
    sequence[start : start + len(pulse)] += sign * pulse
    sequence[start + gap : start + gap + len(pulse)] -= sign * pulse
    return sequence[:, None]


y = rng.choice(["up", "down"], size=1200)
X = [make_sequence(first) for first in y]
X_train, X_test, y_train, y_test = X[:900], X[900:], y[:900], y[900:]

# %%
# Train, and compare
# ------------------
# Two baselines: the most frequent class, and a logistic regression on summaries (mean,
# spread, extremes), which know everything but the order.

classifier = GRUClassifier(random_state=0).fit(X_train, y_train)


def summaries(sequences):
    """Mean, standard deviation, smallest and largest value of each sequence."""
    return np.array([[s.mean(), s.std(), s.min(), s.max()] for s in sequences])


logistic = make_pipeline(StandardScaler(), LogisticRegression())
logistic.fit(summaries(X_train), y_train)
dummy = DummyClassifier().fit(summaries(X_train), y_train)

print(f"GRU:                 accuracy {classifier.score(X_test, y_test):.3f}")
for name, model in (("logistic, summaries", logistic), ("most frequent class", dummy)):
    print(f"{name}: accuracy {model.score(summaries(X_test), y_test):.3f}")

# %%
# Probabilities
# -------------
# ``predict_proba`` has one column per class, in the order of ``classes_``.

probability = classifier.predict_proba(X_test)
print("classes:", classifier.classes_)
print("first three sequences:", probability[:3].round(3).tolist())
print(f"log loss {log_loss(y_test, probability):.3f} (a coin has {np.log(2):.3f})")

display = ConfusionMatrixDisplay.from_predictions(
    y_test, classifier.predict(X_test), colorbar=False
)
display.figure_.set_size_inches(3.5, 3.5)
display.figure_.set_layout_engine("constrained")

# %%
# The gates
# ---------
# By default the recurrent layer reads segments, in both directions, behind
# convolutions. A plain GRU, which reads step by step and keeps only its last state,
# shows more clearly how a GRU remembers.

plain = GRUClassifier(
    units=16,
    bidirectional=False,
    pooling="last",
    segment_length=1,
    normalized=False,
    differences=False,
    conv_filters=None,
    time_warp=0,
    dropout=0,
    lr=0.005,
    max_epochs=30,
    early_stopping=False,
    random_state=0,
)
plain.fit(X_train, y_train)
print(f"plain GRU: accuracy {plain.score(X_test, y_test):.3f}")

# %%
# :class:`~sklearn_gru.plotting.GateDisplay` draws what ``gates`` returns: the update
# and the reset gate of every unit at every step. An update gate of 1 keeps a unit's
# state as it is, a gate of 0 overwrites it. The units are sorted by the mean of the
# gate: the state of those at the top changes least.

display = GateDisplay.from_estimator(plain, [X_test[0]], names=["sequence"])
display.axes_["sequence"].set_title(f'A sequence with "{y_test[0]}" first')
plt.show()
# sphinx_gallery_thumbnail_number = 2
