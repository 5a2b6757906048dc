"""The command ``airflow`` with the libraries of the tasks imported beforehand: for ``scheduler`` and ``celery worker``.

Both run each task in a fork of themselves. Without this a task of half a second spends four on imports first, above all
of Great Expectations. The pipeline itself is not imported here, so changes to it take effect at once. Set
``OPENBLAS_NUM_THREADS=1``, so that no threads are there before the forks.
"""

from __future__ import annotations

import gc
import importlib
import sys

_LIBRARIES = (
    "adbc_driver_postgresql.dbapi", "adbc_driver_sqlite.dbapi", "duckdb", "fontTools.subset",
    "great_expectations", "jinja2", "matplotlib.backends.backend_svg", "matplotlib.figure", "pandas", "psycopg",
    "pyarrow.parquet",
)  # fmt: skip


def main() -> int:
    """Import the libraries, then be the command ``airflow``."""
    for name in _LIBRARIES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # the forks share these pages as long as nobody writes to them
    sys.argv[0] = "airflow"
    return int(importlib.import_module("airflow.__main__").main() or 0)


if __name__ == "__main__":
    sys.exit(main())
