"""Handing something to a command of the house on its standard input: the printer's, the mailer's.

The command is a setting, split as a shell would and run without one; nothing of what is handed over stands in it.
"""

from __future__ import annotations

import shlex
import subprocess

from data.errors import Invalid, StorekeeperError

__all__ = ["CommandFailed", "pipe", "words_of"]


class CommandFailed(StorekeeperError):
    """The command could not be run, failed, or took too long; the sentence has its own words."""

    code = "command_failed"


def words_of(setting: str, command: str) -> list[str]:
    """Return the words of ``command``, none where it is empty. Raises ``Invalid`` on ``setting`` for an open quote."""
    try:
        return shlex.split(command)
    except ValueError as error:
        raise Invalid({setting: f"cannot be read: {error}"}) from None


def pipe(words: list[str], content: bytes, *, patience: float) -> None:
    """Run ``words`` with ``content`` on standard input, at most ``patience`` seconds; what it prints is dropped.

    Raises ``CommandFailed`` with the first line the command complained in.
    """
    try:
        ran = subprocess.run(words, input=content, capture_output=True, timeout=patience, check=False)
    except OSError as error:
        raise CommandFailed(f"{words[0]} cannot be run: {error.strerror or error}") from error
    except subprocess.TimeoutExpired:
        raise CommandFailed(f"{words[0]} did not end within {patience:g} s") from None
    if ran.returncode:
        told = ran.stderr.decode("utf-8", "replace").strip().splitlines()[:1]
        raise CommandFailed(f"{words[0]} ended with {ran.returncode}{': ' + told[0] if told else ''}")
