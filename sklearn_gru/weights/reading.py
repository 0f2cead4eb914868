"""Reading and writing the weights of a network, without what has trained it."""

from functools import cache
from pathlib import Path

import torch

from sklearn_gru.files import read_file, write_file

FOLDER = Path(__file__).parent
# Where each set of weights is, by its name.
WEIGHTS = {"synthetic": FOLDER / "synthetic.safetensors"}


def architecture_of_weights(name):
    """Return the arguments of the network that has the weights of a name."""
    return dict(_content(name)["architecture"])


def fill_with(module, name):
    """Give a network the weights of a name.

    Parameters
    ----------
    module : ZeroShotNet
    name : str
        One of `WEIGHTS`.
    """
    weights = _content(name)["weights"]
    module.load_state_dict({key: torch.from_numpy(w) for key, w in weights.items()})


def write_weights(path, module, architecture):
    """Write the weights of a network to a safetensors file.

    Parameters
    ----------
    path : str or path-like
    module : torch.nn.Module
    architecture : dict
        Arguments of the network that are not those of a series: numbers, strings and
        tuples.
    """
    weights = {name: w.cpu().numpy() for name, w in module.state_dict().items()}
    write_file(path, {"architecture": architecture, "weights": weights}, "weights")


@cache
def _content(name):
    return read_file(WEIGHTS[name], "weights")
