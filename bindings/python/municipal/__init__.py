"""Records of a municipality's information-systems section: inquiries, staff, evidence, calendars.

Records are dicts. Going in, an absent field means "leave alone" and ``None`` means "clear"; values are ``None``, ``bool``, ``int``, ``str``,
``datetime.date``, aware ``datetime.datetime``, and lists or dicts for nested values. Coming out, moments are aware datetimes in +09:00.

Whatever goes wrong is an exception of :mod:`municipal.errors`, beneath :class:`municipal.Error`, with its English and Japanese text.
"""

from __future__ import annotations

from . import errors, fields
from ._calendar import Calendar, fiscal_year, parse_date, wareki
from ._module import describe, version, version_number
from ._report import Report
from ._session import Cursor, Session
from ._store import Store
from .errors import (
    BusyError,
    ConflictError,
    DeniedError,
    Error,
    InputError,
    InternalError,
    NotFoundError,
    StateError,
    StorageError,
)

__all__ = [
    "BusyError",
    "Calendar",
    "ConflictError",
    "Cursor",
    "DeniedError",
    "Error",
    "InputError",
    "InternalError",
    "NotFoundError",
    "Report",
    "Session",
    "StateError",
    "StorageError",
    "Store",
    "describe",
    "errors",
    "fields",
    "fiscal_year",
    "parse_date",
    "version",
    "version_number",
    "wareki",
]
__version__ = version()
