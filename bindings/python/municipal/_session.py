"""Sessions: the verbs that serve every kind of record."""

from __future__ import annotations

import contextlib
from types import TracebackType
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Type, TypeVar, Union

from ._report import Report
from ._types import Day, Path, Progress, Record
from .errors import BusyError, DoomedError, Error

_T = TypeVar("_T")
Fields = Union[str, Sequence[str], None]
Kind = Union[str, Mapping[str, Any]]


def _names(fields: Fields) -> Optional[str]:
    if fields is None or isinstance(fields, str):
        return fields
    return ",".join(fields)


def _list(names: Fields) -> Optional[List[str]]:
    if names is None:
        return None
    return names.split(",") if isinstance(names, str) else [*names]


def _dict(value: Optional[Mapping[str, Any]]) -> Optional[Dict[str, Any]]:
    if value is None or isinstance(value, dict):
        return value
    return dict(value)


def _record(record: Optional[Mapping[str, Any]], values: Mapping[str, Any]) -> Dict[str, Any]:
    if record is None:
        return dict(values)
    if not isinstance(record, Mapping):
        raise TypeError(f"record must be a mapping, not {type(record).__name__}")
    if values:
        return {**record, **values}
    return record if isinstance(record, dict) else dict(record)


def _kind(kind: Kind) -> Any:
    return dict(kind) if isinstance(kind, Mapping) else kind


class Cursor(Iterator[Record]):
    """Rows being read, once, as dicts; from ``Session.list`` and its kin."""

    __slots__ = ("_handle", "_next")

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._next = handle.row

    def __iter__(self) -> Cursor:
        return self

    def __next__(self) -> Record:
        return self._next()  # type: ignore[no-any-return]

    @property
    def token(self) -> str:
        """From where a later list goes on (``after=``): behind the record that was read last."""
        return self._handle.token()  # type: ignore[no-any-return]

    def close(self) -> None:
        """Close it. Closing twice is harmless."""
        self._handle.close()

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()


class Session:
    """Somebody acting on a store; from ``Store.session``."""

    __slots__ = ("_handle",)

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def close(self) -> None:
        """Close it; an open transaction is rolled back. Closing twice is harmless."""
        self._handle.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def whoami(self) -> Record:
        """Who acts."""
        return self._handle.whoami()  # type: ignore[no-any-return]

    # ---- transactions

    def begin(self) -> None:
        """Begin a group of calls that happen together or not at all."""
        self._handle.begin()

    def commit(self) -> None:
        """Make the group's changes lasting."""
        self._handle.commit()

    def rollback(self) -> None:
        """Take the group's changes back."""
        self._handle.rollback()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Session]:
        """``with session.transaction():`` commits at the end, and rolls back where an exception leaves the block."""
        self.begin()
        try:
            yield self
            self.commit()
        except BaseException:
            with contextlib.suppress(Error):  # a closed session, or a failed commit, has rolled back already
                self.rollback()
            raise

    def transact(self, fn: Callable[[Session], _T], *, attempts: int = 3) -> _T:
        """Call ``fn`` with this session in a transaction; once more, up to ``attempts`` times in all, where it was doomed or the store busy."""
        for attempt in range(1, attempts + 1):
            try:
                with self.transaction():
                    return fn(self)
            except (DoomedError, BusyError):
                if attempt == attempts:
                    raise
        raise ValueError("attempts must be at least 1")

    # ---- one record

    def create(self, kind: str, record: Optional[Mapping[str, Any]] = None, /, **values: Any) -> Record:
        """Create a record from a mapping, from keyword arguments, or both. Gives the record as stored."""
        return self._handle.create(kind, _record(record, values))  # type: ignore[no-any-return]

    def get(self, kind: str, id: int, fields: Fields = None) -> Record:
        """Read a record; ``fields`` (names, also through references) where it is not all but the personal ones."""
        return self._handle.get(kind, id, _names(fields))  # type: ignore[no-any-return]

    def find(self, kind: str, key: str, fields: Fields = None) -> Record:
        """Find a record by its number, or by the one unique identifier its kind has."""
        return self._handle.find(kind, key, _names(fields))  # type: ignore[no-any-return]

    def update(self, kind: str, id: int, record: Mapping[str, Any], *, rev: int = 0) -> Record:
        """Change a record. ``rev`` is the revision that was seen; a later one is a ``StaleError``."""
        return self._handle.update_record(kind, id, _record(record, {}), rev)  # type: ignore[no-any-return]

    def transition(self, kind: str, id: int, transition: str, record: Optional[Mapping[str, Any]] = None, *, rev: int = 0) -> Record:
        """Move a record to another state by a transition of its lifecycle, changing values on the way."""
        return self._handle.move(kind, id, transition, _dict(record), rev)  # type: ignore[no-any-return]

    def transitions(self, kind: str, id: int) -> List[Record]:
        """The transitions that the session could do now."""
        return self._handle.transitions(kind, id)  # type: ignore[no-any-return]

    def trash(self, kind: str, id: int, *, rev: int = 0) -> Record:
        """Put a record into the trash."""
        return self._handle.trash(kind, id, rev)  # type: ignore[no-any-return]

    def restore(self, kind: str, id: int, *, rev: int = 0) -> Record:
        """Take a record out of the trash."""
        return self._handle.restore(kind, id, rev)  # type: ignore[no-any-return]

    def comment(self, kind: str, id: int, body: str) -> Record:
        """Say something about a record. Gives the comment as stored."""
        return self._handle.comment(kind, id, body)  # type: ignore[no-any-return]

    def history(self, kind: str, id: int) -> Cursor:
        """What happened to a record, oldest first."""
        return Cursor(self._handle.history(kind, id))

    # ---- many records

    def list(
        self,
        kind: Kind,
        *,
        where: Optional[Mapping[str, Any]] = None,
        words: Optional[str] = None,
        order: Fields = None,
        fields: Fields = None,
        limit: Optional[int] = None,
        after: Optional[str] = None,
        trash: Optional[str] = None,
    ) -> Cursor:
        """List or search records. ``kind`` may be a whole query, with which nothing else may be given.

        ``where`` is a condition; ``words`` a text to search for; ``order`` names fields, ``-`` before one for descending; ``limit`` is how many in
        all; ``after`` a cursor's token; ``trash`` one of ``without``, ``only``, ``with``.
        """
        return Cursor(self._handle.list_query(_kind(kind), _dict(where), words, _list(order), _list(fields), limit, after, trash))

    def count(
        self,
        kind: Kind,
        *,
        where: Optional[Mapping[str, Any]] = None,
        words: Optional[str] = None,
        trash: Optional[str] = None,
        most: int = 0,
    ) -> int:
        """Count records, up to ``most``; 0: up to 1,000; -1: all of them."""
        return self._handle.count_query(_kind(kind), _dict(where), words, trash, most)  # type: ignore[no-any-return]

    def import_csv(
        self,
        kind: str,
        path: Path,
        *,
        charset: Optional[str] = None,
        columns: Optional[Mapping[str, Optional[str]]] = None,
        on_error: str = "stop",
        progress: Optional[Progress] = None,
    ) -> Record:
        """Create records from a CSV file: ``read``, ``created``, ``skipped``, ``done_before``, ``errors``, ``findings``.

        ``charset`` is ``utf-8``, ``cp932`` or ``utf-16le``, by the bytes where it is not given; ``columns`` leads header texts to field names (``None``
        leaves a column out); with ``on_error="skip"`` the rows without errors are written.
        """
        return self._handle.import_csv(kind, path, charset, _dict(columns), on_error, progress)  # type: ignore[no-any-return]

    def export(
        self,
        kind: Kind,
        path: Path,
        *,
        where: Optional[Mapping[str, Any]] = None,
        words: Optional[str] = None,
        order: Fields = None,
        fields: Fields = None,
        limit: Optional[int] = None,
        after: Optional[str] = None,
        trash: Optional[str] = None,
        format: str = "csv",
        charset: Optional[str] = None,
        header: Optional[str] = None,
        formulas: Optional[str] = None,
        progress: Optional[Progress] = None,
    ) -> Record:
        """Write the records of a query to a file, whole or not at all: ``records``, ``bytes``, ``lost``, ``losses``.

        ``format`` is ``csv`` or ``json``; ``charset`` is ``utf-8-bom`` (the default), ``utf-8`` or ``cp932``; ``header`` is ``title`` (the default) or
        ``name``; ``formulas`` is ``quote`` (the default) or ``keep``. ``kind`` may be a whole query.
        """
        return self._handle.export_file(  # type: ignore[no-any-return]
            _kind(kind), path, _dict(where), words, _list(order), _list(fields), limit, after, trash, format, charset, header, formulas, progress
        )

    def report(self, name: str, params: Optional[Mapping[str, Any]] = None) -> Report:
        """Run a report."""
        return Report(self._handle.report(name, _dict(params)))

    def run_due(self) -> Record:
        """Do whatever has come due. Idempotent; safe from several processes."""
        return self._handle.run_due()  # type: ignore[no-any-return]

    def doubt(self) -> bool:
        """Was the transaction that ended in doubt (``EINDOUBT``) written? ``ENOTFOUND`` where none was."""
        return self._handle.doubt()  # type: ignore[no-any-return]

    def audit_verify(self, progress: Optional[Progress] = None) -> Record:
        """Verify the history: ``verified``, ``problems``, ``findings``, ``head`` (keep it elsewhere) and counts."""
        return self._handle.audit_verify(progress)  # type: ignore[no-any-return]

    # ---- upkeep

    def store_check(self, *, repair: bool = False, progress: Optional[Progress] = None) -> Record:
        """Check the store: ``whole``, ``problems``, ``repaired``, ``findings`` and counts. ``repair`` derives anew what follows from the records."""
        return self._handle.store_check(repair, progress)  # type: ignore[no-any-return]

    def store_copy(self, url: str, progress: Optional[Progress] = None) -> Record:
        """Copy the whole store to ``url`` (a file name or the address of a server), where there is nothing yet: ``digest``, ``records``, ``resumed`` and
        counts. Stopped, calling it again goes on. It is done when both were read and found the same."""
        return self._handle.store_copy(url, progress)  # type: ignore[no-any-return]

    def store_digest(self, progress: Optional[Progress] = None) -> Record:
        """The ``digest`` of all that the store holds, whatever database keeps it, ``head``, ``tables`` and counts."""
        return self._handle.store_digest(progress)  # type: ignore[no-any-return]

    def store_reindex(self, progress: Optional[Progress] = None) -> Record:
        """Make the search index anew; the old one serves until the new one is whole."""
        return self._handle.store_reindex(progress)  # type: ignore[no-any-return]

    def store_statistics(self) -> Record:
        """How large the store and its parts are."""
        return self._handle.store_statistics()  # type: ignore[no-any-return]

    def store_vacuum(self) -> Record:
        """Give room that is no longer used back to the disk."""
        return self._handle.store_vacuum()  # type: ignore[no-any-return]

    # ---- staff and organisation

    def staff_plan(
        self,
        *,
        on: Day,
        units: Optional[Path] = None,
        people: Optional[Path] = None,
        profile: Optional[str] = None,
        charset: Optional[str] = None,
        progress: Optional[Progress] = None,
    ) -> Record:
        """Plan the load of the personnel system's exports, as they speak of the day ``on``. Writes the plan and nothing else."""
        return self._handle.staff_plan(on, units, people, profile, charset, progress)  # type: ignore[no-any-return]

    def plan_findings(self, id: int) -> Cursor:
        """What was found while planning, in the order of the files."""
        return Cursor(self._handle.plan_findings(id))

    def plan_rows(self, id: int) -> Cursor:
        """What a plan would do, in the order it would."""
        return Cursor(self._handle.plan_rows(id))

    def plan_approve(self, id: int, note: Optional[str] = None) -> Record:
        """Approve a plan that somebody else made."""
        return self._handle.plan_approve(id, note)  # type: ignore[no-any-return]

    def plan_apply(self, id: int, progress: Optional[Progress] = None) -> Record:
        """Apply an approved plan, in one transaction."""
        return self._handle.plan_apply(id, progress)  # type: ignore[no-any-return]
