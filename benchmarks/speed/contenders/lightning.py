"""How PyTorch Lightning is kept quiet and on the CPU, for who builds on it."""

import logging

logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
QUIET = {
    "accelerator": "cpu",
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "enable_checkpointing": False,
    "logger": False,
}
