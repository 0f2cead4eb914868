"""Runs what the page "Coming from other libraries" shows of the others.

Every named block of the page runs in a process of its own, on the page's series. The
error of its forecast is printed beside that of the last week repeated.
"""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "user_guide" / "coming_from.rst"
BLOCK = re.compile(r"\.\. code-block:: python\n    :name: (\w+)\n\n((?:    .*\n|\n)+)")
OURS = re.compile(r"^(?:>>>|\.\.\.) ?(.*)$", re.M)
REPORT = """
import numpy as np
week, naive = (np.abs(np.asarray(x) - truth).mean() for x in (week, series[-7:]))
print(f"mean absolute error {week:.2f}, of the last week repeated {naive:.2f}")
"""


def main():
    page = PAGE.read_text()
    data = "\n".join(OURS.findall(page)[:5])
    blocks = BLOCK.findall(page)
    assert len(blocks) == page.count(":name:"), "a block was not found"
    for name, code in blocks:
        program = "\n".join([data, textwrap.dedent(code), REPORT])
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            capture_output=True,
            text=True,
            check=False,
        )
        last = (run.stdout if run.returncode == 0 else run.stderr).strip()
        print(f"{name:15} {last.splitlines()[-1]}", flush=True)


if __name__ == "__main__":
    main()
