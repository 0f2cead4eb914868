"""
Gates: a network that holds a value
===================================

Every step of a sequence has a value, which is noise, and a marker, which is 0 or 1. The
target is the value at the latest marker. So a network must take in the value at a
marker, and keep it past all the values that follow. That is what gates are for, and
here one can watch them do it: :doc:`/user_guide/gru` has their equations.
"""

# %%
# The sequences
# -------------
# A marker stands at the first step, and at about one in seventeen after it.

import numpy as np
from matplotlib import pyplot as plt

from sklearn_gru import GRURegressor
from sklearn_gru.plotting import GateDisplay

rng = np.random.default_rng(0)
n_samples, n_steps = 600, 60
value = rng.uniform(-1, 1, size=(n_samples, n_steps))
marker = rng.random((n_samples, n_steps)) < 0.06
marker[:, 0] = True
latest = np.maximum.accumulate(np.where(marker, np.arange(n_steps), 0), axis=1)
held = np.take_along_axis(value, latest, axis=1)

X = np.stack([value, marker], axis=2)
X_train, X_test = X[:500], X[500:]
y_train, y_test = held[:500], held[500:]

# %%
# Three cells of six units
# ------------------------
# With ``return_sequences=True`` there is a target at every step. The baselines are the
# mean of the training targets, and the value of the step itself.

models = {
    cell: GRURegressor(
        units=6,
        cell=cell,
        return_sequences=True,
        lr=0.02,
        max_epochs=60,
        random_state=0,
    ).fit(X_train, y_train)
    for cell in ("gru", "lstm", "rnn")
}
forecasts = {name: model.predict(X_test) for name, model in models.items()}
forecasts["mean of the targets"] = y_train.mean()
forecasts["value of the step"] = X_test[:, :, 0]
for name, forecast in forecasts.items():
    print(f"{name:20s} mean absolute error {np.abs(forecast - y_test).mean():.3f}")

# %%
# The gates of the GRU
# --------------------
# An update gate of 1 keeps the state of a unit, a gate of 0 replaces it. The units that
# hold the value have a gate near 1 at all steps but those with a marker. The others
# follow what they read. The reset gate, too, closes in most units at a marker: the
# new state should not depend on the old one.

display = GateDisplay.from_estimator(models["gru"], X_test, names=["value", "marker"])
top = display.axes_["sequence"]
top.plot(forecasts["gru"][0], color="C3", lw=2, label="what the GRU says")
top.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))

# %%
# The same over all sequences of the test set, as the mean of each unit's update gate:

update = models["gru"].gates(X_test)["update"]
at_markers = marker[500:]
units = np.argsort(update.mean(axis=(0, 1)))
for name, steps in (("at markers", at_markers), ("elsewhere", ~at_markers)):
    print(f"update gate {name:10s}", update[steps].mean(axis=0)[units].round(2))
plt.show()
