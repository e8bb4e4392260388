"""A line on standard error that says how far training is."""

from __future__ import annotations

import sys
import time

WIDTH = 30


class ProgressBar:
    """Draws itself where a person watches, and takes itself away at the end."""

    def __init__(self, what: str, shown: bool | None) -> None:
        self.what = what
        self.shown = sys.stderr is not None and sys.stderr.isatty() if shown is None else shown
        self.began = time.monotonic()
        self.length = 0

    def __call__(self, done: int, total: int) -> None:
        if not self.shown or total == 0:
            return
        filled = WIDTH * done // total
        seconds = time.monotonic() - self.began
        bar = "=" * filled + ">" * (filled < WIDTH) + " " * (WIDTH - filled - 1)
        self._write(f"{self.what} [{bar}] {done}/{total} fits  {seconds:.0f} s")

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        if self.length:
            self._write("")
            sys.stderr.write("\r")
            sys.stderr.flush()

    def _write(self, line: str) -> None:
        sys.stderr.write("\r" + line.ljust(self.length))
        sys.stderr.flush()
        self.length = len(line)
