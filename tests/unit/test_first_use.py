"""Many threads that are the first to run one command do not crash the process (msgspec 0.22 would, see the door)."""

from __future__ import annotations

import subprocess
import sys

FIRST_USE = """
import sys, threading
from uuid import uuid4
import msgspec
import data.orders.placement
from data.orders.messages import PlaceOrder
sys.setswitchinterval(1e-6)
content = {"user_id": uuid4(), "lines": [{"sku": "A", "quantity": 1}], "shipping_address": {
    "street_address": "1 A St", "city": "B", "postal_code": "1", "country": "US"}}
start = threading.Barrier(16)
def first():
    start.wait()
    msgspec.convert(content, type=PlaceOrder)
threads = [threading.Thread(target=first) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


def test_threads_may_be_the_first_together() -> None:
    for _ in range(5):
        ended = subprocess.run([sys.executable, "-c", FIRST_USE], capture_output=True, text=True, check=False)
        assert ended.returncode == 0, (ended.returncode, ended.stderr)
