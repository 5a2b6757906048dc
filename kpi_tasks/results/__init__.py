"""The results database: tables, schema versions, immutable revisions."""
