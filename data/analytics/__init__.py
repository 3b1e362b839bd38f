"""Sales figures in ClickHouse, or in chdb on one machine: written by the relay, read by dashboard and search."""
