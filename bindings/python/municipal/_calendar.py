"""Open days, business hours, holidays, eras and fiscal years: pure functions of rules and time."""

from __future__ import annotations

import datetime
from typing import Any, List, Mapping, Optional

from . import native
from ._types import Day, Record


class Calendar:
    """A calendar of open days and business hours. It does not change once it is made.

    ``definition`` holds its rules, such as ``{"closed": ["2027-08-13"], "hours": [{"from": "08:30", "to": "17:15"}]}``; what it leaves out is as
    in the national default. What is wrong with it is a ``DefinitionError`` whose ``field`` says where.
    """

    __slots__ = ("_handle",)

    def __init__(self, definition: Optional[Mapping[str, Any]] = None) -> None:
        self._handle = native.Calendar(None if definition is None else dict(definition))

    def is_open_day(self, date: Day) -> bool:
        """Is it an open day (開庁日)?"""
        return self._handle.is_open_day(date)  # type: ignore[no-any-return]

    def is_open_at(self, at: datetime.datetime) -> bool:
        """Is it within the open hours of an open day?"""
        return self._handle.is_open_at(at)  # type: ignore[no-any-return]

    def add_open_days(self, date: Day, days: int) -> datetime.date:
        """The day that lies a number of open days away; the first day does not count. Negative numbers count back."""
        return self._handle.add_open_days(date, days)  # type: ignore[no-any-return]

    def count_open_days(self, first: Day, last: Day) -> int:
        """How many open days a period has, both ends included."""
        return self._handle.count_open_days(first, last)  # type: ignore[no-any-return]

    def explain(self, date: Day) -> Record:
        """Why a day is open or closed: ``date``, ``open``, ``provisional``, ``reasons``."""
        return self._handle.explain(date)  # type: ignore[no-any-return]

    def holidays(self, first: Day, last: Day) -> List[Record]:
        """The national holidays of a period: ``date``, ``name``, ``provisional``."""
        return self._handle.holidays(first, last)  # type: ignore[no-any-return]


def wareki(date: Day, style: str = "long") -> str:
    """Write a date in the Japanese era: ``long`` 令和7年4月1日, ``short`` R7.4.1, ``table`` 令7.4.1, ``era_year`` 令和7年."""
    return native.wareki(date, style)  # type: ignore[no-any-return]


def parse_date(text: str, *, column: bool = False, era: Optional[str] = None) -> Record:
    """Read a date as people and other systems write it: ``date``, ``style``, ``warnings``.

    With ``column`` the text is a cell of a column of dates, so that a number may be a spreadsheet's serial number. ``era`` (``meiji``, ``taisho``,
    ``showa``, ``heisei`` or ``reiwa``) is the era where none is written.
    """
    return native.parse_date(text, column, era)  # type: ignore[no-any-return]


def fiscal_year(date: Day) -> Record:
    """The fiscal year (会計年度) of a date: ``year``, ``first``, ``last``, ``name``, ``name_new``, ``half``, ``quarter``."""
    return native.fiscal_year(date)  # type: ignore[no-any-return]
