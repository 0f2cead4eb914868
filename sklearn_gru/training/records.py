"""What skorch's history keeps of an epoch's batches."""

import numpy as np
import torch


class EveryBatch:
    """Records every batch, as skorch does, for callbacks that read such records."""

    def __init__(self, history, prefix):
        self.history = history
        self.prefix = prefix
        self.n_batches = 0
        self.size = 0

    def begin_batch(self):
        self.history.new_batch()

    def end_batch(self, loss, size):
        size = torch.as_tensor(size).item()
        self.history.record_batch(f"{self.prefix}_loss", loss.item())
        self.history.record_batch(f"{self.prefix}_batch_size", size)
        self.n_batches += 1
        self.size += size

    def end(self):
        self.history.record(f"{self.prefix}_batch_count", self.n_batches)
        self.history.record(f"{self.prefix}_size", int(self.size))


class WholeEpoch:
    """Records an epoch as a single batch with the mean loss of all.

    Reading a loss after every batch takes time, and makes a GPU wait.
    """

    def __init__(self, history, prefix):
        self.history = history
        self.prefix = prefix
        self.losses = []
        self.sizes = []

    def begin_batch(self):
        pass

    def end_batch(self, loss, size):
        self.losses.append(loss)
        self.sizes.append(size)

    def end(self):
        sizes = torch.as_tensor(self.sizes).tolist()
        losses = torch.stack(self.losses).double().cpu().numpy()
        mean = np.average(losses, weights=sizes)
        self.history.new_batch()
        self.history.record_batch(f"{self.prefix}_loss", mean)
        self.history.record_batch(f"{self.prefix}_batch_size", sum(sizes))
        self.history.record(f"{self.prefix}_batch_count", len(sizes))
        self.history.record(f"{self.prefix}_size", int(sum(sizes)))
