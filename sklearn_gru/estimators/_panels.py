"""Reading sets of sequences from pandas, in the forms of sktime's panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def read_pandas_panel(X: ArrayLike) -> ArrayLike:
    """List the sequences of a pandas panel; return anything else as it is.

    Parameters
    ----------
    X : object
        A panel is a DataFrame with a row MultiIndex, whose last level is time and whose
        other levels name the sequence ("pd-multiindex"), or a DataFrame whose cells are
        Series ("nested_univ").

    Returns
    -------
    list of ndarray of shape (t_i, n_features), or `X` itself

    Examples
    --------
    >>> import pandas as pd
    >>> index = pd.MultiIndex.from_tuples([(0, 0), (0, 1), (1, 0)])
    >>> read_pandas_panel(pd.DataFrame({"a": [1.0, 2.0, 3.0]}, index=index))
    [array([[1.],
           [2.]]), array([[3.]])]
    """
    if not isinstance(X, pd.DataFrame):
        return X
    if isinstance(X.index, pd.MultiIndex):
        groups = X.groupby(X.index.droplevel(-1), sort=False)
        return [sequence.to_numpy() for _, sequence in groups]
    if X.size and isinstance(X.iloc[0, 0], pd.Series):
        return [
            np.column_stack([cell.to_numpy() for cell in row])
            for row in X.itertuples(index=False)
        ]
    return X
