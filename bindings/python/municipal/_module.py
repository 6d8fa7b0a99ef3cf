"""What the library says of itself."""

from __future__ import annotations

from typing import Any, Optional

from . import native


def version() -> str:
    """The version of the library that is running, such as ``0.1.0``."""
    return native.version()  # type: ignore[no-any-return]


def version_number() -> int:
    """The same as a number: major * 1,000,000 + minor * 1,000 + patch."""
    return native.version_number()  # type: ignore[no-any-return]


def describe(kind: Optional[str] = None) -> Any:
    """The kinds of record and their fields; of one kind where it is named."""
    return native.describe(kind)
