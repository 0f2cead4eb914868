"""Windows of which some values are missing."""

import torch


def filled(window):
    """Fill NaN along straight lines between the known rows of each window.

    Before the first known row of a column, and behind the last, that row is repeated.
    So no row outside the window is needed, least of all a later one. A column without
    a known row becomes zero, the mean of standardised rows.

    Parameters
    ----------
    window : Tensor of shape (B, T, k)

    Returns
    -------
    Tensor of shape (B, T, k)
    """
    missing = window.isnan()
    known = torch.where(missing, 0.0, window)
    n_rows = window.shape[1]
    rows = torch.arange(n_rows, device=window.device)[:, None]
    before = torch.where(missing, -1, rows).cummax(1).values
    after = torch.where(missing, n_rows, rows).flip(1).cummin(1).values.flip(1)
    left = torch.where(before < 0, after, before).clamp(max=n_rows - 1)
    right = torch.where(after == n_rows, left, after)
    share = (rows - left).to(window) / (right - left).clamp(min=1)
    lower, upper = known.gather(1, left), known.gather(1, right)
    line = lower + share * (upper - lower)
    return torch.where(missing, line, window)
