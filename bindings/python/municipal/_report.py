"""Reports that have been run."""

from __future__ import annotations

from typing import Any

from ._types import Record


class Report:
    """A report that has been run; from ``Session.report``."""

    __slots__ = ("_handle",)

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    @property
    def rows(self) -> int:
        """How many rows it has, the totals among them."""
        return self._handle.rows()  # type: ignore[no-any-return]

    @property
    def columns(self) -> int:
        """How many columns of figures it has, the totals among them."""
        return self._handle.columns()  # type: ignore[no-any-return]

    def value(self, row: int, column: int) -> int:
        """The figure of a cell."""
        return self._handle.value(row, column)  # type: ignore[no-any-return]

    def query(self, row: int, column: int) -> Record:
        """The query that lists what stands behind a cell; ``Session.list`` takes it."""
        return self._handle.query(row, column)  # type: ignore[no-any-return]

    def render(self, format: str, *, lang: str = "ja") -> str:
        """Render it as ``csv``, ``json`` or ``html``."""
        return self._handle.render(format, lang)  # type: ignore[no-any-return]
