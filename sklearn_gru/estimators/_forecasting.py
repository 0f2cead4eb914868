"""The forecasting engine: training on windows of a series, forecasting from origins."""

import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from pandas.api.types import is_datetime64_any_dtype
from sklearn.utils.validation import check_array, check_consistent_length, validate_data

from sklearn_gru.data import (
    AffineMap,
    Scaler,
    find_affine_map,
    fit_scaler,
    memory_map_of,
)
from sklearn_gru.estimators._base import BaseRecurrent, require_finite
from sklearn_gru.estimators._time_index import calendar_of, check_time_index
from sklearn_gru.nets import LOSSES, ForecastNet
from sklearn_gru.training import (
    SequenceDataset,
    Together,
    dense,
    evaluate_in_blocks,
    for_inference,
    gather,
)

DEFAULT_WINDOW = 24
SAMPLED_WINDOWS = 1024


@dataclass(frozen=True)
class Origins:
    """Places in a series, each forecast from the rows before it.

    Scorers hand it to `predict` in the place of X.
    """

    rows: np.ndarray
    places: np.ndarray
    exogenous: np.ndarray | None

    def __len__(self):
        return len(self.places)


class BaseForecaster(BaseRecurrent):
    """Fits windows of a series; forecasts from any of its rows.

    An *origin* is the number of rows of X that a forecast has seen. The rows before
    X's first are the `history`, or padding if that is None. *Exogenous* columns are
    known for the future as well: row t of them belongs to row t of X.
    """

    def _fit(self, X, y=None, *, exogenous=None, continuing=False):
        reset = self._starts_anew(continuing)
        with self._all_or_nothing():
            check_time_index(X, "X")
            check_time_index(y, "y")
            stamps = calendar_of(X)
            X, y = self._read(X, y, reset)
            if reset:
                self._resolve_device()
                self.window_length_ = self._resolve_window(len(X))
            extends = continuing and not reset and self._continues_training(X, stamps)
            n_before, rows, known = 0, X, exogenous
            if extends:
                before = self._history
                if self._map is None:
                    # Targets that are no columns of X begin with these rows.
                    before = before[-self.window_length_ :]
                n_before = len(before)
                rows = np.concatenate([before, X])
                known = _join(self._history_exogenous, exogenous)
            rows, y = self._split_calibration(rows, y)
            self._check_length(len(rows))
            if reset:
                self._fit_scalers(X[: len(rows)], y, exogenous)
                self._remember_start(X, stamps)
            self._remember_end(X, exogenous, stamps, extends)
            dataset = self._dataset(rows, y, n_before, known, hold_out=not continuing)
            rows_of = partial(self._rows_of, rows, y, n_before, known)
            self._train_on(dataset, continuing, reset, rows_of)
        return self

    def _fit_panel(self, panel, exogenous=None, *, continuing=False):
        """Train one network on many series, each standardised by itself.

        Parameters
        ----------
        panel : list of ndarray of shape (n_rows_i, n_columns)
        exogenous : list of ndarray of shape (n_rows_i, n_exogenous), default=None
        """
        reset = self._starts_anew(continuing)
        with self._all_or_nothing():
            for rows in panel:
                self._read(rows, None, reset)
            if reset:
                self._resolve_device()
                self.window_length_ = self._resolve_window(min(map(len, panel)))
            panel_z, known_z = [], []
            for i, rows in enumerate(panel):
                self._check_length(len(rows), f"Series {i} of the panel")
                known = None if exogenous is None else exogenous[i]
                self._fit_scalers(rows, None, known)
                panel_z.append(self._x_scaler.transform(rows))
                if known is not None:
                    known_z.append(self._exogenous_scaler.transform(known))
            self._adopt(panel[-1], None if exogenous is None else exogenous[-1])
            dataset = self._panel_dataset(panel_z, known_z, hold_out=not continuing)
            self._train_on(dataset, continuing, reset)
        return self

    def _rows_of(self, rows, y, n_before, exogenous, indices):
        """Pick the row behind each window, for `predict` and to compare with it."""
        places = np.asarray(indices) + self.window_length_
        if y is None:
            truth = self._map(gather(np.asarray(rows), places))
        else:
            truth = y[places - n_before]
        return Origins(rows, places, exogenous), self._flat(truth)

    def _train_on(self, dataset, continuing, reset, rows_of=None):
        self._train(
            ForecastNet,
            LOSSES[self.loss],
            dataset,
            1 if continuing else self.max_epochs,
            reset,
            self._draw_seed(),
            rows_of,
            n_series=self.n_features_in_,
            n_targets=self._n_outputs,
            horizon=self.horizon,
            center=None if self._map is None else self.center,
            segment_length=self.segment_length,
            independent=self.channels == "independent",
            n_exogenous=self._n_exogenous,
        )

    def _adopt(self, X, exogenous=None):
        """Forecast this series from now on, with the network as it is."""
        self._fit_scalers(X, None, exogenous)
        self._remember_start(X, None)
        self._remember_end(X, exogenous, None, extends=False)
        return self

    @property
    def _n_outputs(self):
        """Columns of the network's forecast: all of X's if they can be fed back."""
        return self._n_targets if self._map is None else self.n_features_in_

    @property
    def _n_exogenous(self):
        return 0 if self._exogenous_scaler is None else len(self._exogenous_scaler.mean)

    @property
    def _n_features_out(self):
        width = self.net_.module_.recurrent.output_size
        return width * self.n_features_in_ if self.net_.module_.independent else width

    def _flat(self, y):
        return y[..., 0] if self._y_is_flat else y

    # Reading the data

    def _read(self, X, y, reset):
        same = y is None or y is X
        X = self._read_rows(X, reset, ensure_min_samples=2 if reset else 1)
        if same:
            y, flat, affine = None, False, AffineMap.identity(X.shape[1])
        else:
            y = check_array(y, ensure_2d=False, dtype=[np.float64, np.float32])
            check_consistent_length(X, y)
            flat = y.ndim == 1
            y = y[:, None] if flat else y
            affine = find_affine_map(X, y)
        self._check_targets(affine, X.shape[1] if same else y.shape[1], flat, reset)
        return X, (y if affine is None else None)

    def _read_rows(self, X, reset, **checks):
        if getattr(X, "ndim", 2) == 1:
            raise ValueError(
                "Expected 2D array, got 1D array instead. Reshape your data: a single "
                "series is X.reshape(-1, 1), or X.to_frame() of a pandas Series."
            )
        dates = []
        if isinstance(X, pd.DataFrame):
            dates = X.columns[[is_datetime64_any_dtype(dtype) for dtype in X.dtypes]]
        if len(dates):
            raise ValueError(
                f"Column {dates[0]!r} of X holds dates: make it the index, with "
                f"X.set_index({dates[0]!r})."
            )
        if memory_map_of(X) is not None:
            # Neither converted, which would copy it, nor looked at here: scaling
            # looks at every block for NaN.
            return validate_data(
                self, X, reset=reset, ensure_all_finite=False, **checks
            )
        return validate_data(
            self, X, reset=reset, dtype=[np.float64, np.float32], **checks
        )

    def _check_targets(self, affine, n_targets, flat, reset):
        if not reset:
            if n_targets != self._n_targets:
                raise ValueError(
                    f"y has {n_targets} columns, but this model was fitted with "
                    f"{self._n_targets}."
                )
            if (affine is None) != (self._map is None):
                raise ValueError(
                    "y is related to X in another way than in the first fit: training "
                    "can't go on. Fit a new model, or use warm_start=False."
                )
        if affine is None and self.channels == "independent":
            raise ValueError(
                'channels="independent" forecasts the columns of X, but y has columns '
                'that are no affine images of columns of X. Use channels="joint".'
            )
        self._map, self._n_targets, self._y_is_flat = affine, n_targets, flat

    def _resolve_window(self, n_rows):
        window = self.window_length
        if window == "auto":
            window = max(1, min(DEFAULT_WINDOW, (n_rows - self.horizon + 1) // 2))
            window = max(window - window % self.segment_length, self.segment_length)
        if window % self.segment_length:
            lower = window - window % self.segment_length
            raise ValueError(
                f"window_length={window} is not a multiple of segment_length="
                f"{self.segment_length}: use {lower or self.segment_length} or "
                f"{lower + self.segment_length}."
            )
        return window

    def _check_length(self, n_rows, name="The series"):
        needed = self.window_length_ + self.horizon
        if n_rows < needed:
            kept = (
                " (without the calibration rows)" if self.calibration_fraction else ""
            )
            raise ValueError(
                f"{name} has {n_rows} rows{kept}, but window_length="
                f"{self.window_length_} and horizon={self.horizon} need at least "
                f"{needed}: give a longer series or a shorter window."
            )

    def _split_calibration(self, rows, y):
        """Cut the latest rows off and keep them, with what precedes them."""
        n_kept = int(len(rows) * self.calibration_fraction)
        if not n_kept:
            return rows, y
        cut = len(rows) - n_kept
        known = np.array(rows[max(0, cut - self.window_length_) :])
        truth = self._targets_of(known[-n_kept:]) if y is None else y[-n_kept:]
        self._calibration = known, truth
        return rows[:cut], (None if y is None else y[: len(y) - n_kept])

    def _targets_of(self, X):
        """Compute the targets' values from X's, where that is possible."""
        if self._map is None:
            raise ValueError(
                "y is required: the targets of this model are no affine images of "
                "columns of X."
            )
        return self._map(X)

    def _fit_scalers(self, X, y, exogenous):
        self._x_scaler = self._fit_scaler(X)
        self._y_scaler = self._fit_scaler(y)
        self._exogenous_scaler = self._fit_scaler(exogenous)

    def _fit_scaler(self, values):
        if values is None:
            return None
        scaler = fit_scaler(values)
        return scaler if self.standardize else Scaler.identity(values.shape[1])

    def _remember_start(self, X, stamps):
        self._beginning = X[: self.window_length_].copy()
        self._first_stamp = None if stamps is None else stamps[0]

    def _remember_end(self, X, exogenous, stamps, extends):
        """Keep the last rows; behind what was kept before, if X `extends` that.

        They are as many as training on a single further row needs.
        """
        length = self.window_length_ + self.horizon - 1
        history = np.array(X[-length:])
        known = None if exogenous is None else np.array(exogenous[-length:])
        if extends:
            history = np.concatenate([self._history, history])[-length:]
            known = _join(self._history_exogenous, known)
        self._history = history
        self._history_exogenous = None if known is None else known[-length:]
        self._last_stamps = None if stamps is None else stamps[-5:]

    # Windows for training

    def _dataset(self, rows, y, n_before, exogenous, hold_out):
        """Windows and targets; the latest are held out for early stopping."""
        window, horizon = self.window_length_, self.horizon
        x_source, y_source = self._sources(
            rows, exogenous, self._x_scaler, self._exogenous_scaler
        )
        if y is not None:
            place = (self._torch_dtype, self._device)
            targets = dense(y, self._y_scaler, *place)
            y_source = targets.windows(horizon, start=window - n_before)
        n_windows = len(rows) - window - horizon + 1
        hold_out = hold_out and self._holds_out(-(-n_windows // self.stride))
        training, held_out = self._split_windows(n_windows, hold_out)
        if not hold_out:
            return SequenceDataset(x_source, y_source, training)
        if not training or not held_out:
            raise ValueError(
                f"Early stopping leaves {len(training)} windows for training and "
                f"{len(held_out)} for validation of {n_windows}; give a longer series, "
                "or set early_stopping=False."
            )
        validation = SequenceDataset(x_source, y_source, held_out)
        return SequenceDataset(x_source, y_source, training, validation=validation)

    def _panel_dataset(self, panel, exogenous, hold_out):
        """Windows of standardised series laid end to end; none spans two series."""
        n_windows = [
            len(rows) - self.window_length_ - self.horizon + 1 for rows in panel
        ]
        hold_out = hold_out and self._holds_out(sum(n_windows) // self.stride)
        starts = np.cumsum([0, *map(len, panel)])[:-1]
        training, held_out = [], []
        for start, n in zip(starts, n_windows, strict=True):
            parts = self._split_windows(n, hold_out)
            if not parts[0]:  # too short to be split
                parts = self._split_windows(n, hold_out=False)
            training.append(start + np.asarray(parts[0], dtype=int))
            held_out.append(start + np.asarray(parts[1], dtype=int))
        rows = np.concatenate(panel)
        known = np.concatenate(exogenous) if exogenous else None
        sources = self._sources(
            rows,
            known,
            Scaler.identity(rows.shape[1]),
            None if known is None else Scaler.identity(known.shape[1]),
        )
        held_out = np.concatenate(held_out)
        validation = SequenceDataset(*sources, held_out) if len(held_out) else None
        return SequenceDataset(
            *sources, np.concatenate(training), validation=validation
        )

    def _sources(self, rows, exogenous, scaler, exogenous_scaler):
        """Sources of all windows, and of the rows that follow each."""
        window, horizon = self.window_length_, self.horizon
        place = (self._torch_dtype, self._device)
        series = dense(rows, scaler, *place)
        windows, blocks = series.windows(window), series.windows(horizon, start=window)
        if exogenous is None:
            return windows, blocks
        known = dense(exogenous, exogenous_scaler, *place)
        known = known.windows(window - 1 + horizon, start=1)
        return Together({"window": windows, "exogenous": known}), blocks

    def _split_windows(self, n_windows, hold_out):
        """Split into training and held-out windows; the latter are the latest.

        A training window's targets end before the first held-out target.
        """
        starts = range(0, n_windows, self.stride)
        if not hold_out:
            return starts, range(0)
        first = n_windows - max(1, round(n_windows * self.validation_fraction))
        training = range(0, first - self.horizon + 1, self.stride)
        return training, starts[-(-first // self.stride) :]

    def _prepare(self, module, dataset):
        n_samples = min(len(dataset), SAMPLED_WINDOWS)
        positions = np.linspace(0, len(dataset) - 1, n_samples).astype(int)
        windows, blocks = dataset.batch(positions)
        windows = windows["window"] if isinstance(windows, dict) else windows
        # Only of one series are the windows' starts a range.
        one_series = isinstance(dataset.indices, range)
        module.fit_scales(windows, blocks, one_series)

    # Forecasting

    def _forecast(self, X, history, origins, steps, exogenous=None):
        """Forecast `steps` rows from each origin: (n_origins, steps, n_targets).

        `exogenous` holds a row for each of X's and for the rows to forecast after
        them; it goes with a `history` of None.
        """
        if not isinstance(steps, (int, np.integer)) or steps < 1:
            raise ValueError(f"steps must be an integer of at least 1, got {steps!r}.")
        horizon = self.net_.module_.horizon
        if steps > horizon and self._map is None:
            raise ValueError(
                f"steps={steps} is more than horizon={horizon}, and the targets "
                "are no affine images of columns of X, so forecasts can't be fed back. "
                f"Fit with horizon={steps}, or transform X and y alike."
            )
        origins = np.asarray(origins)
        blocks = self._evaluate(X, history, origins, "forward", steps, exogenous)
        z = np.concatenate(blocks)
        if self._map is None:
            y = self._y_scaler.inverse_transform(z)
        else:
            y = self._map(self._x_scaler.inverse_transform(z))
        return require_finite(y, "The forecast")

    def _evaluate(self, X, history, origins, method, steps=1, exogenous=None):
        module, device, dtype = for_inference(self.net_.module_)
        if exogenous is not None:
            exogenous = self._exogenous_scaler.transform(exogenous)

        def take(indices):
            taken = [self._gather(X, history, origins[indices])]
            if exogenous is not None:
                taken.append(self._gather_known(exogenous, origins[indices], steps))
            return [torch.from_numpy(values).to(device, dtype) for values in taken]

        def forward(windows, known=None):
            return _feed_back(module, windows, known, steps)

        function = forward if method == "forward" else module.features
        return evaluate_in_blocks(function, len(origins), take)

    def _gather(self, X, history, origins):
        """Gather the standardised windows before each origin: (B, window_length, k)."""
        rows = origins[:, None] + np.arange(-self.window_length_, 0)
        windows = gather(np.asarray(X), np.maximum(rows, 0)).astype(np.float64)
        early = rows < 0
        if history is not None and early.any():
            windows[early] = history[rows[early]]
        z = self._x_scaler.transform(windows)
        if history is None:
            z[origins == 0] = 0.0  # nothing is known but the training mean
        return z

    def _gather_known(self, exogenous, origins, steps):
        """Gather what is known beside each window and ahead: (B, rows, e)."""
        horizon = self.net_.module_.horizon
        whole_blocks = -(-steps // horizon) * horizon
        rows = origins[:, None] + np.arange(1 - self.window_length_, whole_blocks)
        return exogenous[np.clip(rows, 0, len(exogenous) - 1)]

    def _errors(self, rows, truth, start, steps, exogenous=None):
        """Errors of all forecasts from row `start` on, by step: (n, steps, targets).

        NaN where the truth is not known yet.
        """
        origins = np.arange(start, len(rows))
        if not len(origins):
            return np.empty((0, steps, truth.shape[1]))
        unknown = np.full((steps - 1, truth.shape[1]), np.nan)
        truth = np.concatenate([truth, unknown])
        forecast = self._forecast(rows, None, origins, steps, exogenous)
        return truth[origins[:, None] + np.arange(steps)] - forecast

    def _continues_training(self, X, stamps):
        if memory_map_of(X) is not None:
            return False  # joining rows to it would copy the file
        if len(X) < self.window_length_ + self.horizon:
            return True  # too few rows to be a training series themselves
        return not self._begins_like_training(X, stamps)

    def _begins_like_training(self, X, stamps):
        """Tell whether X starts where the training series did.

        Dates tell; without them the values do, but for a few that may have been
        revised. A single row is no evidence: of whole numbers it may be chance.
        """
        if stamps is not None and self._first_stamp is not None:
            return stamps[0] == self._first_stamp
        n_rows = min(len(X), len(self._beginning))
        if n_rows < 2:
            return False
        same = (X[:n_rows] == self._beginning[:n_rows]).all(axis=1)
        return same.mean() >= 0.9

    def _warn_of_a_gap(self, stamps):
        """Warn if X's dates say that it does not follow the training series."""
        if stamps is None or self._last_stamps is None:
            return
        try:
            joined = self._last_stamps.append(stamps[:5])
            check_time_index(pd.Series(0, index=joined), "the two together")
        except (ValueError, TypeError):
            warnings.warn(
                f"X begins at {stamps[0]}, which does not follow the training series, "
                f"whose last row is {self._last_stamps[-1]}; its first rows are "
                'forecast from that series all the same. Use context="apply" to read '
                "X by itself.",
                stacklevel=4,
            )


def _feed_back(module, windows, known, steps):
    """Forecast block by block, each from a window that ends with the last block."""
    length, horizon = windows.shape[1], module.horizon
    blocks = []
    for done in range(0, steps, horizon):
        if done:
            windows = torch.cat([windows, blocks[-1]], dim=1)[:, -length:]
        if known is None:
            blocks.append(module(windows))  # (B, horizon, k)
        else:
            blocks.append(module(windows, known[:, done : done + length - 1 + horizon]))
    return torch.cat(blocks, dim=1)[:, :steps]


def _join(before, after):
    return None if after is None else np.concatenate([before, after])
