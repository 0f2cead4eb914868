"""Documentation of the parameters that several estimators share."""

from __future__ import annotations

import re
from inspect import signature
from typing import TypeVar

# A class.
Estimator = TypeVar("Estimator", bound=type)


def document_parameters(cls: Estimator) -> Estimator:
    """Replace ``{training_parameters}`` and the like in the docstring of a class.

    Parameters that the class lacks, or documents itself, are left out.
    """
    for place, texts in SHARED.items():
        documented = cls.__doc__ or ""
        missing = [
            entry
            for entry in re.split(r"(?m)^(?=    \w)", texts)[1:]
            if (name := entry.split()[0]) in signature(cls).parameters
            and f"\n    {name} : " not in documented
        ]
        cls.__doc__ = documented.replace(f"    {{{place}}}\n", "".join(missing))
    return cls


TRAINING_PARAMETERS = """\
    cell : {"gru", "lstm", "rnn"}, default="gru"
        The recurrent cell.
    activation : {"tanh", "relu"}, default="tanh"
        Activation of the candidate state.
    reset_after : bool, default=True
        Whether GRU's reset gate is applied after the recurrent product, as PyTorch
        and cuDNN do, or before it, as in Cho et al. (2014).
    dropout : float, default=0.0
        Probability of dropping an element of a layer's output during training.
    max_epochs : int, default=100
        Passes over the training data.
    batch_size : int, default=32
        Samples per training step.
    lr : float, default=0.002
        Learning rate; with a schedule, its first value.
    lr_schedule : {"constant", "cosine", "plateau"}, default="cosine"
        How the learning rate changes from epoch to epoch: not at all, along a half
        cosine down to zero, or divided by ten when the loss stops falling.
    optimizer : {"adam", "adamw", "sgd", "rmsprop"} or class, default="adam"
        The optimizer; a class is called as those in :mod:`torch.optim` are.
    weight_decay : float, default=0.0
        The optimizer's weight decay.
    gradient_clip : float or None, default=1.0
        Largest norm of the gradient of a step.
    early_stopping : bool or "auto", default="auto"
        Whether to hold out a part of the training data, stop when the loss on it no
        longer falls, and keep the weights that were best on it. "auto" does so with 500
        training samples or more. `partial_fit` never holds anything out.
    validation_fraction : float, default=0.1
        Fraction of the training data that `early_stopping` holds out.
    n_iter_no_change : int, default=10
        Epochs without improvement that `early_stopping` waits for.
    tol : float, default=1e-2
        Smallest fall of the held-out loss, as a fraction of it, that counts as an
        improvement.
    standardize : bool, default=True
        Whether to give inputs and outputs zero mean and unit variance inside; results
        come back in the units of the data.
    warm_start : bool, default=False
        Whether `fit` goes on from the weights of the previous fit.
    callbacks : list of skorch callbacks or None, default=None
        Added to the callbacks that this estimator needs; after training,
        `net_.callbacks_` holds them all, but a copy or a file of the estimator has only
        this list. They score the estimator's predictions. A callback that would do
        nothing is refused before training, for example if it watches the held-out part
        and nothing is held out. scikit-learn's callbacks are none of these: they are
        set with `set_callbacks`, see :ref:`sklearn-callbacks`.
    checkpoint : str, path-like, Checkpoint or None, default=None
        A folder in which `fit` keeps its state while it trains, every 30 seconds or as
        often as a :class:`~sklearn_gru.Checkpoint` says. If it is killed, a `fit` with
        the same parameters and data goes on from there, and ends with the same result
        to the last bit. Fits of any number may share a folder, and a fit that has ended
        leaves nothing there, except one number, the file `seed`: with
        ``random_state=None`` all fits that name the folder have this seed. Callbacks of
        your own need `state_dict` and `load_state_dict`. `partial_fit` writes nothing.
        See :ref:`killed`.
    device : str or torch.device, default="auto"
        Where to compute; "auto" takes CUDA if there is any, else the CPU.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the arithmetic.
    kernel : {"auto", "fused", "torch"}, default="auto"
        What runs the recurrent layers on a CPU: "fused" is loops compiled by llvmlite
        (the extra `fast`), several times faster than PyTorch's own, "torch" is PyTorch.
        "auto" takes the compiled loops if llvmlite is installed and can compile them,
        and PyTorch otherwise and on other devices. The results agree to rounding.
    random_state : int, RandomState instance or None, default=None
        Seeds the initial weights, the shuffling and dropout. The same integer gives
        the same result to the last bit on the same device. None draws a new seed from
        the system. No global random state is read or changed.
    verbose : {0, 1, 2}, default=0
        1 shows a progress bar, 2 a line per epoch.
"""

FORECASTING_PARAMETERS = """\
    weights : {"auto", "synthetic"} or None, default="auto"
        What part the weights in the package have, which were trained on synthetic
        series only (:ref:`zero-shot`). "auto": a network is trained on the series, and
        forecasts are means of its own and of those of the weights, by their errors on
        the latest rows; where a naive forecast had much smaller ones, it stands in. The
        network forecasts alone if `X` has more than 10,000 values, if columns are known
        of the future or targets are no columns of `X`, and without `linear_path`.
        "synthetic": the weights forecast, each column by itself, from at most 384 rows;
        intervals come from their quantiles. `fit` takes milliseconds, unless
        `max_epochs` is a number: it then trains the weights on, and keeps what
        forecasts held-out rows best. Parameters of the network can't be set. None: the
        trained network forecasts alone.
    center : {"auto", "last", "mean", "season"} or None, default="auto"
        The naive forecast that the network corrects, and the level that is subtracted
        from each window: its last row, its mean, the last season, or nothing. "auto"
        takes the last season if there is one, else the last row, unless the mean of the
        window or of all rows is clearly better over the later half of the training
        windows. Targets that are not columns of `X` are never shifted.
    scale : {"auto", "series", "window"}, default="auto"
        What each window is divided by around its level: the spread of all windows, or
        its own mean absolute deviation, so that quiet and wild windows look alike.
        "auto" is "window".
    season_length : int, "auto" or None, default="auto"
        Rows of a season. "auto" tests the season that the index suggests (a day for
        hours and minutes, a week for days, a year for weeks, months and quarters), or,
        without such an index, common ones: if the autocorrelation of the changes says
        nothing, there is none.
    target_transform : {"auto", "log"} or None, default="auto"
        "log" forecasts the logarithm of the targets in their own units, which must be
        positive. "auto" does so for panels of positive series that have a season.
    missing : {"error", "mask"}, default="error"
        What NaN in the series is: an error, or a missing value. With "mask" the gaps of
        a window are filled along straight lines between its own rows, a further input
        for each column tells the network which values were filled, and missing targets
        do not count. What is known of the future may not be NaN. See
        :ref:`missing-values`.
    linear_path : bool, default=True
        Whether a linear map from the window straight to its forecast is added to the
        network, solved by ridge regression on the training windows before training
        begins. Windows of more than 1,024 rows get none.
    n_estimators : int, default=1
        Networks that are trained side by side from different initial weights; their
        median is the forecast.
    segment_length : int or "auto", default="auto"
        Rows that form one input of the network: with 48, a window of 720 rows is 15
        inputs. "auto" is a season, if the window is whole seasons, else 1.
    channels : {"joint", "independent"}, default="joint"
        Whether one network reads all columns together, or each column by itself.
    stride : int, default=1
        Rows from one training window to the next.
    loss : {"squared_error", "absolute_error", "huber", "quantile"}, \
default="squared_error"
        Training loss, on standardised targets. "quantile" is the pinball loss of seven
        quantiles, of which the median is the forecast.
"""

SEQUENCE_PARAMETERS = """\
    bidirectional : bool or "auto", default="auto"
        Whether to read each sequence in both directions. "auto" does so, but not with
        `return_sequences`, where the output of a step should not know later steps.
    pooling : {"last", "mean", "max"}, tuple of them or "auto", default="auto"
        What is read of the hidden states: those after the last step, their mean or
        their maximum over time, or several joined. "auto" is all three.
    segment_length : int or "auto", default="auto"
        Time steps that form one input of the recurrent layers. "auto" makes at most 64
        segments of the longest training sequence, and none with `return_sequences`.
        Behind a convolution with a stride it is rounded up to whole strides.
    normalized : bool or "auto", default="auto"
        Whether each sequence, given zero mean and unit variance of its own, is read
        beside its values, so that small sequences show their course, too. "auto" does
        so if the ranges of the sequences differ by a factor of ten (5th and 95th
        percentile), but not with `embedding_dim` or `return_sequences`.
    differences : bool or "auto", default="auto"
        Whether the changes from step to step, in units of their own, are read beside
        the values. "auto" does so for quantities, but not with `return_sequences`.
    conv_filters : int, tuple of int, "auto" or None, default="auto"
        Channels of each of the convolutions in front of the recurrent layers. Each sees
        7 steps and is followed by batch normalisation and relu, and the mean over time
        of the last one's outputs is read beside the hidden states. The first has a
        stride of an eighth of `segment_length`. None is no convolution; "auto" is (32,
        32) for quantities, but none with `return_sequences`.
    time_warp : float or "auto", default="auto"
        How far training bends the time of every other sequence, as a share of its
        length; see :ref:`time-warp`. "auto" is 0.05 for quantities, but 0 with
        `return_sequences`.
    n_estimators : int, default=1
        Networks that are trained side by side from different initial weights; the mean
        of their outputs counts.
    max_epochs : int or "auto", default="auto"
        Passes over the training data. "auto" is as many as 1,000 training steps take,
        and at least 30.
    lr : float, default=0.003
        Learning rate; with a schedule, its first value.
    early_stopping : bool or "auto", default="auto"
        Whether to hold out a part of the training data, stop when the loss on it no
        longer falls, and keep the weights that were best on it. "auto" does so with
        2,000 sequences or more. `partial_fit` never holds anything out.
"""

SHARED = {
    "sequence_parameters": SEQUENCE_PARAMETERS,
    "forecasting_parameters": FORECASTING_PARAMETERS,
    "training_parameters": TRAINING_PARAMETERS,
}
