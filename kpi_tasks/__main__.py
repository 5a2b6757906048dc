"""``python -m kpi_tasks`` is the same as ``kpi``."""

from kpi_tasks.cli import main

if __name__ == "__main__":
    main()
