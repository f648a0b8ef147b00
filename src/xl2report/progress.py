"""How far many workbooks are, on one line of a terminal."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from time import monotonic
from typing import TextIO

BLOCKS = 20
EVERY = 0.1
"""Seconds between two drawings."""


class Bar:
    """A line that is drawn over again; nothing at all where the stream is no terminal.

    ``words`` is the text of the line with ``{bar}``, ``{done}``, ``{total}``, ``{failed}``, ``{rate}`` and ``{left}``.
    """

    def __init__(self, stream: TextIO, words: str, clock: Callable[[], float] = monotonic) -> None:
        self.stream, self.words, self.clock = stream, words, clock
        self.begun = self.drawn = clock()
        self.shown = stream.isatty()

    def show(self, done: int, total: int, failed: int) -> None:
        """Draw the line, unless it was drawn just now."""
        now = self.clock()
        if not self.shown or (now - self.drawn < EVERY and done < total):
            return
        self.drawn = now
        rate = done / max(now - self.begun, 0.001)
        full = BLOCKS * done // max(total, 1)
        line = self.words.format(
            bar="█" * full + "░" * (BLOCKS - full),
            done=done,
            total=total,
            failed=failed,
            rate=f"{rate:.1f}",
            left=duration((total - done) / max(rate, 0.001)),
        )
        self.stream.write(f"\r{fitting(line, self.columns() - 1)}\x1b[K")
        self.stream.flush()

    def clear(self) -> None:
        """Take the line away, so that something else can be printed."""
        if self.shown:
            self.stream.write("\r\x1b[K")
            self.stream.flush()

    def columns(self) -> int:
        """How wide the terminal is."""
        try:
            return os.get_terminal_size(self.stream.fileno()).columns or 80  # some terminals do not know
        except (OSError, ValueError):
            return 80


def duration(seconds: float) -> str:
    """Seconds as people read them.

    >>> duration(42.4), duration(192), duration(7322)
    ('0:42', '3:12', '2:02:02')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def fitting(text: str, columns: int) -> str:
    """As much of a text as a terminal shows in so many columns; Chinese characters take two.

    >>> fitting("剩0:42", 5), fitting("12/300", 9)
    ('剩0:4', '12/300')
    """
    for at, character in enumerate(text):
        columns -= 1 + (unicodedata.east_asian_width(character) in "WF")
        if columns < 0:
            return text[:at]
    return text
