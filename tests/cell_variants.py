"""All cells in all their variants: name, activation, reset_after."""

VARIANTS = [
    ("gru", "tanh", True),
    ("gru", "tanh", False),
    ("gru", "relu", True),
    ("gru", "relu", False),
    ("lstm", "tanh", True),
    ("lstm", "relu", True),
    ("rnn", "tanh", True),
    ("rnn", "relu", True),
]
