"""Demo data: a believable shop of any size, the same for the same seed. ``load_demo`` is the whole offer."""

from data.demo.load import DemoReport, load_demo

__all__ = ["DemoReport", "load_demo"]
