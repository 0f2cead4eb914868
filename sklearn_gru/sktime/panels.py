"""Panels of series that share a pretrained network, in one pass through it."""

import copy
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import pandas as pd
from sktime.datatypes import VectorizedDF
from sktime.forecasting.base import BaseForecaster
from sktime.utils.validation.forecasting import check_fh

from sklearn_gru.estimators._named_panels import (
    read_known,
    read_panel,
    rows_behind,
    with_labels,
)
from sklearn_gru.estimators._named_tables import (
    check_counts,
    check_exogenous,
    check_steps_of_one,
    in_known_order,
    places_of,
)
from sklearn_gru.estimators._time_index import N_LABELS, check_time_index, follows
from sklearn_gru.estimators.forecasting import (
    comes_trained,
    forecast_panel,
    share_networks,
)
from sklearn_gru.sktime.horizons import places_ahead, require_known, steps_of

UNKNOWN = (
    "This forecaster was fitted without {} of the {} series of y, first {!r}: fit it "
    "again, on all of them."
)
MISSING = (
    "X must hold rows of every series of y, but misses {} of {}, first {!r}: add them."
)


class PanelForecaster(BaseForecaster):
    """A forecaster that takes panels whole if it has a network that is trained.

    sktime keeps a forecaster for each series, in `forecasters_`, and calls `_vectorize`
    to go through them. They are there here, too, but `fit`, `predict` and `update`
    without training read and forecast all series at once. Whatever else is asked of a
    panel, sktime asks of each of these forecasters.
    """

    def __deepcopy__(self, memo):
        # A copy of a table holds the same objects: here, forecasters that change.
        copied = memo[id(self)] = type(self).__new__(type(self))
        state = dict(vars(self))
        singles = state.pop("forecasters_", None)
        vars(copied).update(copy.deepcopy(state, memo))
        if singles is not None:
            copied.forecasters_ = singles.map(lambda each: copy.deepcopy(each, memo))
        return copied

    @property
    def _shares_a_network(self):
        """Whether all series of a panel have one network: pretrained, or as it came."""
        as_it_came = comes_trained(self.weights) and self.max_epochs == "auto"
        return hasattr(self, "pretrained_") or as_it_came

    def _vectorize(self, methodname, **kwargs):
        if self._shares_a_network:
            if methodname == "fit":
                return self._fit_panel(**kwargs)
            if methodname == "predict" and share_networks(self._engines()):
                return self._predict_panel(**kwargs)
            trains = kwargs.get("update_params", True)
            if methodname == "update" and not trains and self._take_in_panel(**kwargs):
                return self
        return super()._vectorize(methodname, **self._paired(methodname, kwargs))

    def _paired(self, methodname, arguments):
        """Pair series by name; sktime's loop pairs them by their place."""
        y, X = arguments.get("y"), arguments.get("X")
        names = (self._yvec if y is None else y).get_iter_indices()[0]
        if y is not None and methodname != "fit":
            known = self.forecasters_.index
            places = known.get_indexer(names)
            _require_all(names, places, UNKNOWN)
            if len(names) == len(known):
                self.forecasters_ = self.forecasters_.iloc[places]
        if isinstance(X, VectorizedDF):
            arguments = {**arguments, "X": _in_order(X, names)}
        return arguments

    def _singles(self):
        return self.forecasters_["forecasters"].tolist()

    def _engines(self):
        return [single.forecaster_ for single in self._singles()]

    # Taking rows in

    def _fit_panel(self, y, X, fh):
        table, known = _tables(y, X)
        pretrained = getattr(self, "pretrained_", None)
        shared = pretrained or self._ready(table, known)
        relation = shared.relation
        check_counts(table, known, relation)
        columns = in_known_order(table, relation.form.names)
        panel = read_panel(table, known, columns, relation, sort=False)
        panel.check_times(check_steps_of_one)
        # What sktime finds out about the first series is true of all.
        first = self.clone()
        if pretrained is not None:
            first.pretrained_ = shared
        first.fit(y[0], _known_of(panel.rows[0], panel.times[0], relation), fh)
        engines = repeat(shared)
        if pretrained is None:
            engines = self._with_own_seasons(shared, panel)
        ends = _once_for_each(_end, panel.times)
        twins = map(first._twin, engines, panel.rows, ends)
        names = panel.names.set_names([None] * panel.names.nlevels)
        self.forecasters_ = pd.DataFrame({"forecasters": list(twins)}, index=names)
        self._yvec = y
        return self

    def _twin(self, shared, rows, end):
        """Return the forecaster of another series with the network of an engine."""
        twin = copy.copy(self)
        for name in ("_converter_store_y", "callbacks", "random_state"):
            setattr(twin, name, copy.deepcopy(getattr(self, name)))
        twin.forecaster_ = shared.adopt(rows)
        twin._note_end(*end)
        twin._held_out_errors = twin._new_errors()
        return twin

    def _take_in_panel(self, y, X, update_params):
        """Take in rows that follow those of each series; tell whether they do."""
        table, known = _tables(y, X)
        singles, names = self._singles(), self.forecasters_.index
        last = [single._last_labels[-1:] for single in singles]
        new, order = rows_behind(table, names, last[0].append(last[1:]))
        if new is None:
            return False
        relation, columns = singles[0].forecaster_.relation, singles[0]._columns
        panel = read_panel(new, known, columns, relation, sort=False)
        panel.check_times(check_time_index)
        places = names.get_indexer(panel.names)
        before = [singles[i]._last_labels for i in places]
        if not all(_once_for_each(follows, panel.times, before)):
            return False
        cutoffs = _shared([singles[i].cutoff for i in places])
        ends = _once_for_each(_end, panel.times, cutoffs, before)
        template = table.iloc[:0].droplevel(list(range(names.nlevels)))
        singles = [single._with_template(template) for single in singles]
        for i, rows, end in zip(places, panel.rows, ends, strict=True):
            singles[i].forecaster_ = singles[i].forecaster_.extend(rows)
            singles[i]._note_end(*end)
        forecasters = pd.DataFrame({"forecasters": singles}, index=names)
        self.forecasters_ = forecasters.iloc[names.get_indexer(order)]
        self._yvec = y
        return True

    def _with_template(self, template):
        """Copy a single forecaster; other copies of the panel may hold it, too."""
        copied = copy.copy(self)
        copied._template = template
        # By these names, in this order, sktime labels intervals.
        names = {"feature_names": list(template.columns)}
        copied._y_metadata = {**self._y_metadata, **names}
        return copied

    # Forecasting

    def _predict_panel(self, fh, X):
        singles, names = self._singles(), self._yvec.get_iter_indices()[0]
        cutoffs = _shared([single.cutoff for single in singles])
        spans = list(_once_for_each(lambda cutoff: _Span.of(fh, cutoff), cutoffs))
        table = None if X is None else X.X_multiindex
        values = self._values_of_panel(spans, names, table)
        times = [span.times for span in spans]
        index = with_labels(names, times, self._yvec.index.names)
        template, columns = singles[0]._template, singles[0]._columns
        values = values[:, :, places_of(template, columns)].reshape(len(index), -1)
        return pd.DataFrame(values, index, template.columns)

    def _values_of_panel(self, spans, names, X):
        """Forecast the rows of each series' span: (n_series, n, columns)."""
        engines, steps = self._engines(), np.array([span.steps for span in spans])
        ahead = steps > 0
        values = np.empty((*steps.shape, engines[0].relation.n_targets))
        if ahead.any():
            series = np.flatnonzero(ahead.any(axis=1))
            n_steps, concerned = int(steps.max()), [engines[i] for i in series]
            behind = [[len(engine.history.last)] for engine in concerned]
            spans = [spans[i] for i in series]
            known = _known_ahead(X, spans, names[series], n_steps, concerned[0])
            forecast = forecast_panel(concerned, behind, n_steps, known)
            places = np.repeat(np.arange(len(series)), ahead[series].sum(axis=1))
            values[ahead] = forecast[places, steps[ahead] - 1]
        if not ahead.all():
            values[~ahead] = _forecast_known(engines, steps, names)
        return values


@dataclass(frozen=True)
class _Span:
    """The rows that a horizon asks of a series, as steps and as times."""

    cutoff: pd.Index
    steps: np.ndarray
    times: pd.Index

    @classmethod
    def of(cls, fh, cutoff):
        own = check_fh(copy.deepcopy(fh), freq=cutoff)
        return cls(cutoff, steps_of(own, cutoff), own.to_absolute_index(cutoff))

    def places_in(self, times, n_steps):
        """Find the rows of X for the `n_steps` behind the cutoff."""
        steps = self.steps[self.steps > 0]
        return places_ahead(times, self.cutoff, n_steps, steps)


def _known_ahead(X, spans, names, n_steps, engine):
    """List the exogenous rows of the steps ahead, of each series; None without any."""
    relation = engine.relation
    check_exogenous(X, relation)
    if X is None:
        return None
    values, times = read_known(X, list(relation.form.exogenous_names), names)
    places = _once_for_each(lambda t, span: span.places_in(t, n_steps), times, spans)
    return [rows[own] for rows, own in zip(values, places, strict=True)]


def _forecast_known(engines, steps, names):
    """Forecast the rows of no or negative steps, series after series."""
    n_rows = np.array([len(engine.history.last) for engine in engines])
    short = np.flatnonzero(steps.min(axis=1) <= -n_rows)
    if len(short):
        require_known(steps[short[0]], n_rows[short[0]], f" of {names[short[0]]!r}")
    origins = [n - 1 + own[own <= 0] for n, own in zip(n_rows, steps, strict=True)]
    return forecast_panel(engines, origins)[:, 0]


def _in_order(X, names):
    """Select the series of X that have these names, in their order."""
    found = X.get_iter_indices()[0]
    if found.equals(names):
        return X
    _require_all(names, found.get_indexer(names), MISSING)
    table = X.X_multiindex
    places = names.get_indexer(table.index.droplevel(-1))
    order = np.argsort(places, kind="stable")
    order = order[places[order] >= 0]
    return VectorizedDF(table.iloc[order], is_scitype=X.is_scitype)


def _require_all(names, places, complaint):
    """Raise if a name has no place."""
    missing = names[places < 0]
    if len(missing):
        raise ValueError(complaint.format(len(missing), len(names), missing[0]))


def _known_of(rows, times, relation):
    """Make the table of the exogenous rows of a series, or None."""
    if rows.exogenous is None:
        return None
    return pd.DataFrame(rows.exogenous, times, list(relation.form.exogenous_names))


def _tables(y, X):
    return y.X_multiindex, None if X is None else X.X_multiindex


def _end(times, cutoff=None, labels=None):
    """Return the cutoff at the end of some times, and the last labels.

    `cutoff` and `labels` are those before, if there are any.
    """
    end = times[-1:]
    if labels is None:
        return end, times[-N_LABELS:]
    if isinstance(end, pd.DatetimeIndex) and end.freq is None:
        end = pd.DatetimeIndex(end, freq=cutoff.freq)  # a row alone shows none
    return end, labels.append(times)[-N_LABELS:]


def _shared(cutoffs):
    """Return the same cutoffs, equal ones as one and the same object."""
    known = {}
    return [
        known.setdefault((cutoff[0], getattr(cutoff, "freq", None)), cutoff)
        for cutoff in cutoffs
    ]


def _once_for_each(function, *arguments):
    """Map a function over lists; of the same objects it is called once."""
    results = {}
    for given in zip(*arguments, strict=True):
        key = tuple(map(id, given))
        if key not in results:
            results[key] = function(*given)
        yield results[key]
