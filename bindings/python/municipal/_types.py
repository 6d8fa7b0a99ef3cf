"""Types that the signatures share."""

from __future__ import annotations

import datetime
import os
from typing import Any, Callable, Dict, Optional, Union

Record = Dict[str, Any]
Day = Union[datetime.date, str]
Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
#: Called with how much is done, how much there is (0: not known) and the stage; ``False``, or an exception, cancels.
Progress = Callable[[int, int, str], Optional[bool]]
