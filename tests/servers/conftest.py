"""These tests are about the servers of production and run where those were started: ``make test-servers``."""

from __future__ import annotations

from tests import servers

collect_ignore_glob = [] if servers.ELASTICSEARCH else ["test_*.py"]
