"""The usual hand-written programme: nn.GRU, and a loop over a DataLoader."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.speed import data
from benchmarks.speed.timing import median_call


class Net(nn.Module):
    """Stacked layers of one width, and a linear head on the last hidden state."""

    def __init__(self, units, n_features=1):
        super().__init__()
        self.gru = nn.GRU(n_features, units[0], len(units), batch_first=True)
        self.head = nn.Linear(units[0], 1)

    def forward(self, x):
        hidden, _ = self.gru(x)  # (B, T, units)
        return self.head(hidden[:, -1])


class Tutorial:
    def __init__(self, shape):
        self.shape = shape
        self.device = shape.get("device", "cpu")
        self.series = data.tutorial_series(shape)
        x, y = map(torch.from_numpy, data.windows(self.series, shape["window"]))
        self.windows = x
        dataset = TensorDataset(x, y)
        self.loader = DataLoader(dataset, batch_size=shape["batch"], shuffle=True)
        self._begin()

    def _begin(self):
        torch.manual_seed(0)
        self.net = Net(self.shape["units"]).to(self.device)
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=1e-3)

    def fit(self, epochs):
        for _ in range(epochs):
            total = 0.0
            for x, y in self.loader:
                x, y = x.to(self.device), y.to(self.device)
                self.optimizer.zero_grad()
                loss = F.mse_loss(self.net(x), y)
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(x)

    def run(self):
        self.fit(self.shape["epochs"])
        return {"count": self.shape["epochs"]}

    def loss(self):
        self._begin()
        self.fit(self.shape["loss_epochs"])
        with torch.inference_mode():
            parts = [self.net(x.to(self.device)) for x in self.windows.split(512)]
        forecasts = torch.cat(parts).cpu().numpy()
        return data.mean_squared_error(forecasts, self.series, self.shape["window"])


class Rolling:
    """The forecast of every window, 512 at a time."""

    def __init__(self, shape):
        series = data.tutorial_series(shape)
        self.x = torch.from_numpy(data.padded_windows(series, shape["window"]))
        self.net = Net(shape["units"]).eval()

    @torch.inference_mode()
    def run(self):
        torch.cat([self.net(x) for x in self.x.split(512)])


class Window:
    """One window through the bare network, with nothing around it."""

    def __init__(self, shape):
        self.shape = shape
        self.net = Net(shape["units"]).eval()
        self.x = torch.rand(1, shape["window"], 1)

    @torch.inference_mode()
    def run(self):
        calls, at_most = self.shape["calls"], self.shape["at_most"]
        once = median_call(lambda: self.net(self.x), calls=calls, at_most=at_most)
        return {"value": once}


class LanguageNet(nn.Module):
    """One layer that reads characters as one-hot vectors, as ours does."""

    def __init__(self, n_kinds, units):
        super().__init__()
        self.n_kinds = n_kinds
        self.gru = nn.GRU(n_kinds, units, batch_first=True)
        self.head = nn.Linear(units, n_kinds)

    def forward(self, codes, state=None):
        x = F.one_hot(codes, self.n_kinds).to(self.head.weight.dtype)
        hidden, state = self.gru(x, state)
        return self.head(hidden), state


class Text:
    """Truncated backpropagation through time, the state carried along."""

    def __init__(self, shape):
        self.shape = shape
        codes, self.n_kinds = data.encoded(data.text(shape))
        laid_out = data.streams(codes, shape["batch"], shape["window"])
        self.batches = [torch.from_numpy(part).long() for part in laid_out]

    def run(self):
        torch.manual_seed(0)
        net = LanguageNet(self.n_kinds, self.shape["units"])
        optimizer = torch.optim.AdamW(net.parameters(), lr=0.005, weight_decay=0.01)
        state, losses = None, []
        for codes, targets in zip(*self.batches, strict=True):
            optimizer.zero_grad()
            logits, state = net(codes, state)
            state = state.detach()
            loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        return {"loss": sum(losses) / len(losses)}


class Writing:
    """One step of the network for every character, the state carried along."""

    def __init__(self, shape):
        self.shape = shape
        _, n_kinds = data.encoded(data.text(shape))
        self.net = LanguageNet(n_kinds, shape["units"]).eval()

    @torch.inference_mode()
    def run(self):
        length, n = self.shape["length"], self.shape["streams"]
        codes, state, written = torch.zeros(n, 1, dtype=torch.long), None, []
        for _ in range(length):
            logits, state = self.net(codes, state)
            codes = torch.multinomial(logits[:, -1].softmax(dim=1), 1)
            written.append(codes)
        torch.cat(written, dim=1).tolist()
        return {"count": length * n}
