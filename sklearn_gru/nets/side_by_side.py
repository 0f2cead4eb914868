"""Several recurrent networks in one."""

import torch
from torch import nn

# Every call of a dropout takes the next seed, and on a CPU torch reads 32 bits of it.
SEEDS_APART = 1 << 24


class SideBySide(nn.Module):
    """Recurrent networks that differ in nothing but their initial weights.

    Parameters
    ----------
    members : iterable of Recurrent
    """

    def __init__(self, members):
        super().__init__()
        self.members = nn.ModuleList(members)
        self.output_size = sum(member.output_size for member in self.members)

    @property
    def is_fused(self):
        """Whether all layers run as compiled loops, every row of a batch by itself."""
        return all(member.is_fused for member in self.members)

    @property
    def kernel(self):
        """What was chosen to run the layers: "auto", "fused" or "torch"."""
        return self.members[0].kernel

    @property
    def layers(self):
        """The layers of the first network."""
        return self.members[0].layers

    @property
    def dropout(self):
        """The dropout of the first network."""
        return self.members[0].dropout

    def freeze(self):
        """Promise that no weight will change."""
        for member in self.members:
            member.freeze()

    def use_kernel(self, kernel):
        """Choose what runs the layers: "auto", "fused" or "torch"."""
        for member in self.members:
            member.use_kernel(kernel)

    def prepare(self):
        """Compile what will run the layers, if that is needed."""
        self.members[0].prepare()

    def summary(self, x):
        """Map x (B, T, input_size) to last hidden states (B, n_members, units)."""
        return torch.stack([member.summary(x) for member in self.members], dim=1)


class Heads(nn.Module):
    """A linear head for each of several networks.

    Parameters
    ----------
    n_members : int
    width : int
        Of a network's hidden state.
    n_outputs : int
    """

    def __init__(self, n_members, width, n_outputs):
        super().__init__()
        self.members = nn.ModuleList(
            nn.Linear(width, n_outputs) for _ in range(n_members)
        )

    def reset(self):
        """Put out zeros."""
        for parameter in self.parameters():
            nn.init.zeros_(parameter)

    def forward(self, hidden):
        """Map hidden (B, n_members, width) to (B, n_members, n_outputs)."""
        outputs = [head(hidden[:, number]) for number, head in enumerate(self.members)]
        return torch.stack(outputs, dim=1)


def median(x, dim):
    """Return the median along a dimension: of an even number, the middle two's mean."""
    n = x.shape[dim]
    if n == 1:
        return x.squeeze(dim)
    middle = x.sort(dim=dim).values.narrow(dim, (n - 1) // 2, 2 - n % 2)
    return middle.mean(dim=dim)
