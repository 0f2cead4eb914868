"""The usual hand-written programme: nn.GRU, and a loop over a DataLoader."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.speed.contenders.tutorial import Tutorial


class Net(nn.Module):
    """Stacked layers of one width, and a linear head on the last hidden state."""

    def __init__(self, units, n_features=1):
        super().__init__()
        self.gru = nn.GRU(n_features, units[0], len(units), batch_first=True)
        self.head = nn.Linear(units[0], 1)

    def forward(self, x):
        hidden, _ = self.gru(x)  # (B, T, units)
        return self.head(hidden[:, -1])


class Loop(Tutorial):
    def begin(self):
        self.windows = torch.from_numpy(self.x)
        dataset = TensorDataset(self.windows, torch.from_numpy(self.y))
        self.loader = DataLoader(dataset, self.shape["batch"], shuffle=True)
        torch.manual_seed(0)
        self.device = self.shape.get("device", "cpu")
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

    @torch.inference_mode()
    def forecasts(self):
        parts = [self.net(x.to(self.device)) for x in self.windows.split(512)]
        return torch.cat(parts).cpu().numpy()

    @torch.inference_mode()
    def predict(self):
        self.net(self.windows[:1])
