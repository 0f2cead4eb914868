"""The recurrent layers alone: nothing in front of them, nothing beside."""

PLAIN = {
    "bidirectional": False,
    "pooling": "last",
    "segment_length": 1,
    "normalized": False,
    "differences": False,
    "conv_filters": None,
    "time_warp": 0,
}
