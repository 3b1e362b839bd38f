"""The clipboard, honestly: OSC 52 has no answer, so the program says what it did, not what the terminal made of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping

from data.text import visible

#: terminals cut or refuse longer OSC 52 sequences
MAX_BYTES = 74_000
_NATIVE = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
    ("", ("pbcopy",)),
    ("WSL_DISTRO_NAME", ("clip.exe",)),
)


def clean(text: str) -> str:
    """Return ``text`` as it may leave for another program: inert, but with its tabs and line ends."""
    return "\n".join("\t".join(visible(cell) for cell in line.split("\t")) for line in text.split("\n"))


def native_command(environ: Mapping[str, str] = os.environ) -> tuple[str, ...] | None:
    """Return the command that fills this machine's clipboard; ``None`` over SSH, or where there is none."""
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return None
    for variable, command in _NATIVE:
        if (not variable or environ.get(variable)) and shutil.which(command[0]):
            return command
    return None


def copy_natively(text: str) -> bool:
    """Fill this machine's clipboard with ``text``; blocks for at most two seconds. Return whether it worked."""
    command = native_command()
    if command is None:
        return False
    try:
        subprocess.run(command, input=text.encode(), timeout=2, check=True, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return False
    return True
