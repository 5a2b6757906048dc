"""${message}

Applied in one transaction with foreign keys unchecked on SQLite (they are checked at the end). Guarded tables: take
the guard off, work, put it back (kpi_tasks.results.guards). Views over a table that is rebuilt are dropped first.
"""

import sqlalchemy as sa
from alembic import op

${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    ${upgrades if upgrades else "pass"}
