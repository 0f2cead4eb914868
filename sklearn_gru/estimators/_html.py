"""What a notebook shows of an estimator: a link to its page, and its training."""

from sklearn_gru.estimators._private import VisualBlock

# Below the address of the documentation in pyproject.toml, which a test compares.
PAGE = "https://sklearn-gru.readthedocs.io/en/stable/api/generated/{page}.html"


class LinksToItsPage:
    """An estimator whose diagram links to its page in the API reference."""

    _doc_link_module = "sklearn_gru"
    _doc_link_template = PAGE

    def _doc_link_url_param_generator(self):
        return {"page": f"sklearn_gru.{type(self).__name__}"}


class ShowsItsTraining(LinksToItsPage):
    """An estimator whose diagram also says what was trained, if it is fitted.

    A subclass says in `_counted` what its training counts, and may replace
    `_n_counted`.
    """

    _counted = "sequences"

    def _sk_visual_block_(self):
        caption = self._training() if self.__sklearn_is_fitted__() else None
        name, details = type(self).__name__, str(self)
        return VisualBlock(
            "single", self, names=name, name_details=details, name_caption=caption
        )

    def _training(self):
        return describe_training(self.net_, self._n_counted(), self._counted)

    def _n_counted(self):
        """Count what an epoch trains on; None if the history does not say."""
        history = self.net_.history
        return history[-1].get("train_size") if history else None


def describe_training(net, n_counted, counted):
    """Say in one line what a net was trained on, and how long.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import torch
    >>> net = SimpleNamespace(module_=torch.nn.Linear(9, 1), history=[{}], device="cpu")
    >>> describe_training(net, 1200, "rows")
    '1,200 rows, 10 parameters, 1 epoch, cpu'
    """
    parts = [] if n_counted is None else [f"{n_counted:,} {counted}"]
    n_parameters = sum(each.numel() for each in net.module_.parameters())
    n_epochs = len(net.history)
    epochs = "epoch" if n_epochs == 1 else "epochs"
    parts += [f"{n_parameters:,} parameters", f"{n_epochs:,} {epochs}", str(net.device)]
    return ", ".join(parts)
