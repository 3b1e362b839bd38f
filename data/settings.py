"""Settings: one typed object, read from the environment over a TOML file over defaults.

Every error names the key, where it was read (the variable, or the file) and the nearest right key, and all of them
are told at once. Passwords never leave in ``repr``, ``str`` or an error: whatever shows a URL goes through
:func:`mask_url`. Rejected: pydantic-settings, whose import alone costs more than the first paint may, and whose errors
quote the value it did not like, password included.
"""

from __future__ import annotations

import os
import pwd
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from data.errors import Invalid

__all__ = ["CONFIG_VARIABLE", "PREFIX", "Settings", "load_settings", "mask_url"]

PREFIX = "STOREKEEPER_"
CONFIG_VARIABLE = PREFIX + "CONFIG"

_URL_KEY = {
    "postgresql": "postgres_url",
    "mongodb": "mongodb_url",
    "search": "search_url",
    "redis": "redis_url",
    "clickhouse": "clickhouse_url",
}
_REDIS_SCHEMES = ("redis", "rediss", "unix")
#: which URL schemes each key takes; the scheme picks the engine
_SCHEMES: dict[str, tuple[str, ...]] = {
    "postgres_url": ("postgresql", "postgres"),
    "mongodb_url": ("mongodb", "mongodb+srv"),
    "search_url": ("https", "http", "tantivy"),
    "redis_url": _REDIS_SCHEMES,
    "redis_cache_url": _REDIS_SCHEMES,
    "clickhouse_url": ("clickhouse", "clickhouses", "chdb"),
    "gateway_url": ("https", "http"),
}
#: schemes whose URL is a path on this machine, not a host
_PATH_SCHEMES = frozenset({"unix", "tantivy", "chdb"})
_LOG_LEVELS = ("debug", "info", "warning", "error")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})

# Greedy up to the last @: a password with an unescaped / or @ in it must not survive half masked.
_USERINFO = re.compile(r"(?<=://)([^/:@\s]*):.*@", re.DOTALL)
_SECRET_PARAMETER = re.compile(r"(?i)([?&;][^=&;#]*(?:passw|pwd|secret|token|api_?key|credential)[^=&;#]*=)[^&;#]*")


def mask_url(url: str) -> str:
    """Return ``url`` with its password and every secret parameter shown as ``***``; safe to print and to log."""
    return _SECRET_PARAMETER.sub(r"\1***", _USERINFO.sub(r"\1:***@", url))


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be configured. An empty URL means this machine's own engine."""

    home: Path
    postgres_url: str = ""
    mongodb_url: str = ""
    search_url: str = ""
    redis_url: str = ""
    #: empty: the same server as ``redis_url``, its next database number
    redis_cache_url: str = ""
    clickhouse_url: str = ""
    #: the payment gateway that cards are charged by; empty: none
    gateway_url: str = ""
    #: e-mail of the acting staff user; empty: the user of the operating system
    actor: str = ""
    #: code of the default warehouse
    warehouse: str = "WH1"
    currency: str = "USD"
    #: who sells, at the head of invoices and packing slips; ``|`` between its lines
    seller: str = ""
    #: the command that prints what it is given on standard input, ``lp``; no shell reads it
    print_command: str = ""
    #: the command that sends the mail it is given on standard input, ``sendmail -t -i``; no shell reads it
    mail_command: str = ""
    #: who messages to customers come from, ``Shop <orders@shop.example>``; empty: whoever writes one
    mail_from: str = ""
    theme: str = "dark"
    keymap: Path | None = None
    log_level: str = "info"
    #: whether the local host also runs the relay that carries events to search, cache and analytics
    relay: bool = True

    def url(self, store: str) -> str:
        """Return the configured URL of ``store`` (a name in ``data.stores.NAMES``), empty for the local engine."""
        value: str = getattr(self, _URL_KEY[store])
        return value

    def is_local(self, store: str) -> bool:
        """Say whether ``store`` is served by this machine's own engine."""
        return not self.url(store)

    def to_environ(self) -> dict[str, str]:
        """Return the ``STOREKEEPER_*`` variables from which another process loads exactly these settings."""
        environ = {PREFIX + name.upper(): _as_text(getattr(self, name)) for name in self.__struct_fields__}
        environ[CONFIG_VARIABLE] = os.devnull
        return environ

    def __repr__(self) -> str:
        shown = ((name, getattr(self, name)) for name in self.__struct_fields__)
        pairs = (f"{name}={(mask_url(value) if isinstance(value, str) else value)!r}" for name, value in shown)
        return f"Settings({', '.join(pairs)})"


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def load_settings(environ: Mapping[str, str] = os.environ, file: Path | None = None) -> Settings:
    """Return the settings that ``environ`` and the TOML ``file`` spell.

    Without ``file`` the variable ``STOREKEEPER_CONFIG`` names it, which then has to exist; without that it is
    ``$XDG_CONFIG_HOME/storekeeper/storekeeper.toml``, which need not. An empty value means the default. Paths in the
    file are relative to the file, in the environment to the working directory. Raises ``Invalid`` with every wrong key,
    its source and what would be right.
    """
    named = file or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    path = named or _folder(environ, "XDG_CONFIG_HOME", ".config") / "storekeeper.toml"
    wrong: dict[str, str] = {}
    values: dict[str, Any] = {}
    for key, value in _read_file(path, must_exist=named is not None).items():
        _take(values, wrong, shown=key, key=key, value=value, source=f"in {path}", base=path.parent)
    for variable, text in environ.items():
        if variable.startswith(PREFIX) and variable != CONFIG_VARIABLE:
            key = variable.removeprefix(PREFIX).lower()
            _take(values, wrong, shown=variable, key=key, value=text, source="in the environment", base=Path.cwd())
    if wrong:
        raise Invalid(wrong)
    values.setdefault("home", _folder(environ, "XDG_DATA_HOME", ".local/share"))
    return Settings(**values)


def _folder(environ: Mapping[str, str], variable: str, below_home: str) -> Path:
    """Return this program's folder under an XDG base folder; a relative base is ignored, as the XDG rules say."""
    base = Path(environ.get(variable) or "")
    if not base.is_absolute():
        base = Path(environ.get("HOME") or _home_of_user()) / below_home
    return base / "storekeeper"


def _home_of_user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a user without a name, as containers have
        raise Invalid({PREFIX + "HOME": "must be set: this user has no home folder, and HOME is not set"}) from None


def _read_file(path: Path, *, must_exist: bool) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if must_exist:
            raise Invalid({"config": f"there is no file {path}"}) from None
        return {}
    except OSError as error:
        raise Invalid({"config": f"cannot read {path}: {error.strerror}"}) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid({"config": f"{path} is not TOML: {error}"}) from None


def _take(
    values: dict[str, Any], wrong: dict[str, str], *, shown: str, key: str, value: object, source: str, base: Path
) -> None:
    """Put the checked ``value`` of ``key`` into ``values`` (an empty one takes it out), or why not into ``wrong``."""
    if key not in Settings.__struct_fields__:
        wrong[shown] = f"is not a setting ({source}); {_nearest(shown, key)}"
        return
    if value == "":
        values.pop(key, None)
        return
    try:
        values[key] = _checked(key, value, base)
    except ValueError as error:
        wrong[shown] = f"{error} ({source})"


def _nearest(shown: str, key: str) -> str:
    import difflib  # only a mistake pays for it

    near = difflib.get_close_matches(key.lower(), Settings.__struct_fields__, n=1, cutoff=0.5)
    prefix = PREFIX if shown.startswith(PREFIX) else ""
    name = (lambda field: prefix + field.upper()) if prefix else str
    if near:
        return f"did you mean {name(near[0])}?"
    return "the settings are " + ", ".join(name(field) for field in Settings.__struct_fields__)


def _checked(key: str, value: object, base: Path) -> Any:
    """Return ``value`` as the type of ``key``. Raises ``ValueError`` with a reason that holds no secret."""
    if key == "relay":
        return _flag(value)
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {type(value).__name__}")
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError("must not hold control characters")
    if key in _SCHEMES:
        return _checked_url(value, _SCHEMES[key])
    if key in ("home", "keymap"):
        return Path(os.path.abspath(base / Path(value).expanduser()))
    if key == "log_level" and value.lower() not in _LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(_LOG_LEVELS)}, not {value!r}")
    if key == "currency" and not re.fullmatch("[A-Z]{3}", value):
        raise ValueError(f"must be a currency code of three capital letters (ISO 4217), not {value!r}")
    return value.lower() if key == "log_level" else value


def _flag(value: object) -> bool:
    word = str(value).strip().lower()
    if isinstance(value, bool) or word in _TRUE | _FALSE:
        return value is True or word in _TRUE
    raise ValueError("must be true or false")


def _checked_url(url: str, schemes: tuple[str, ...]) -> str:
    shown = mask_url(url)
    scheme, separator, rest = url.partition("://")
    if not separator:  # not shown: without its marks nobody can tell where a password stands in it
        raise ValueError(f"must be a URL like {schemes[0]}://…")
    if scheme.lower() not in schemes:
        raise ValueError(f"must start with {' or '.join(f'{name}://' for name in schemes)}, not {shown!r}")
    if " " in url:
        raise ValueError(f"must not hold a blank (write %20): {shown!r}")
    if scheme.lower() in _PATH_SCHEMES:
        if not rest.rpartition("@")[2].partition("?")[0].startswith("/"):
            raise ValueError(f"needs an absolute path, {scheme}:///path: {shown!r}")
        return url
    _check_hosts(url, shown)
    return url


def _check_hosts(url: str, shown: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:  # its message quotes the URL, password included
        raise ValueError(f"is not a URL: {shown!r}") from None
    hosts = parts.netloc.rpartition("@")[2]
    if not hosts and "host=" not in parts.query:
        raise ValueError(f"names no host: {shown!r}")
    for host in hosts.split(","):  # PostgreSQL and MongoDB take several
        port = re.fullmatch(r"(?:\[[^\]]*\]|[^:\[\]]*)(?::(\d+))?", host)
        if port is None or not 0 < int(port[1] or 1) < 65536:
            raise ValueError(f"has a host or port that cannot be: {shown!r}")
