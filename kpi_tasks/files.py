"""Files appear whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kpi_tasks.errors import Fault, UnreachableError


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; when the block ends well, it takes the place of ``path`` in one step.

    A process killed in the middle leaves the old file, or none. Raises ``UnreachableError`` where the disk refuses
    (full, read-only, no permission).
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise UnreachableError(
            Fault(
                "a file could not be written",
                {"file": str(path), "reason": error.strerror or str(error)},
                "a folder that can be written, with room on the disk",
                "free space or mend the permissions below KPI_HOME, then run the month again",
            )
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
