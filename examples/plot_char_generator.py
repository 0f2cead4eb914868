"""
Text generation: a GRU that writes Python's documentation
=========================================================

:class:`~sklearn_gru.CharGRUGenerator` learns a text character by character. Here it is
measured by the bits that a held-out character takes, beside counts of characters and of
short runs of characters, and beside a file compressor. Then it writes more text.
"""

# %%
# A text that comes with Python
# -----------------------------
# The help texts of Python's own documentation, one after the other. A paragraph that
# occurs in several of them is taken once. The end of the text is held out.

import lzma
import time
from collections import Counter, defaultdict
from pydoc_data.topics import topics

import numpy as np
from matplotlib import pyplot as plt

from sklearn_gru import CharGRUGenerator

paragraphs = "\n\n".join(topics[name] for name in sorted(topics)).split("\n\n")
text = "\n\n".join(dict.fromkeys(paragraphs))
training, held_out = text[:-20_000], text[-20_000:]
print(
    f"{len(training):,} characters to learn from, {len(set(training))} of them distinct"
)

# %%
# Train
# -----
# The last twentieth of a text of this length is held out during training.
# ``verbose=1`` would show a progress bar with both losses, in nats per character.

model = CharGRUGenerator(lr=0.01, dropout=0.2, max_epochs=8, random_state=0)
start = time.perf_counter()
model.fit(training)
print(f"{model.n_iter_} epochs in {time.perf_counter() - start:.0f} s")

# %%
# Compare
# -------
# The counts say which characters follow a run of others in the training text. Runs that
# are rare there are mixed with shorter runs (Witten and Bell's smoothing). The
# compressor takes as many bits as the held-out text adds to the size of a file.


def bits_from_counts(longest):
    """Bits a held-out character takes, from counts after up to `longest` others."""
    following = defaultdict(Counter)
    for n in range(longest + 1):
        for i in range(n, len(training)):
            following[training[i - n : i]][training[i]] += 1
    whole, probability = training + held_out, []
    for i in range(len(training), len(whole)):
        p = 1 / len(model.classes_)
        for n in range(longest + 1):
            if seen := following.get(whole[i - n : i]):
                p = seen[whole[i]] + len(seen) * p
                p /= seen.total() + len(seen)
        probability.append(p)
    return -np.log2(probability).mean()


def compressed(string):
    return 8 * len(lzma.compress(string.encode(), preset=9 | lzma.PRESET_EXTREME))


added = compressed(training + held_out) - compressed(training)
bits = {
    "counts": bits_from_counts(0),
    "counts after 3 others": bits_from_counts(3),
    "counts after 5 others": bits_from_counts(5),
    "xz, a compressor": added / len(held_out),
    "GRU": model.bits_per_char(held_out),
}
for name, value in bits.items():
    print(f"{name:21s} {value:.2f} bits, {value * np.log(2):.2f} nats a character")

# %%
# Documentation repeats its phrases, and a compressor can copy them from any distance. A
# GRU can't copy; it only has what it has learned.
#
# Write
# -----
# At a low temperature the text is more predictable, at a higher one more varied. Both
# texts make up names and rules that Python does not have.

for temperature in (0.4, 0.9):
    start = time.perf_counter()
    written = model.generate(
        "The for statement", 500, temperature=temperature, random_state=1
    )
    seconds = time.perf_counter() - start
    print(f"--- temperature {temperature}, {500 / seconds:,.0f} characters a second")
    print(written, end="\n\n")

# %%
# ``n`` writes several texts side by side, and ``stop`` ends them.

for line in model.generate(
    "class ", 60, n=5, temperature=0.6, stop="\n", random_state=0
):
    print(line)

# %%
# What surprises the model
# ------------------------
# On the right, a held-out passage: how many bits each of its characters took. The first
# letters of a word are hard to guess, and its last ones are not.

passage = held_out[held_out.index("\n\n") :].strip()[:76].replace("\n", " ")
probability = model.predict_proba([passage[:i] for i in range(len(passage))])
column = [list(model.classes_).index(character) for character in passage]
surprise = -np.log2(probability[np.arange(len(passage)), column])

fig, (left, right) = plt.subplots(
    1, 2, figsize=(11, 3.4), width_ratios=[1, 2.6], layout="constrained"
)
epochs = np.arange(1, model.n_iter_ + 1)
left.plot(epochs, model.loss_curve_, label="training")
left.plot(epochs, model.net_.history[:, "valid_loss"], label="its held-out end")
left.set(xlabel="epoch", ylabel="nats per character")
left.legend(frameon=False)
right.bar(np.arange(len(passage)), surprise, color="tab:blue", width=0.9)
right.set_xticks(np.arange(len(passage)), list(passage), fontfamily="monospace")
right.tick_params(axis="x", length=0, labelsize=8)
right.set(ylabel="bits", xlim=(-1, len(passage)))
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()
