"""The project's own files: locks that are complete and say nothing of the machine they were made on, compose and its
environment, and what importing the command line costs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from data.settings import PREFIX, Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = [Requirement(line) for line in PYPROJECT["project"]["dependencies"]]
TOOLS = [Requirement(line) for line in PYPROJECT["project"]["optional-dependencies"]["dev"]]


def pins(name: str) -> dict[str, tuple[Requirement, list[str]]]:
    """Return the requirement and the hashes by package, of one lock."""
    text = re.sub(r"^\s*#.*$", "", (ROOT / name).read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        wanted, *hashes = re.split(r"\s+--hash=", line)
        requirement = Requirement(wanted)
        found[canonicalize_name(requirement.name)] = (requirement, hashes)
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_with_hashes(name):
    locked = pins(name)
    assert len(locked) > 30
    for requirement, hashes in locked.values():
        assert re.fullmatch(r"==[0-9][^,*]*", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), requirement


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_index_and_no_machine(name):
    text = (ROOT / name).read_text()
    assert not re.search(r"https?:|--(?:extra-)?index|find-links|trusted-host|file:| @ |/home/|/root/|/tmp/", text)


@pytest.mark.parametrize(("name", "wanted"), [(LOCKS[0], RUNTIME), (LOCKS[1], RUNTIME + TOOLS)])
def test_the_lock_covers_pyproject(name, wanted):
    locked = pins(name)
    for requirement in wanted:
        pinned, _ = locked[canonicalize_name(requirement.name)]
        version = str(pinned.specifier).removeprefix("==")
        assert requirement.specifier.contains(version), f"{requirement} is locked at {version}: make lock UPGRADE="
        assert pinned.marker == requirement.marker


def test_tools_are_locked_at_the_versions_of_the_program():
    runtime, tools = pins(LOCKS[0]), pins(LOCKS[1])
    assert {name: str(pinned.specifier) for name, (pinned, _) in runtime.items()} == {
        name: str(tools[name][0].specifier) for name in runtime
    }


def test_the_lock_leaves_out_what_the_makefile_says_is_unused():
    unused = re.search(r"^UNUSED := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert unused
    names = set(unused[1].split())
    assert {"pandas", "pyarrow", "numpy"} <= names
    assert not names & (pins(LOCKS[0]).keys() | pins(LOCKS[1]).keys())


def test_every_dependency_is_justified_in_contributing():
    rows = re.findall(r"^\| ([\w\[\]-]+) \| (.+) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    told = {canonicalize_name(Requirement(name).name) for name, why in rows if len(why) > 10}
    assert {canonicalize_name(each.name) for each in RUNTIME} <= told


def test_textual_is_exact():
    assert str(next(each for each in RUNTIME if each.name == "textual").specifier).startswith("==")


def test_the_readme_tells_every_setting():
    told = set(re.findall(r"\| `(\w+)` \| `STOREKEEPER_(\w+)` \|", (ROOT / "README.md").read_text()))
    assert told == {(name, name.upper()) for name in Settings.__struct_fields__}


def test_the_keys_of_the_readme_are_keys_of_the_program():
    readme = (ROOT / "README.md").read_text()
    table = readme[readme.index("| key | does |") : readme.index("The whole list is in")]
    told = set(re.findall(r"`([^`]+)`", table)) - {"g"}  # half a sequence, explained beside it
    known = set(re.findall(r"`([^`]+)`", (ROOT / "docs" / "keys.md").read_text()))
    assert told
    assert told <= known


# -- compose.yaml and .env.example -----------------------------------------------------------------------------------

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())


def example() -> dict[str, str]:
    """Return what .env.example sets, as a shell that sources it would."""
    lines = [line for line in (ROOT / ".env.example").read_text().splitlines() if line and not line.startswith("#")]
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}


def test_compose_starts_the_five_servers_at_the_versions_we_speak():
    images = {name: service["image"] for name, service in COMPOSE["services"].items()}
    assert {name: re.search(r":(\d+)", image)[1] for name, image in images.items()} == {
        "postgresql": "18",
        "mongodb": "8",
        "elasticsearch": "9",
        "redis": "8",
        "clickhouse": "26",
    }


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_server_listens_on_loopback_keeps_its_data_and_says_how_it_is(name):
    service = COMPOSE["services"][name]
    assert service["ports"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert {volume.split(":")[0] for volume in service["volumes"]} <= set(COMPOSE["volumes"])
    assert service["healthcheck"]["test"][0] == "CMD"
    # A password on a line of the file would be the same for everybody.
    assert "change-me" not in str(service)


def test_the_example_sets_exactly_what_compose_asks_for():
    asked = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text()))
    assert asked == {name for name in example() if not name.startswith(PREFIX)}


def test_the_example_urls_fit_the_servers_and_the_settings():
    values = example()
    settings = load_settings({"HOME": "/nowhere", **{k: v for k, v in values.items() if k.startswith(PREFIX)}})
    password = {name.removesuffix("_PASSWORD"): value for name, value in values.items() if name.endswith("_PASSWORD")}
    for url, server, of in (
        (settings.postgres_url, "postgresql", "POSTGRES"),
        (settings.mongodb_url, "mongodb", "MONGODB"),
        (settings.search_url, "elasticsearch", "ELASTIC"),
        (settings.redis_url, "redis", "REDIS"),
        (settings.redis_cache_url, "redis", "REDIS"),
        (settings.clickhouse_url, "clickhouse", "CLICKHOUSE"),
    ):
        port = COMPOSE["services"][server]["ports"][0].split(":")[1]
        assert f":{password[of]}@127.0.0.1:{port}" in url


def test_a_shell_reads_the_example_as_it_stands():
    script = "set -eu; . ./.env.example; printf '%s' \"$STOREKEEPER_MONGODB_URL\""
    read = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert read.stdout == example()["STOREKEEPER_MONGODB_URL"]


# -- make ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path):
    """Return a folder with a Makefile and a ``bin`` that has make's own needs but no Python."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in LOCKS:
        shutil.copy(ROOT / name, tmp_path)
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("bash", "make", "sed"):
        (tools / tool).symlink_to(shutil.which(tool))
    return tmp_path


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": str(checkout / "bin"), "HOME": str(checkout)}
    return subprocess.run(
        [shutil.which("make"), *arguments], cwd=checkout, env=environ, capture_output=True, text=True, check=False
    )


def test_without_a_python_make_says_what_is_missing(checkout):
    ran = make(checkout, "install")
    assert ran.returncode != 0
    assert "needs Python 3.11 or later" in ran.stderr
    assert "apt-get install" in ran.stderr
    assert not (checkout / ".venv").exists()


def test_a_python_without_ensurepip_is_told_with_its_cure(checkout):
    # Debian's python3 without python3-venv: the interpreter works, its ensurepip is not there.
    fake = checkout / "bin" / "python3"
    fake.write_text(f'#!/bin/bash\n[[ "$*" == *ensurepip* ]] && exit 1\nexec {sys.executable} "$@"\n')
    fake.chmod(0o755)
    ran = make(checkout, "install")
    assert ran.returncode != 0
    assert "apt-get install python3-venv" in ran.stderr


def test_a_python_that_is_named_and_too_old_is_refused(checkout):
    (checkout / "bin" / "python3").symlink_to(sys.executable)
    ran = make(checkout, "install", "PYTHON=/bin/false")
    assert "tried /bin/false" in ran.stderr
    assert not (checkout / ".venv").exists()


def test_an_old_python_is_passed_over(checkout):
    old = checkout / "bin" / "python3"
    old.write_text("#!/bin/bash\nexit 1\n")
    old.chmod(0o755)
    assert "needs Python 3.11 or later" in make(checkout, "install").stderr


def test_make_alone_lists_every_target(checkout):
    listed = make(checkout).stdout
    for target in ("install", "run", "test", "check", "bench", "clean", "help", "lock"):
        assert f"make {target} " in listed


# -- imports ---------------------------------------------------------------------------------------------------------


def test_the_command_line_loads_neither_terminal_nor_drivers():
    heavy = {
        "textual",
        "rich",
        "sqlalchemy",
        "psycopg",
        "pymongo",
        "redis",
        "tantivy",
        "elasticsearch",
        "tui",
        "screens",
    }
    script = "import sys, cli.main; print(*{name.partition('.')[0] for name in sys.modules})"
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not heavy & set(ran.stdout.split())


def test_nothing_here_names_a_machine():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:  # an unpacked archive has no git; the files are the same
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and not name.startswith("tests/"):
            content = path.read_bytes()
            assert f"{ROOT}/".encode() not in content, name
            assert not re.search(rb"/(home|root|Users)/[a-z]", content), name
