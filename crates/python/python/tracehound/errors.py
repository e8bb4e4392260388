"""What can go wrong. Every error has a message, and apart from it a hint that says what to do."""

from __future__ import annotations


class TracehoundError(Exception):
    """The root of all errors of this package."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\nhint: {self.hint}"


class DataError(TracehoundError, ValueError):
    """A table, a value or an argument that cannot be used; names the column and the row."""


class FileError(TracehoundError, OSError):
    """A file that cannot be read or written."""


class NotFittedError(TracehoundError, ValueError, AttributeError):
    """The model was asked before it was fitted."""


class InternalError(TracehoundError, RuntimeError):
    """A fault of this package."""
