"""Alembic's environment: runs migrations on the connection it is handed.

``kpi_tasks.results.schema`` starts it and owns the transaction, so a migration is applied whole or not at all. There
is no alembic.ini: addresses with passwords do not belong in a file. A new migration, from the checkout's top:

    python -c "from kpi_tasks.results import schema; schema.new_migration('what it does')"
"""

from alembic import context

from kpi_tasks.results.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
