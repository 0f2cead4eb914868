"""Text: the loss after 100 and 300 seconds of training, and the speed of writing.

    python benchmarks/text.py path/to/tinyshakespeare.txt [--seed 0] [--recipe 100s]

The first 90 % of the characters are for training, the last 10 % for validation. Losses
are cross-entropies in nats per character. A network must beat the n-gram model, which
only counts.
"""

import argparse
import statistics
import time
from collections import Counter, defaultdict

import numpy as np

from sklearn_gru import CharGRUGenerator

RECIPES = {
    "100s": {"units": (256, 256), "dropout": 0.1, "lr": 0.006, "max_epochs": 4},
    "300s": {"units": (256, 256), "dropout": 0.25, "lr": 0.006, "max_epochs": 12},
}
PUBLISHED = {
    "plain nn.GRU loop, 384 units, 100 s of two cores": 1.5105,
    "nanoGPT's CPU recipe, 103 s of two cores": 1.886,
    "nanoGPT's GPU recipe": 1.4697,
}
ORDER = 6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", help="a text, such as tinyshakespeare.txt")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--recipe", choices=RECIPES, action="append")
    options = parser.parse_args()
    with open(options.path, encoding="utf-8") as file:
        text = file.read()
    cut = int(0.9 * len(text))
    training, validation = text[:cut], text[cut:]

    # Compiled code is loaded before the clock starts.
    CharGRUGenerator(units=8, max_epochs=1).fit(training[:2000]).generate(length=5)
    print("validation loss             nats   bits")
    show(f"{ORDER}-gram model", n_gram_loss(training, validation))
    for name in options.recipe or RECIPES:
        model = CharGRUGenerator(
            **RECIPES[name], early_stopping=False, random_state=options.seed, verbose=1
        )
        start = time.perf_counter()
        model.fit(training)
        seconds = time.perf_counter() - start
        show(f"recipe {name}, {seconds:.0f} s", -model.score(validation))
    for name, loss in PUBLISHED.items():
        show(name, loss)
    print(model.generate("ROMEO:", 300, temperature=0.8, random_state=0))

    print("\ncharacters a second, 256 units, one layer (median of 5)")
    model = CharGRUGenerator(max_epochs=1, early_stopping=False).fit(training[:100_000])
    for settings in ({}, {"temperature": 0.8, "top_p": 0.95}, {"top_k": 10}):
        for n, length in ((1, 10_000), (64, 1_000)):
            rate = writing_rate(model, n, length, settings)
            print(f"{n:3d} at once, {settings or 'as they are'}: {rate:,.0f}")
    long = writing_rate(model, 1, 10_000, {}, prompt=validation[:50_000])
    print(f"  1 at once, after a prompt of 50,000 characters, read in: {long:,.0f}")


def show(name, loss):
    print(f"{name:50s} {loss:6.4f} {loss / np.log(2):6.3f}")


def n_gram_loss(training, validation):
    """Interpolate the frequencies of contexts of 0 to ORDER - 1 characters."""
    tables = [defaultdict(Counter) for _ in range(ORDER)]
    for i, character in enumerate(training):
        for n, table in enumerate(tables):
            if i >= n:
                table[training[i - n : i]][character] += 1
    n_characters = len(set(training)) + 1
    total = 0.0
    for i, character in enumerate(validation):
        probability = 1 / n_characters
        for n, table in enumerate(tables):
            seen = table.get(validation[i - n : i]) if i >= n else None
            if seen:
                # Witten and Bell's weights.
                count = seen.total()
                probability = (seen[character] + len(seen) * probability) / (
                    count + len(seen)
                )
        total -= np.log(probability)
    return total / len(validation)


def writing_rate(model, n, length, settings, prompt="ROMEO:"):
    def once():
        start = time.perf_counter()
        model.generate(prompt, length, n=n, random_state=0, **settings)
        return n * length / (time.perf_counter() - start)

    return statistics.median(once() for _ in range(5))


if __name__ == "__main__":
    main()
