"""Keras 3 on TensorFlow, as tutorials use it."""

import keras
from keras import layers

from benchmarks.speed.contenders.tutorial import Tutorial


class Network(Tutorial):
    def begin(self):
        keras.utils.set_random_seed(0)
        *before, last = self.shape["units"]
        stack = [layers.GRU(units, return_sequences=True) for units in before]
        stack = [layers.Input(self.x.shape[1:]), *stack, layers.GRU(last)]
        self.net = keras.Sequential([*stack, layers.Dense(1)])
        self.net.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")

    def fit(self, epochs):
        batch = self.shape["batch"]
        self.net.fit(self.x, self.y, batch_size=batch, epochs=epochs, verbose=0)

    def forecasts(self):
        return self.net.predict(self.x, batch_size=self.shape["batch"], verbose=0)

    def predict(self):
        self.net.predict(self.x[:1], verbose=0)

    def call(self):
        self.net(self.x[:1]).numpy()
