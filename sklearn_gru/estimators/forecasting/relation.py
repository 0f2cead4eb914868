"""What the targets are to the columns of X: found by the first fit, verified later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sklearn_gru.data import (
    AffineMap,
    Scaler,
    find_affine_map,
    fit_log_scaler,
    fit_scaler,
)
from sklearn_gru.estimators.forecasting.history import Rows

if TYPE_CHECKING:
    from typing import Any

    from sklearn_gru._types import AnyScaler, Array, Floats, Missing


@dataclass(frozen=True)
class Form:
    """How the user's tables look.

    Parameters
    ----------
    flat : bool, default=False
        Whether targets are one-dimensional.
    names, exogenous_names : tuple or None, default=None
        The columns of the targets, and of what is known of the future.
    known_columns : tuple of int, default=()
        Which columns of the user's X are known of the future, if they stand in it.
    """

    flat: bool = False
    names: tuple[Any, ...] | None = None
    exogenous_names: tuple[Any, ...] | None = None
    known_columns: tuple[int, ...] = ()


@dataclass(frozen=True)
class Relation:
    """What the targets are to the columns of X, and how both are standardised.

    Parameters
    ----------
    affine : AffineMap or None
        The map from the columns of X to the targets; None if the targets are series
        of their own.
    n_targets : int
    form : Form
        How they look to the user.
    standardize : bool
        Whether the scalers do anything.
    transform : {"log"} or None
        What is done to targets, in their own units, before they are standardised.
    missing : {"error", "mask"}
        Whether values and targets may be NaN.
    x_scaler, y_scaler, exogenous_scaler : Scaler or None
        `y_scaler` exists for targets of their own only.
    """

    affine: AffineMap | None
    n_targets: int
    form: Form
    standardize: bool
    transform: str | None
    missing: str
    x_scaler: AnyScaler
    y_scaler: AnyScaler | None
    exogenous_scaler: AnyScaler | None

    @classmethod
    def learn(
        cls,
        rows: Rows,
        n_seen: int,
        standardize: bool = True,
        form: Form | None = None,
        transform: str | None = None,
        missing: Missing = "error",
    ) -> Relation:
        """Relate targets to columns, and measure the rows that training will see.

        Parameters
        ----------
        rows : Rows
            Without targets, the columns are the targets.
        n_seen : int
            The scalers are those of this many first rows.
        standardize : bool, default=True
        form : Form, default=None
        transform : {"log"} or None, default=None
        missing : {"error", "mask"}, default="error"

        Returns
        -------
        Relation
        """
        if rows.targets is None:
            affine, n_targets = AffineMap.identity(rows.values.shape[1]), None
        else:
            affine = find_affine_map(rows.values, rows.targets, missing == "mask")
            n_targets = rows.targets.shape[1]
        seen = rows.part(0, n_seen)
        own = seen.targets if affine is None else None
        how = {"standardize": standardize, "skip_nan": missing == "mask"}
        return cls(
            affine,
            n_targets or rows.values.shape[1],
            form or Form(),
            standardize,
            transform,
            missing,
            _x_scaler(seen.values, affine, transform, **how),
            _scaler(own, transform, **how),
            _scaler(seen.exogenous, standardize=standardize),
        )

    def rescaled(self, rows: Rows) -> Relation:
        """Return the relation of another series, which is standardised by itself.

        As long as it is constant, its size stands for its spread: what the network
        learned of other series then moves it in its own units.
        """
        x_scaler = _x_scaler(
            rows.values,
            self.affine,
            self.transform,
            standardize=self.standardize,
            skip_nan=self.masked,
        )
        if self.transform is None:  # logarithms have no units
            x_scaler = x_scaler.with_size_for_spread()
        return replace(
            self,
            x_scaler=x_scaler,
            exogenous_scaler=_scaler(rows.exogenous, standardize=self.standardize),
        )

    def unscaled(self) -> Relation:
        """Return the relation of rows that are standardised already."""
        known = self.n_exogenous
        return replace(
            self,
            x_scaler=Scaler.identity(len(self.x_scaler.mean)),
            exogenous_scaler=Scaler.identity(known) if known else None,
        )

    def standardized(self, rows: Rows) -> Rows:
        """Standardise rows whose targets are their columns."""
        targets, exogenous = rows.targets, rows.exogenous
        if targets is not None:
            targets = self.output_scaler.transform(targets)
        if exogenous is not None:
            exogenous = self.exogenous_scaler.transform(exogenous)
        return Rows(self.x_scaler.transform(rows.values), targets, exogenous)

    @property
    def masked(self) -> bool:
        """Whether values and targets may be NaN."""
        return self.missing == "mask"

    @property
    def output_scaler(self) -> AnyScaler:
        """How the network's outputs are standardised."""
        return self.y_scaler if self.affine is None else self.x_scaler

    @property
    def n_outputs(self) -> int:
        """Columns of the network's forecast: all of X's if they can be fed back."""
        return self.n_targets if self.affine is None else len(self.x_scaler.mean)

    @property
    def n_exogenous(self) -> int:
        """Columns that are known of the future."""
        return 0 if self.exogenous_scaler is None else len(self.exogenous_scaler.mean)

    @property
    def constant(self) -> Array | None:
        """Which of the network's outputs did not vary in the rows of the scalers."""
        return self.output_scaler.constant

    def require_width(self, rows: Rows) -> None:
        """Raise unless there are as many targets as in the first fit."""
        if rows.targets is not None and rows.targets.shape[1] != self.n_targets:
            raise ValueError(
                f"y has {rows.targets.shape[1]} columns, but this model was fitted "
                f"with {self.n_targets}."
            )

    def verified(self, rows: Rows) -> Rows:
        """Return `rows` as training takes them, or raise if they contradict this.

        Raises
        ------
        ValueError
            If there are other targets than before, or if a row of them is not what
            follows from X. The message names the row.
        """
        if rows.targets is None:
            self._require_affine()
            return self.as_kept(rows)
        self.require_width(rows)
        if self.affine is None:
            return rows
        place = self.affine.first_contradiction(rows.values, rows.targets)
        if place is not None:
            raise ValueError(self._contradiction(rows, *place))
        return self.as_kept(rows)

    def as_kept(self, rows: Rows) -> Rows:
        """Return rows without targets that follow from their values.

        If values may be missing, it also matters where targets are.
        """
        if self.affine is None:
            return rows
        if not self.masked:
            return rows.without_targets()
        return replace(rows, targets=self.targets_of(rows))

    def learned(self, rows: Rows) -> Floats:
        """Return what the network learns of rows, in their units: (n_rows, n_outputs).

        Where a target is missing, so is the column from which it would follow.
        """
        if self.affine is None:
            return rows.targets
        learned = np.array(rows.values, dtype=np.float64)
        for column, target in zip(
            self.affine.columns, self.targets_of(rows).T, strict=True
        ):
            learned[np.isnan(target), column] = np.nan
        return learned

    def _contradiction(self, rows: Rows, row: int, target: int) -> str:
        follows = self.affine(rows.values[row].astype(np.float64))[target]
        name = row if rows.index is None else f"{row} ({rows.index[row]})"
        column, slope = self.affine.columns[target], self.affine.slope[target]
        return (
            f"Row {name} of y is {rows.targets[row, target]:.8g}, but X is related to "
            f"y in another way there: the first fit found y[:, {target}] = {slope:.6g} "
            f"* X[:, {column}] + {self.affine.intercept[target]:.6g}, which is "
            f"{follows:.8g}. Pass X and y in the units of the first fit, or fit a new "
            "model (warm_start=False)."
        )

    def targets_of(self, rows: Rows) -> Floats:
        """Return the targets of rows, from their values where that is possible."""
        if rows.targets is not None:
            return rows.targets
        self._require_affine()
        return self.affine(rows.values)

    def in_shape(self, targets: Floats) -> Floats:
        """Return targets (..., n_targets) as the user gave them, perhaps flat."""
        return targets[..., 0] if self.form.flat else targets

    def _require_affine(self) -> None:
        if self.affine is None:
            raise ValueError(
                "y is required: the targets of this model are no affine images of "
                "columns of X."
            )

    def to_units(self, outputs: Array) -> Floats:
        """Map the network's outputs (..., n_outputs) to targets in their own units."""
        if self.affine is None:
            return self.y_scaler.inverse_transform(outputs)
        return self.affine(self.x_scaler.inverse_transform(outputs))


def _scaler(
    values: Array | None,
    transform: str | None = None,
    *,
    standardize: bool,
    skip_nan: bool = False,
) -> AnyScaler | None:
    if values is None:
        return None
    if transform == "log":
        return fit_log_scaler(values, standardize=standardize, skip_nan=skip_nan)
    # Measured in any case: that looks at every value for NaN.
    scaler = fit_scaler(values, skip_nan=skip_nan)
    if standardize:
        return scaler
    return Scaler.identity(values.shape[1], scaler.constant)


def _x_scaler(
    values: Array, affine: AffineMap | None, transform: str | None, **how: Any
) -> AnyScaler:
    """Scale the columns; those of targets are transformed in the targets' units."""
    if transform is None or affine is None:
        return _scaler(values, **how)
    slope, intercept = np.ones(values.shape[1]), np.zeros(values.shape[1])
    varying = affine.slope != 0  # a constant target takes nothing from its column
    columns = affine.columns[varying]
    slope[columns] = affine.slope[varying]
    intercept[columns] = affine.intercept[varying]
    logged = np.isin(np.arange(values.shape[1]), columns)
    return fit_log_scaler(values, slope, intercept, logged=logged, **how)
