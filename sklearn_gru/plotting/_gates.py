"""What the gates of a network did while it read a sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sklearn_gru.plotting._axes import axes_for, count_on, figure_of, finish, styled
from sklearn_gru.plotting._inputs import unwrapped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Self

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D
    from numpy.typing import ArrayLike

    from sklearn_gru._types import Array, Floats, ManyAxes, Style, TimeAxis

# What a gate of 1 does.
MEANINGS = {
    "update": "1 keeps the state",
    "reset": "1 shows the state",
    "input": "1 lets the input in",
    "forget": "1 keeps the state",
    "output": "1 shows the state",
}
STYLES = ("-", "--", ":", "-.")
IMAGE: Style = {
    "cmap": "cividis",
    "vmin": 0,
    "vmax": 1,
    "aspect": "auto",
    "origin": "lower",
    "interpolation": "nearest",
}


class GateDisplay:
    """A plot of the gates of a network, beside the sequence that it reads.

    The units of each gate are sorted by their mean over time.

    Make one by `from_estimator` or `from_predictions`.

    Parameters
    ----------
    sequence : ndarray of shape (n_timesteps, n_features)
    gates : dict of str to ndarray of shape (n_segments, units)
        Activations between 0 and 1: "update" and "reset" of a GRU, "input", "forget"
        and "output" of an LSTM.
    segment_length : int, default=1
        Time steps of each row of the gates.
    names : list of str, default=None
        Of the features; if None, several are numbered.

    Attributes
    ----------
    axes_ : dict of str to matplotlib.axes.Axes
        "sequence", and one for each gate.
    figure_ : matplotlib.figure.Figure
    lines_ : list of matplotlib.lines.Line2D
        One for each feature.
    images_ : dict of str to matplotlib.image.AxesImage
        One for each gate.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gru import GRURegressor
    >>> from sklearn_gru.plotting import GateDisplay
    >>> X = np.random.default_rng(0).normal(size=(30, 8))
    >>> model = GRURegressor(units=4, max_epochs=2).fit(X, X[:, -1])
    >>> display = GateDisplay.from_estimator(model, X, sample=2)
    >>> list(display.axes_)
    ['sequence', 'update', 'reset']
    """

    axes_: dict[str, Axes]
    figure_: Figure
    lines_: list[Line2D]
    images_: dict[str, AxesImage]

    def __init__(
        self,
        sequence: Floats,
        gates: dict[str, Array],
        segment_length: int = 1,
        names: list[str] | None = None,
    ) -> None:
        self.sequence = sequence
        self.gates = gates
        self.segment_length = segment_length
        self.names = names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        *,
        sample: int = 0,
        names: list[str] | None = None,
        **plot_options: Any,
    ) -> Self:
        """Draw the gates of a fitted estimator for one sequence.

        Parameters
        ----------
        estimator : GRUClassifier, GRURegressor, or Pipeline or search around one
            Fitted. A search shows its ``best_estimator_``.
        X : array-like or list of arrays
            Sequences, as in the estimator's `predict`. What a pipeline makes of them is
            drawn.
        sample : int, default=0
            Which of them to draw.
        names : list of str, default=None
            Of the features, with their units.
        **plot_options
            As in `plot`.

        Returns
        -------
        GateDisplay

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If it has no gates.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gru import GRURegressor
        >>> from sklearn_gru.plotting import GateDisplay
        >>> X = np.random.default_rng(0).normal(size=(30, 8))
        >>> model = GRURegressor(units=4, cell="lstm", max_epochs=2).fit(X, X[:, -1])
        >>> display = GateDisplay.from_estimator(model, X, names=["height (m)"])
        >>> list(display.gates), display.axes_["sequence"].get_ylabel()
        (['input', 'forget', 'output'], 'height (m)')
        """
        final, X = unwrapped(estimator, X)
        if not hasattr(final, "gates"):
            raise ValueError(
                f"{type(final).__name__} has no method gates: pass a GRUClassifier or "
                "a GRURegressor, or a pipeline or search around one."
            )
        chosen = _sample_of(X, sample)
        gates = {gate: values[0] for gate, values in final.gates(chosen).items()}
        order = sorted(gates, key=list(MEANINGS).index)
        return cls.from_predictions(
            _as_columns(chosen, final.time_axis),
            {gate: gates[gate] for gate in order},
            segment_length=final.net_.module_.rows_per_segment,
            names=names,
            **plot_options,
        )

    @classmethod
    def from_predictions(
        cls,
        sequence: ArrayLike,
        gates: Mapping[str, ArrayLike],
        *,
        segment_length: int = 1,
        names: list[str] | None = None,
        **plot_options: Any,
    ) -> Self:
        """Draw gates that were computed before.

        Parameters
        ----------
        sequence : array-like of shape (n_timesteps,) or (n_timesteps, n_features)
        gates : dict of str to array-like of shape (n_segments, units)
            Activations between 0 and 1, by gate.
        segment_length : int, default=1
            Time steps of each row of the gates.
        names : list of str, default=None
            Of the features, with their units.
        **plot_options
            As in `plot`.

        Returns
        -------
        GateDisplay

        Examples
        --------
        >>> from sklearn_gru.plotting import GateDisplay
        >>> display = GateDisplay.from_predictions(
        ...     [5, 6, 7], {"update": [[0.1, 0.9], [0.5, 0.5]]}, segment_length=2
        ... )
        >>> display.images_["update"].get_array().shape
        (2, 2)
        """
        sequence = np.asarray(sequence, dtype=np.float64)
        sequence = sequence[:, None] if sequence.ndim == 1 else sequence
        arrays = {gate: np.asarray(values) for gate, values in gates.items()}
        n_segments = -(-len(sequence) // segment_length)
        for gate, values in arrays.items():
            if values.ndim != 2 or len(values) != n_segments:
                raise ValueError(
                    f"The gate {gate!r} has shape {values.shape}: {len(sequence)} time "
                    f"steps in segments of {segment_length} need shape "
                    f"({n_segments}, units)."
                )
        if names is not None and len(names) != sequence.shape[1]:
            raise ValueError(
                f"There are {len(names)} names for {sequence.shape[1]} features: pass "
                "one for each."
            )
        return cls(sequence, arrays, segment_length, names).plot(**plot_options)

    def plot(
        self,
        ax: ManyAxes | None = None,
        *,
        line_kw: Style | None = None,
        image_kw: Style | None = None,
    ) -> Self:
        """Draw into one axes for the sequence and each gate, or into a new figure.

        Parameters
        ----------
        ax : array-like of matplotlib.axes.Axes, default=None
            For the sequence and for each gate, from top to bottom.
        line_kw : dict, default=None
            Style of the sequence, as in ``Axes.plot``.
        image_kw : dict, default=None
            Style of the gates, as in ``Axes.imshow``.

        Returns
        -------
        self : GateDisplay

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gru.plotting import GateDisplay
        >>> display = GateDisplay(np.ones((5, 1)), {"update": np.ones((5, 2))})
        >>> display.plot(image_kw={"cmap": "gray"}).images_["update"].get_cmap().name
        'gray'
        """
        rows = [["sequence"], *([gate] for gate in self.gates)]
        height = 1.5 + 1.9 * len(rows)
        self.axes_ = axes_for(ax, rows, (8, height), sharex=True)
        self.figure_ = figure_of(self.axes_["sequence"])
        self._draw_sequence(self.axes_["sequence"], line_kw)
        self.images_ = {}
        for gate, values in self.gates.items():
            self._draw_gate(self.axes_[gate], gate, values, image_kw)
        last = self.axes_[rows[-1][0]]
        last.set_xlabel("time step")
        count_on(last.xaxis)
        return self

    def _draw_sequence(self, ax: Axes, changes: Style | None) -> None:
        self.lines_ = []
        n_features = self.sequence.shape[1]
        names = self.names or [f"feature {k}" for k in range(n_features)]
        for k, values in enumerate(self.sequence.T):
            style = {"color": f"C{k}", "ls": STYLES[k % len(STYLES)], "lw": 1.2}
            style["label"] = names[k]
            self.lines_ += ax.plot(values, **styled(style, changes))
        is_named = self.names is not None and n_features == 1
        ax.set_ylabel(names[0] if is_named else "sequence")
        if n_features > 1:
            ax.legend(frameon=False, loc="best")
        finish(ax)

    def _draw_gate(
        self, ax: Axes, gate: str, values: Array, changes: Style | None
    ) -> None:
        n_segments, n_units = values.shape
        right = n_segments * self.segment_length - 0.5
        style = IMAGE | {"extent": (-0.5, right, 0.5, n_units + 0.5)}
        order = np.argsort(values.mean(axis=0), kind="stable")
        image = ax.imshow(values[:, order].T, **(style | (changes or {})))
        # The last segment may reach beyond the sequence.
        ax.set(xlim=(-0.5, len(self.sequence) - 0.5), ylabel="unit (sorted)")
        count_on(ax.yaxis)
        ax.figure.colorbar(image, ax=ax, label=_bar_label(gate))
        self.images_[gate] = image


def _bar_label(gate: str) -> str:
    meaning = MEANINGS.get(gate)
    return f"{gate} gate" + (f"\n({meaning})" if meaning else "")


def _sample_of(X: Any, sample: int) -> Any:
    """Return one of the sequences of X, in the form of X."""
    if isinstance(getattr(X, "index", None), pd.MultiIndex):
        raise ValueError(
            "X is a table of sequences one below the other: pass an array or a list of "
            "sequences, such as [values of one sequence]."
        )
    if not -len(X) <= sample < len(X):
        raise ValueError(f"X has {len(X)} sequences, and sample={sample} is none.")
    sample %= len(X)
    rows = getattr(X, "iloc", X)
    return rows[sample : sample + 1]


def _as_columns(chosen: Any, time_axis: TimeAxis) -> Floats:
    """Return the one sequence of `chosen` with a column for each feature."""
    if isinstance(chosen, pd.DataFrame):
        chosen = chosen.to_numpy()
    sequence = np.asarray(chosen[0], dtype=np.float64)
    if sequence.ndim == 1:
        return sequence[:, None]
    return sequence.T if time_axis == 2 else sequence
