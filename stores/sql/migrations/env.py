"""Alembic's entry: runs the revisions on the connection that `stores.sql.opening` hands over."""

from alembic import context

from stores.sql.tables import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
context.run_migrations()
