"""What may leave the program: an allow-list of its own control sequences, and nothing else that a terminal obeys."""

from __future__ import annotations

import re
import unicodedata

#: all that Textual 8.2.8's driver and the shell's own painter send
_OURS = re.compile(
    r"\x1b\[[0-9;]*m"  # colours
    r"|\x1b\[[0-9]+;[0-9]+H"  # cursor position
    r"|\x1b\[\?(?:1049|1000|1002|1003|1015|1006|1004|2004|2026|2048|25|7)[hl]"  # modes
    r"|\x1b\[\?(?:2026|2048)\$p"  # questions about modes
    r"|\x1b\[(?:>1u|<u|=[0-9;]*u|\?u)"  # kitty keyboard
    r"|\x1b\[>[0-9;]*m"  # xterm modifiers
    r"|\x1b\]22;[a-z-]*\x07"  # shape of the mouse pointer
    r"|\x1b\]8;;(?:https?://[!-~]*)?\x1b\\"  # links to addresses that are nothing else
    r"|\x1b\[H|\x1b\[[0-9]*J"  # at the start and the end
)
_STRAY = dict.fromkeys([*range(0x20), 0x7F, *range(0x80, 0xA0)])


def what_acts(received: bytes, *, painted_from: int = 0) -> list[str]:
    """Return what in ``received`` a terminal would obey or hide, beyond the program's own sequences."""
    text = _OURS.sub("", received[painted_from:].decode("utf-8", "backslashreplace"))
    text = text.replace("\r", "").replace("\n", "")
    found = [
        repr(text[max(at - 10, 0) : at + 20]) for at, char in enumerate(text) if ord(char) in _STRAY and char != "\x07"
    ]
    found += [repr(char) for char in text if unicodedata.category(char) in ("Cf", "Cs", "Zl", "Zp")]
    found += ["five marks in a row"] if re.search("[\u0300-\u036f]{5}", text) else []
    return found
