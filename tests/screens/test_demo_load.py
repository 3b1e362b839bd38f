"""First use: the demo is loaded by a process of its own; leaving the program interrupts it, the next load goes on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from data.demo.child import DemoChild
from data.demo.offer import DemoOffer
from data.settings import Settings
from data.shop import Shop, open_shop
from data.types import Progress, ReportProgress
from tests.families import asked, family, lives
from tui.app import Shell


def loaders() -> list[psutil.Process]:
    """The processes that load the demo for this one."""
    return [child for child in family(os.getpid())[1:] if asked([child], is_loader) == [True]]


def is_loader(process: psutil.Process) -> bool:
    return "data.demo.child" in process.cmdline()


@pytest.mark.serial
async def test_leaving_interrupts_the_load_and_the_next_one_goes_on(home: Settings, until: Callable[..., Any]) -> None:
    def opener(report: ReportProgress) -> Shop:
        return open_shop(home, report=report)

    shell = Shell(home, opener, with_demo=True)
    async with shell.run_test(size=(80, 24)) as pilot:
        async with asyncio.timeout(60):
            while " of 3,500" not in shell.current.status.text:
                await pilot.pause(0.05)
        (loader,) = loaders()
    assert until(lambda: not lives(loader))
    assert DemoOffer(home).stands

    told: list[Progress] = []
    report = await asyncio.to_thread(DemoChild(home).load, sizes=(20, 4, 3), report=told.append)
    assert report is not None
    assert report.changed
    assert (told[-1].done, told[-1].total) == (27, 27)
    assert not DemoOffer(home).stands
    assert await asyncio.to_thread(DemoChild(home).load) is None

    child = DemoChild(home)
    child.interrupt()
    assert child.load() is None, "interrupted before it began, it begins nothing"
