"""Settings that keep PyTorch Lightning, below two contenders, quiet and on the CPU."""

import logging

logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
QUIET = {
    "accelerator": "cpu",
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "enable_checkpointing": False,
    "logger": False,
}
