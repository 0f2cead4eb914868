"""The course of training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.plotting._axes import count_on, figure_of, finish, new_axes, styled
from sklearn_gru.plotting._inputs import require_same_shape, series_of, unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Self, TypeGuard

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from numpy.typing import ArrayLike

    from sklearn_gru._types import Floats, Style

TRAINING: Style = {"color": "C0", "lw": 1.5, "label": "training loss"}
HELD_OUT: Style = {"color": "C1", "lw": 1.5, "ls": "--", "label": "held-out loss"}
BEST: Style = {"color": "C3", "ls": "none", "marker": "*", "ms": 11}
RATE: Style = {"color": "0.6", "ls": ":", "lw": 1.5, "label": "learning rate"}
HEADROOM = 1.3  # of both vertical axes, for the legend
# Where searches, compositions and forecasters of sktime keep what they have fitted.
INNER = ("best_forecaster_", "regressor_", "forecaster_")


class TrainingDisplay:
    """A plot of the losses of every epoch, and of the learning rate.

    Make one by `from_estimator` or `from_predictions`.

    Parameters
    ----------
    training_loss : ndarray of shape (n_epochs,)
    held_out_loss : ndarray of shape (n_epochs,), default=None
        NaN in epochs without held-out data. The lowest one is marked.
    learning_rate : ndarray of shape (n_epochs,), default=None
        NaN where it was not recorded.
    name : str, default="loss"
        Label of the vertical axis.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    rate_ax_ : matplotlib.axes.Axes or None
        The second axis, that of the learning rate.
    figure_ : matplotlib.figure.Figure
    lines_ : dict of str to matplotlib.lines.Line2D
        "training" and, where there are any, "held_out", "best" and "rate".

    Notes
    -----
    Early stopping keeps the weights of the last epoch that lowered the held-out loss by
    more than `tol`. That may be an epoch shortly before the marked one.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_gru import GRUForecaster
    >>> from sklearn_gru.plotting import TrainingDisplay
    >>> wave = np.sin(np.arange(120) / 4)[:, None]
    >>> gru = GRUForecaster(12, 4, max_epochs=3, early_stopping=True, random_state=0)
    >>> display = TrainingDisplay.from_estimator(gru.fit(wave))
    >>> list(display.lines_)
    ['training', 'held_out', 'best', 'rate']
    """

    ax_: Axes
    rate_ax_: Axes | None
    figure_: Figure
    lines_: dict[str, Line2D]

    def __init__(
        self,
        training_loss: Floats,
        held_out_loss: Floats | None = None,
        learning_rate: Floats | None = None,
        name: str = "loss",
    ) -> None:
        self.training_loss = training_loss
        self.held_out_loss = held_out_loss
        self.learning_rate = learning_rate
        self.name = name

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, name: str = "loss", **plot_options: Any
    ) -> Self:
        """Draw how a fitted estimator was trained.

        Parameters
        ----------
        estimator : estimator of this package, or Pipeline or search around one
            Fitted. A search shows the last fit, that of its ``best_estimator_``.
        name : str, default="loss"
            Label of the vertical axis.
        **plot_options
            As in `plot`.

        Returns
        -------
        TrainingDisplay

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If it holds no network of this package.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gru import GRURegressor
        >>> from sklearn_gru.plotting import TrainingDisplay
        >>> X = np.random.default_rng(0).normal(size=(30, 5))
        >>> model = GRURegressor(units=4, max_epochs=3).fit(X, X[:, -1])
        >>> TrainingDisplay.from_estimator(model).training_loss.shape
        (3,)
        """
        history = _net_of(estimator).history
        losses = [epoch["train_loss"] for epoch in history]
        return cls.from_predictions(
            losses,
            _recorded(history, "valid_loss"),
            _recorded(history, "event_lr"),
            name=name,
            **plot_options,
        )

    @classmethod
    def from_predictions(
        cls,
        training_loss: ArrayLike,
        held_out_loss: ArrayLike | None = None,
        learning_rate: ArrayLike | None = None,
        *,
        name: str = "loss",
        **plot_options: Any,
    ) -> Self:
        """Draw losses that were measured before.

        Parameters
        ----------
        training_loss : array-like of shape (n_epochs,)
        held_out_loss, learning_rate : array-like of shape (n_epochs,), default=None
            NaN where there is none.
        name : str, default="loss"
            Label of the vertical axis.
        **plot_options
            As in `plot`.

        Returns
        -------
        TrainingDisplay

        Examples
        --------
        >>> from sklearn_gru.plotting import TrainingDisplay
        >>> display = TrainingDisplay.from_predictions([3, 2, 1], [3.1, 2.4, 2.6])
        >>> display.lines_["best"].get_label()
        'lowest held-out loss: 2.4 in epoch 2'
        """
        losses = series_of(training_loss, name="training_loss")
        held_out, rate = (
            None if values is None else np.asarray(values, dtype=np.float64)
            for values in (held_out_loss, learning_rate)
        )
        require_same_shape(
            training_loss=losses, held_out_loss=held_out, learning_rate=rate
        )
        return cls(losses, held_out, rate, name).plot(**plot_options)

    def plot(
        self,
        ax: Axes | None = None,
        *,
        line_kw: Style | None = None,
        best_kw: Style | None = None,
        rate_kw: Style | None = None,
    ) -> Self:
        """Draw into `ax`, or into a new figure.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
        line_kw, best_kw, rate_kw : dict, default=None
            Style of the losses, of the mark at the lowest held-out one, and of the
            learning rate, as in ``Axes.plot``.

        Returns
        -------
        self : TrainingDisplay

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_gru.plotting import TrainingDisplay
        >>> display = TrainingDisplay(np.array([3.0, 2.0, 1.0])).plot()
        >>> display.ax_.get_xlabel(), display.rate_ax_
        ('epoch', None)
        """
        ax = new_axes(ax)
        self.ax_, self.rate_ax_, self.figure_ = ax, None, figure_of(ax)
        self.lines_ = {}
        self._draw(ax, "training", self.training_loss, styled(TRAINING, line_kw))
        if _is_known(self.held_out_loss):
            self._draw(ax, "held_out", self.held_out_loss, styled(HELD_OUT, line_kw))
            self._mark_best(ax, self.held_out_loss, best_kw)
        ax.set(xlabel="epoch", ylabel=self.name)
        finish(ax)
        if _is_known(self.learning_rate):
            self.rate_ax_ = ax.twinx()
            self._draw(self.rate_ax_, "rate", self.learning_rate, styled(RATE, rate_kw))
            highest = HEADROOM * np.nanmax(self.learning_rate)
            self.rate_ax_.set(ylabel="learning rate", ylim=(0, highest))
            self.rate_ax_.spines["top"].set_visible(False)
        count_on(ax.xaxis)
        handles = list(self.lines_.values())
        low, high = ax.get_ylim()
        ax.set_ylim(low, low + HEADROOM * (high - low))
        ax.legend(handles=handles, frameon=False, loc="upper right", ncols=2)
        return self

    def _draw(self, ax: Axes, key: str, values: Floats, style: Style) -> None:
        epochs = np.arange(1, len(values) + 1)
        if len(values) == 1:
            style = {"marker": "o"} | style  # a line through one point is invisible
        (self.lines_[key],) = ax.plot(epochs, values, **style)

    def _mark_best(self, ax: Axes, losses: Floats, changes: Style | None) -> None:
        best = int(np.nanargmin(losses))
        loss = losses[best]
        label = f"lowest held-out loss: {loss:.3g} in epoch {best + 1}"
        style = styled(BEST | {"label": label}, changes)
        (self.lines_["best"],) = ax.plot([best + 1], [loss], **style)


def _is_known(values: Floats | None) -> TypeGuard[Floats]:
    return values is not None and not np.isnan(values).all()


def _recorded(history: Iterable[dict[str, Any]], name: str) -> list[float]:
    """Return what a history holds of every epoch, NaN where it holds nothing."""
    return [epoch.get(name, np.nan) for epoch in history]


def _net_of(estimator: Any) -> Any:
    """Find the network of an estimator, inside whatever is around it."""
    inner, _ = unwrapped(estimator)
    if hasattr(inner, "net_"):
        return inner.net_
    for name in INNER:
        found = getattr(inner, name, None)
        if found is not None:
            return found.net_ if hasattr(found, "net_") else _net_of(found)
    raise ValueError(
        f"{type(inner).__name__} holds no network of this package: pass a fitted "
        "GRUForecaster, GRURegressor, GRUClassifier or CharGRUGenerator, or a pipeline "
        "or search around one."
    )
