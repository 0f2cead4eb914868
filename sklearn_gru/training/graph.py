"""A training step recorded once as a CUDA graph, and replayed without Python.

On a GPU a small net's step is hundreds of kernels of a few microseconds each, and
Python takes longer to launch them than the GPU to run them.
"""

import torch

from sklearn_gru.training.steps import EagerStep

# Eager steps before the recording, in which libraries set themselves up.
WARM_UP_STEPS = 3
# Largest difference of weights between a replayed and an eager step, relative or
# absolute.
TOLERANCE = 1e-3


class RecordedStep(EagerStep):
    """Takes the training steps of batches of one shape by replaying a recorded step.

    Before the recording is relied on, one step is taken both ways and the results are
    compared. If the step can't be recorded, or the results differ, all steps remain
    eager.

    Parameters
    ----------
    net : Net
        On a CUDA device, with an optimizer that is capturable.
    gradient_clip : float or None
        Limit of the gradient's norm.
    report : callable
        Called with a sentence that says why steps remain eager.
    """

    def __init__(self, net, gradient_clip, report):
        super().__init__(net, gradient_clip)
        self.report = report
        self.shapes = None
        self.n_eager = 0
        self.graph = None
        self.given_up = False

    def __call__(self, batch):
        """Take a step and return the loss before it; after a replay, nothing else."""
        loss = self.take_recorded(batch)
        if loss is None:
            return super().__call__(batch)
        return {"loss": loss, "y_pred": None}

    def take_recorded(self, batch):
        """Take a step and return its loss, or do nothing and return None."""
        shapes = [tensor.shape for tensor in batch.tensors()]
        self.shapes = self.shapes or shapes
        if self.given_up or shapes != self.shapes:
            return None
        if self.n_eager < WARM_UP_STEPS:
            self.n_eager += 1
            return None
        if self.graph is None:
            return self._record(batch)
        return self._replay(batch)

    def _record(self, batch):
        try:
            self._capture(batch)
            return self._take_both_ways(batch)
        except RuntimeError as error:
            self._give_up(f"it can't be recorded ({str(error).splitlines()[0]})")
        return None

    def _capture(self, batch):
        self.batch = batch.copied()
        self.zero_grad()
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.loss = self.gradient(self.batch)["loss"]
            self.optimizer.step()
        self.graph = graph

    def _replay(self, batch):
        for recorded, tensor in zip(self.batch.tensors(), batch.tensors(), strict=True):
            recorded.copy_(tensor)
        self.graph.replay()
        return self.loss.clone()

    def _take_both_ways(self, batch):
        """Replay a step, undo it, take it eagerly, and compare the results."""
        before = [tensor.clone() for tensor in self._state()]
        self._replay(batch)
        replayed = [tensor.clone() for tensor in self._weights()]
        with torch.no_grad():
            for tensor, old in zip(self._state(), before, strict=True):
                tensor.copy_(old)
        self.zero_grad()
        loss = self.gradient(batch)["loss"]
        self.optimizer.step()
        pairs = zip(replayed, self._weights(), strict=True)
        if not all(torch.allclose(*pair, TOLERANCE, TOLERANCE) for pair in pairs):
            self._give_up("a replayed step differs from an eager one")
        return loss

    def _weights(self):
        return list(self.module.parameters())

    def _state(self):
        """List everything that a step changes."""
        state = self.optimizer.state
        moments = [
            tensor
            for weight in self._weights()
            for tensor in state[weight].values()
            if isinstance(tensor, torch.Tensor)
        ]
        return [*self._weights(), *moments]

    def _give_up(self, reason):
        self.given_up, self.graph = True, None
        self.report(f"Training steps are not replayed as a CUDA graph: {reason}.")
