"""Settings: which source wins, what an error says, and that a password is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import Invalid
from data.settings import Settings, load_settings, mask_url
from data.stores import NAMES

HOME = {"HOME": "/home/ada"}


@pytest.fixture
def toml(tmp_path):
    """Write a settings file and return its path."""

    def write(text: str) -> Path:
        path = tmp_path / "shop.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refused(environ: dict[str, str], file: Path | None = None) -> dict[str, str]:
    """Return the fields of the error that these settings raise."""
    with pytest.raises(Invalid) as caught:
        load_settings(HOME | environ, file)
    return caught.value.fields


def test_with_nothing_set_every_store_is_local() -> None:
    settings = load_settings(HOME)
    assert settings.home == Path("/home/ada/.local/share/storekeeper")
    assert [settings.is_local(name) for name in NAMES] == [True] * 5
    assert (settings.warehouse, settings.currency, settings.relay) == ("WH1", "USD", True)


def test_xdg_folders_are_used_where_they_are_absolute() -> None:
    assert load_settings(HOME | {"XDG_DATA_HOME": "/data"}).home == Path("/data/storekeeper")
    assert load_settings(HOME | {"XDG_DATA_HOME": "data"}).home == Path("/home/ada/.local/share/storekeeper")


def test_the_environment_wins_over_the_file_over_the_defaults(toml) -> None:
    file = toml('warehouse = "WEST"\ncurrency = "EUR"\nrelay = false\n')
    settings = load_settings(HOME | {"STOREKEEPER_WAREHOUSE": "EAST"}, file)
    assert (settings.warehouse, settings.currency, settings.relay, settings.theme) == ("EAST", "EUR", False, "dark")


def test_the_variable_names_the_file_and_then_it_has_to_exist(toml, tmp_path) -> None:
    file = toml('actor = "ada@example.com"')
    assert load_settings(HOME | {"STOREKEEPER_CONFIG": str(file)}).actor == "ada@example.com"
    missing = tmp_path / "no.toml"
    assert str(missing) in refused({"STOREKEEPER_CONFIG": str(missing)})["config"]


def test_the_default_file_is_read(tmp_path) -> None:
    folder = tmp_path / ".config" / "storekeeper"
    folder.mkdir(parents=True)
    (folder / "storekeeper.toml").write_text('warehouse = "WEST"')
    assert load_settings({"HOME": str(tmp_path)}).warehouse == "WEST"


def test_an_empty_value_means_the_default(toml) -> None:
    file = toml('redis_url = "redis://cache:6379/0"\nwarehouse = "WEST"')
    settings = load_settings(HOME | {"STOREKEEPER_REDIS_URL": "", "STOREKEEPER_WAREHOUSE": ""}, file)
    assert settings.is_local("redis")
    assert settings.warehouse == "WH1"


def test_paths_are_relative_to_where_they_stand(toml, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings(HOME | {"STOREKEEPER_HOME": "data"}, toml('keymap = "keys.toml"'))
    assert settings.keymap == tmp_path / "keys.toml"
    assert settings.home == tmp_path / "data"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("redis_ulr", "redis_url"),
        ("postgresql_url", "postgres_url"),
        ("clickhouse", "clickhouse_url"),
        ("HOME", "home"),
    ],
)
def test_an_unknown_key_is_named_with_the_file_and_the_nearest_right_one(toml, written, meant) -> None:
    file = toml(f'{written} = "x"')
    said = refused({}, file)[written]
    assert str(file) in said
    assert f"did you mean {meant}?" in said


def test_an_unknown_variable_is_named_with_the_nearest_right_one() -> None:
    assert "STOREKEEPER_REDIS_URL?" in refused({"STOREKEEPER_REDIS_ULR": "x"})["STOREKEEPER_REDIS_ULR"]
    assert "the settings are STOREKEEPER_HOME" in refused({"STOREKEEPER_ZZZZZZZ": "x"})["STOREKEEPER_ZZZZZZZ"]


def test_all_mistakes_are_told_at_once(toml) -> None:
    file = toml('them = "dark"\ncurrency = "dollars"\nwarehouse = 3\nrelay = "perhaps"')
    fields = refused({"STOREKEEPER_LOG_LEVEL": "loud"}, file)
    assert set(fields) == {"them", "currency", "warehouse", "relay", "STOREKEEPER_LOG_LEVEL"}
    assert all(str(file) in fields[key] for key in ("them", "currency", "warehouse", "relay"))
    assert "debug, info, warning, error" in fields["STOREKEEPER_LOG_LEVEL"]


def test_a_file_that_is_no_toml_is_named(toml) -> None:
    file = toml("theme = dark")
    assert str(file) in refused({}, file)["config"]
    binary = file.with_name("binary.toml")
    binary.write_bytes(b"\xff\xfe")
    assert str(binary) in refused({}, binary)["config"]


@pytest.mark.parametrize(
    ("key", "url"),
    [
        ("postgres_url", "postgresql://ada:pw@db1:5432,db2:5433/shop?target_session_attrs=read-write"),
        ("postgres_url", "postgres:///shop?host=/run/postgresql"),
        ("mongodb_url", "mongodb://a:27017,b:27017/shop?replicaSet=rs"),
        ("mongodb_url", "mongodb+srv://ada:pw@cluster.example.com/shop"),
        ("mongodb_url", "mongodb://%2Frun%2Fmongodb.sock/shop"),
        ("search_url", "https://ada:pw@search:9200"),
        ("search_url", "tantivy:///var/lib/shop/search"),
        ("redis_url", "rediss://:pw@cache:6380/0"),
        ("redis_cache_url", "unix:///run/redis.sock?db=1"),
        ("clickhouse_url", "clickhouse://[::1]:9000/shop"),
        ("clickhouse_url", "chdb:///run/clickhouse.sock"),
    ],
)
def test_right_urls_pass_unchanged(key, url) -> None:
    settings = load_settings(HOME | {"STOREKEEPER_" + key.upper(): url})
    assert getattr(settings, key) == url


@pytest.mark.parametrize(
    ("key", "url", "why"),
    [
        ("postgres_url", "mysql://db/shop", "must start with postgresql:// or postgres://"),
        ("mongodb_url", "localhost:27017", "must be a URL like mongodb://"),
        ("redis_url", "redis://", "names no host"),
        ("redis_url", "redis://cache:99999", "port"),
        ("redis_url", "redis://cache:six", "port"),
        ("redis_url", "redis://ca che", "blank"),
        ("redis_url", "unix://run/redis.sock", "absolute path"),
        ("search_url", "tantivy://search", "absolute path"),
        ("clickhouse_url", "clickhouse://db\x1b[2J", "control characters"),
    ],
)
def test_a_wrong_url_says_what_is_wrong(key, url, why) -> None:
    variable = "STOREKEEPER_" + key.upper()
    assert why in refused({variable: url})[variable]


PASSWORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20).map(
    lambda t: f"Zq7{t}7qZ"
)
SHAPES = st.sampled_from(
    [
        "postgresql://ada:{}@db/shop",
        "redis://:{}@cache:6379/0",
        "redis://:{}@cache:99999/0",
        "https://elastic:{}@search:9200",
        "mongodb://ada:{}@a,b:x/shop",
        "mysql://ada:{}@db/shop",
        "ada:{}@db/shop",
        "postgresql://db/shop?user=ada&password={}",
    ]
)
KEYS = st.sampled_from(["postgres_url", "mongodb_url", "search_url", "redis_url", "clickhouse_url"])


@given(PASSWORDS, SHAPES, KEYS)
def test_a_password_is_shown_nowhere(password, shape, key) -> None:
    """Whatever stands in the password, and whether or not the URL is right: no error, repr or mask holds it."""
    if "password=" in shape:
        password = password.replace("&", "").replace("#", "").replace(";", "")
    url = shape.format(password)
    try:
        shown = repr(load_settings(HOME | {"STOREKEEPER_" + key.upper(): url}))
    except Invalid as error:
        shown = f"{error} {error!r} {error.details()}"
    assert password not in shown
    assert "7qZ" not in shown
    if "://" in url:
        assert "7qZ" not in mask_url(url)


def test_masking_keeps_what_is_no_secret() -> None:
    for url in ("postgresql:///shop?host=/run", "mongodb://%2Frun%2Fm.sock/shop", "redis://cache:6379/0"):
        assert mask_url(url) == url
    assert mask_url("redis://ada:pw@cache:6379/0") == "redis://ada:***@cache:6379/0"


def test_another_process_loads_the_same_settings(toml) -> None:
    file = toml('theme = "light"\nrelay = false\nkeymap = "/keys.toml"\nredis_url = "redis://cache/0"')
    settings = load_settings(HOME | {"STOREKEEPER_HOME": "/shop"}, file)
    assert load_settings(settings.to_environ() | HOME) == settings
    assert load_settings(Settings(home=Path("/x")).to_environ() | HOME) == Settings(home=Path("/x"))
