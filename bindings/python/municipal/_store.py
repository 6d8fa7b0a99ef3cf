"""Stores: making, opening and closing them."""

from __future__ import annotations

import datetime
from types import TracebackType
from typing import Any, Optional, Type

from . import native
from ._session import Session
from ._types import Path, Progress, Record


class Store:
    """An open store, from ``Store.create`` or ``Store.open``. Its sessions keep it alive; they end when it is closed."""

    __slots__ = ("_handle",)

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        admin: str = "admin",
        admin_name: Optional[str] = None,
        test: bool = False,
        utc_offset: Optional[int] = None,
        now: Optional[datetime.datetime] = None,
    ) -> Store:
        """Make a new store; the file must not exist.

        ``admin`` is the login of its first administrator; ``test`` makes a test store, whose clock may be fixed (at ``now``) and which says so for
        ever; ``utc_offset`` is its zone in seconds east of UTC, Japan's where it is not given.
        """
        return cls(native.Store.create(path, admin, admin_name, test, utc_offset, now))

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        upgrade: bool = False,
        connections: int = 0,
        relaxed: bool = False,
        wait_secs: int = 0,
        network: bool = False,
        progress: Optional[Progress] = None,
    ) -> Store:
        """Open a store that exists.

        ``upgrade`` brings an older one up to date, telling ``progress``; ``connections`` at once at most (0: 4); with ``relaxed`` the last commits may be lost in a power
        failure; a writer waits ``wait_secs`` for its turn (0: 30); ``network`` opens it though it lies on a network file system.
        """
        return cls(native.Store.open_store(path, upgrade, connections, relaxed, wait_secs, network, progress))

    def close(self) -> None:
        """Close it; its sessions and cursors are closed too. Closing twice is harmless."""
        self._handle.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()

    def session(self, login: str, *, application: str = "", reason: str = "") -> Session:
        """Somebody acting on the store. The library trusts the application that it is them."""
        return Session(self._handle.session(login, application, reason))

    def info(self) -> Record:
        """What the store says of itself."""
        return self._handle.info()  # type: ignore[no-any-return]

    @property
    def now(self) -> datetime.datetime:
        """The moment it is in this store. Set it to fix a test store's clock, to ``None`` for the system's."""
        return self._handle.now()  # type: ignore[no-any-return]

    @now.setter
    def now(self, value: Optional[datetime.datetime]) -> None:
        self._handle.set_now(value)
