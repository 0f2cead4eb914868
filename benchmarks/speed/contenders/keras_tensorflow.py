"""Keras 3 on TensorFlow, as tutorials use it."""

import keras
import numpy as np
from keras import layers

from benchmarks.speed import data
from benchmarks.speed.timing import median_call


def model(shape):
    keras.utils.set_random_seed(0)
    *before, last = shape["units"]
    stack = [layers.GRU(units, return_sequences=True) for units in before]
    stack = [layers.Input((shape["window"], 1)), *stack, layers.GRU(last)]
    net = keras.Sequential([*stack, layers.Dense(1)])
    net.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")
    return net


class Tutorial:
    def __init__(self, shape):
        self.shape = shape
        self.series = data.tutorial_series(shape)
        self.x, self.y = data.windows(self.series, shape["window"])
        self.net = model(shape)

    def fit(self, epochs):
        batch = self.shape["batch"]
        self.net.fit(self.x, self.y, batch_size=batch, epochs=epochs, verbose=0)

    def run(self):
        self.fit(self.shape["epochs"])
        return {"count": self.shape["epochs"]}

    def loss(self):
        self.net = model(self.shape)
        self.fit(self.shape["loss_epochs"])
        forecasts = self.net.predict(self.x, batch_size=512, verbose=0)
        return data.mean_squared_error(forecasts, self.series, self.shape["window"])


class Rolling:
    def __init__(self, shape):
        self.batch = shape["batch"]
        series = data.tutorial_series(shape)
        self.x = data.padded_windows(series, shape["window"])
        self.net = model(shape)

    def run(self):
        self.net.predict(self.x, batch_size=self.batch, verbose=0)


class Window:
    """`predict` of one window, or calling the model with it (`call`)."""

    def __init__(self, shape):
        self.shape = shape
        self.net = model(shape)
        self.x = np.random.default_rng(0).random((1, shape["window"], 1), np.float32)

    def once(self):
        if self.shape.get("call"):
            return self.net(self.x).numpy()
        return self.net.predict(self.x, verbose=0)

    def run(self):
        calls, at_most = self.shape["calls"], self.shape["at_most"]
        return {"value": median_call(self.once, calls=calls, at_most=at_most)}


def language_model(shape, n_kinds, batch_shape, **gru):
    keras.utils.set_random_seed(0)
    stack = [
        layers.Input(batch_shape=batch_shape),
        # Ours and the plain loop read one-hot vectors; Keras' tutorials embed.
        layers.Embedding(n_kinds, 64),
        layers.GRU(shape["units"], **gru),
        layers.Dense(n_kinds),
    ]
    return keras.Sequential(stack)


class Text:
    """A stateful layer, which carries its state from batch to batch."""

    def __init__(self, shape):
        self.batch = shape["batch"]
        codes, n_kinds = data.encoded(data.text(shape))
        inputs, targets = data.streams(codes, self.batch, shape["window"])
        self.x = inputs.reshape(-1, shape["window"])
        self.y = targets.reshape(-1, shape["window"])
        self.net = language_model(
            shape,
            n_kinds,
            (self.batch, shape["window"]),
            return_sequences=True,
            stateful=True,
        )
        self.net.compile(
            optimizer=keras.optimizers.AdamW(
                0.005, weight_decay=0.01, global_clipnorm=1
            ),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )

    def run(self):
        history = self.net.fit(
            self.x, self.y, batch_size=self.batch, shuffle=False, verbose=0
        )
        return {"loss": history.history["loss"][-1]}


class Writing:
    """`predict` for every character, as tutorials do.

    It reads the window before the character, or (`stateful`) only the last character.
    """

    def __init__(self, shape):
        self.shape = shape
        _, self.n_kinds = data.encoded(data.text(shape))
        stateful = shape.get("stateful", False)
        self.window = 1 if stateful else shape["window"]
        batch_shape = (shape["streams"], self.window)
        self.net = language_model(shape, self.n_kinds, batch_shape, stateful=stateful)
        self.rng = np.random.default_rng(0)

    def run(self):
        length, n = self.shape["keras_length"], self.shape["streams"]
        codes = np.zeros((n, self.window), np.int64)
        for _ in range(length):
            logits = self.net.predict(codes, batch_size=n, verbose=0)
            noise = self.rng.gumbel(size=logits.shape)
            drawn = (logits + noise).argmax(axis=1)
            codes = np.concatenate([codes[:, 1:], drawn[:, None]], axis=1)
        return {"count": length * n}
