"""The database: tables, rows, migrations, full text, SQLite and Postgres."""
