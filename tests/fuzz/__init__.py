"""Random input for the pure reading of ingest: what holds of whatever comes in."""
