"""The README's Python runs as it stands."""

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_code_blocks_run():
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(blocks) == 3
    names = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), names)
    assert names["search"].best_score_ < 1
    assert len(names["folds"]) == 4
    assert names["writer"].generate("The", 10, temperature=0).startswith("The")
    assert names["pipe"].predict(names["df"], steps=7).shape == (7, 1)
