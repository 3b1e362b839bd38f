"""The four themes: dark, light, high contrast, and one that spends few bytes (ANSI colours, for SSH)."""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import BUILTIN_THEMES, Theme

LEAN = "ansi-lean"
DEFAULT = "dark"

_ANSI = {
    "tone-muted": "ansi_bright_black",
    "tone-key": "ansi_cyan",
    "bar-background": "ansi_white",
    "bar-foreground": "ansi_black",
    "bar-quiet-background": "ansi_bright_black",
    "bar-quiet-foreground": "ansi_bright_white",
    "overlay-background": "ansi_default",
}

THEMES: tuple[Theme, ...] = (
    Theme(
        name="dark",
        primary="#6cb6ff",
        secondary="#96d0ff",
        accent="#dcbdfb",
        warning="#e5b567",
        error="#ff7b72",
        success="#7ee787",
        foreground="#d0d7de",
        background="#0d1117",
        surface="#0d1117",
        panel="#161b22",
        variables={
            "tone-muted": "#8b949e",
            "tone-key": "#6cb6ff",
            "bar-background": "#c9d1d9",
            "bar-foreground": "#0d1117",
            "bar-quiet-background": "#30363d",
            "bar-quiet-foreground": "#e6edf3",
            "overlay-background": "#161b22",
            "input-selection-background": "#1f6feb",
        },
    ),
    Theme(
        name="light",
        primary="#0550ae",
        secondary="#0969da",
        accent="#6639ba",
        warning="#7d4e00",
        error="#b3121d",
        success="#116329",
        foreground="#1f2328",
        background="#ffffff",
        surface="#ffffff",
        panel="#f6f8fa",
        dark=False,
        variables={
            "tone-muted": "#59636e",
            "tone-key": "#0550ae",
            "bar-background": "#24292f",
            "bar-foreground": "#ffffff",
            "bar-quiet-background": "#d1d9e0",
            "bar-quiet-foreground": "#1f2328",
            "overlay-background": "#f6f8fa",
        },
    ),
    Theme(
        name="high-contrast",
        primary="#00ffff",
        secondary="#00ffff",
        accent="#ff80ff",
        warning="#ffff00",
        error="#ff8080",
        success="#00ff00",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#000000",
        variables={
            "tone-muted": "#e0e0e0",
            "tone-key": "#00ffff",
            "bar-background": "#ffff00",
            "bar-foreground": "#000000",
            "bar-quiet-background": "#ffffff",
            "bar-quiet-foreground": "#000000",
            "overlay-background": "#000000",
        },
    ),
    Theme(
        name=LEAN,
        ansi=True,
        primary="ansi_blue",
        secondary="ansi_cyan",
        warning="ansi_yellow",
        error="ansi_red",
        success="ansi_green",
        accent="ansi_magenta",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        variables=dict(BUILTIN_THEMES["ansi-dark"].variables)
        | _ANSI
        | {
            "block-cursor-foreground": "ansi_black",
            "block-cursor-background": "ansi_white",
            "input-cursor-background": "ansi_white",
            "input-cursor-foreground": "ansi_black",
            "input-selection-background": "ansi_bright_blue",
            "input-selection-foreground": "ansi_black",
        },
    ),
)
NAMES = tuple(theme.name for theme in THEMES)


def choose(wanted: str, environ: Mapping[str, str]) -> str:
    """Return the theme to begin with: ``wanted``, but over SSH the lean one in place of the default."""
    if wanted not in NAMES:
        wanted = DEFAULT
    if wanted == DEFAULT and (environ.get("SSH_CONNECTION") or environ.get("SSH_TTY")):
        return LEAN
    return wanted
