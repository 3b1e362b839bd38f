"""Strings that want to act on a terminal, a parser, a query, a spreadsheet or a layout: the one list of all tests."""

from __future__ import annotations

# ruff: noqa: E501

ESC = "\x1b"
HOSTILE: tuple[str, ...] = (
    f"{ESC}]52;c;aGFja2Vk\x07", f"{ESC}]52;c;aGFja2Vk{ESC}\\", f"{ESC}]0;owned\x07", f"{ESC}]2;owned{ESC}\\",
    f"{ESC}]8;;http://evil{ESC}\\click{ESC}]8;;{ESC}\\", f"{ESC}]1337;File=name=x:AAAA\x07", f"{ESC}]9;notify\x07",
    f"{ESC}]777;notify;a;b\x07", f"{ESC}]4;1;rgb:ff/00/00\x07", f"{ESC}]10;?\x07", f"{ESC}]11;?\x07", f"{ESC}]104\x07",
    f"{ESC}[2J", f"{ESC}[3J", f"{ESC}[H", f"{ESC}[6n", f"{ESC}[c", f"{ESC}[>c", f"{ESC}[5n", f"{ESC}[21t", f"{ESC}[?1049l",
    f"{ESC}[?1000h", f"{ESC}[?2004h", f"{ESC}[?25h", f"{ESC}[31m", f"{ESC}[8m", f"{ESC}[999B", f"{ESC}[1;1H", f"{ESC}[4i",
    f"{ESC}c", f"{ESC}#8", f"{ESC}(0", f"{ESC}7", f"{ESC}8", f"{ESC}D", f"{ESC}M", f"{ESC}=", f"{ESC}%G", f"{ESC}n",
    f"{ESC}P$qm{ESC}\\", f"{ESC}P1000p", f"{ESC}_Gf=100;AAAA{ESC}\\", f"{ESC}^private{ESC}\\", f"{ESC}Xsos{ESC}\\",
    f"{ESC}]unterminated", f"{ESC}[", f"{ESC}", "\x9b2J", "\x9d52;c;aGFja2Vk\x9c", "\x90$qm\x9c", "\x85", "\x8d", "\x9c",
    "\r\nfake line", "tab\there", "bell\x07", "back\x08\x08\x08", "nul\x00nul", "del\x7f", "so\x0esi\x0f", "\x0b\x0c",
    "\u202egnp.exe\u202c", "\u2066isolate\u2069", "\u061c\u200e\u200f", "\u200bzero\u200cwidth\u200d\u2060\ufeff",
    "a" + "\u0301" * 500, "\u0489" * 60, "Z\u0335\u0321\u0317a\u0336\u0322l\u0337\u0323g\u0338o", "\ud800lone", "\U000e0041tag",
    "line\u2028sep\u2029par", "\u00adsoft\u00adhyphen", "\ufe0fvs16\ufe0f", "\u3164filler\u115f",
    "[@click=app.exit]hi[/]", "[@click='app.exit']x", "[/", "[/bold]", "[bold", "[link=http://evil]x[/link]", "[red on blue]x",
    "[b][i][u]", "]", "[[", "{0}", "{evil}", "%s%n", "$variable", "\\[escaped", "=cmd|'/c calc'!A1", "+1+1", "@SUM(A1)",
    "'; DROP TABLE orders;--", '{"$where": "1"}', "*:* OR 1=1", "(a+)+$", "👨\u200d👩\u200d👧 family", "🇩🇪 flag", "山田太郎" * 30,
    "ｆｕｌｌｗｉｄｔｈ", "नमस्ते", "עברית", "ﷺ", '=cmd|"/C calc"!A1', '{"$ne": null}', "a\nb\r\nc\td", "日本語のとても長い名前",
)  # fmt: skip
#: those that every store can hold: no NUL, no lone surrogate
STORABLE = tuple(
    text for text in HOSTILE if "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
)
