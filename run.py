#!/usr/bin/env python3
"""Taproom on a bare machine: makes `.venv` from the pinned packages, then runs what you ask for.

Only the standard library, and only syntax that Python 3.6 can read, so that an old Python can
say in one line what is wrong.
"""
# ruff: noqa: S603, S606 - it runs programs of its own choosing, and no shell

import os
import sys

USAGE = """usage: python3 run.py COMMAND

  demo [--port N] [--reset]   everything on this machine: servers, web, workers, sandbox, demo data
  test [PYTEST ARGUMENTS]     the tests
  lint                        style, types, import order, migrations, deployment checks
  check                       lint, then test
  chaos [--short] [--only X]  break each part of a demo in turn, and count what became of the money
  manage COMMAND ...          a management command, against the demo when it runs
"""
OLDEST = (3, 11)

if sys.version_info < OLDEST:
    sys.stderr.write(
        "Taproom needs Python 3.11 or newer; this is {}.{}.\n".format(*sys.version_info)
    )
    sys.exit(1)
if os.name != "posix":
    sys.stderr.write("Taproom runs on Linux and macOS; on Windows use WSL.\n")
    sys.exit(1)

import contextlib  # noqa: E402
import fcntl  # noqa: E402
import hashlib  # noqa: E402
import importlib.util  # noqa: E402
import re  # noqa: E402
import shlex  # noqa: E402
import shutil  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
from collections import deque  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from pathlib import Path  # noqa: E402

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
STAMP = VENV / "taproom-stamp"
VAR = ROOT / "var"
REQUIREMENTS = ROOT / "requirements-dev.txt"

# Of a caller's settings for the installers, those that say where packages come from.
INSTALLER_SOURCES = re.compile(
    r"(PIP|UV)_(.*INDEX.*|FIND_LINKS|CERT|CLIENT_CERT|PROXY|TRUSTED_HOST|INSECURE_HOST|.*TIMEOUT"
    r"|RETRIES|NO_INDEX|CACHE_DIR|CONFIG_FILE|NATIVE_TLS|SYSTEM_CERTS|OFFLINE|.*DISABLE_PIP_VERSION_CHECK)"
)
UNWANTED = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")
# What `test` runs without arguments; tests of one group (the journeys) share one process.
WHOLE_SUITE = ("-n", "auto", "--dist", "loadgroup")
NO_DATABASE_NEEDED = {"", "help", "version", "check", "makemigrations", "spectacular"} | {
    *("collectstatic", "findstatic", "makemessages", "compilemessages", "diffsettings", "demo")
}
# What a deployment would set, with values that lead nowhere.
PRODUCTION_LIKE = {
    "ALLOWED_HOSTS": "taproom.example",
    "DATABASE_OWNER_URL": "postgresql://taproom_owner@/taproom?host=/nonexistent",
    "DATABASE_URL": "postgresql://taproom_app@/taproom?host=/nonexistent",
    "DEBUG": "false",
    "EMAIL_URL": "smtp://localhost:25",
    "FIELD_ENCRYPTION_KEYS": "b25seS1mb3ItdGhlLWxpbnRlci1ub3QtYS1rZXkhISE=",
    "METRICS_TOKEN": "only-for-the-linter",
    "MFA_REQUIRED": "true",
    "PUBLIC_URL": "https://taproom.example",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SECRET_KEY": "only-for-the-linter-7Kq2vX9mWz4RtY8uB3nC6pLs1dFgHj5aEo0iQ-TxVwMyZkP",
    "SHOP_URL": "https://shop.example",
    "TRUSTED_PROXY_COUNT": "1",
}


class CannotRun(Exception):
    """Something that the person at the terminal has to mend; the message is one line."""


def say(text: str) -> None:
    """Tell the person at the terminal, beside what the program itself writes."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


# --- the environment of packages ---------------------------------------------------------------


def wanted_stamp() -> str:
    """Return what the packages depend on, as one hash."""
    return hashlib.sha256(REQUIREMENTS.read_bytes() + VERSION.encode()).hexdigest()


def is_installed() -> bool:
    """Tell whether a complete `.venv` with the wanted packages is there."""
    try:
        return STAMP.read_text() == wanted_stamp() and os.access(PYTHON, os.X_OK)
    except OSError:
        return False


@contextlib.contextmanager
def only_one() -> "Iterator[None]":
    """Let one run.py at a time install packages."""
    VAR.mkdir(exist_ok=True)
    with (VAR / "venv.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another run.py that installs packages ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def clean_environment() -> "dict[str, str]":
    """Return the caller's environment without what would lead Python or an installer astray."""
    env = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    for name in list(env):
        if name.startswith(("PIP_", "UV_")) and not INSTALLER_SOURCES.fullmatch(name):
            del env[name]
    return env


def ensure_packages() -> None:
    """Make `.venv` unless it is there."""
    if is_installed():
        return
    try:
        with only_one():
            if not is_installed():
                install()
    except OSError as error:
        raise CannotRun(f"cannot write {error.filename or VENV}: {error.strerror}") from None


def install() -> None:
    """Fill `.venv`, and stamp it only when all of it is there.

    One with a stamp was complete and is brought up to date; any other may hold half-written
    packages, which an installer would take for whole ones, and is made again from nothing.
    """
    stamp = wanted_stamp()
    if VENV.is_symlink() or VENV.is_file():
        raise CannotRun(f"{VENV} is not a directory: remove it")
    is_whole = STAMP.exists() and os.access(PYTHON, os.X_OK)
    if is_whole and (VENV / "lib" / f"python{VERSION}").is_dir():
        STAMP.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)
    say("Installing packages into .venv; the first time this takes a minute ...")
    env = clean_environment()
    uv = shutil.which("uv")
    if not (uv and install_with_uv(uv, env)):
        install_with_pip(env)
    STAMP.write_text(stamp)
    say("Packages are installed.")


def install_with_uv(uv: str, env: "dict[str, str]") -> bool:
    """Install with uv, which is fast; False when it could not."""
    env = {**env, "UV_CACHE_DIR": env.get("UV_CACHE_DIR") or uv_cache()}
    make = [uv, "venv", "--quiet", "--python", sys.executable, str(VENV)]
    # Without the compiled files every start would compile them again where none may be written.
    fill = [uv, "pip", "sync", "--require-hashes", "--compile-bytecode", "--python", str(PYTHON)]
    fill.append(str(REQUIREMENTS))
    for command in [fill] if PYTHON.exists() else [make, fill]:
        if subprocess.run(command, env=env, cwd=ROOT, check=False).returncode:
            say("uv could not do it; trying pip.")
            shutil.rmtree(VENV, ignore_errors=True)
            return False
    return True


def uv_cache() -> str:
    """Return a place for uv's cache that this user can write, home directory or not."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.home() raises where there is none
    base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    nearest = next((place for place in (base, *base.parents) if place.exists()), base)
    if os.access(nearest, os.W_OK):
        return str(base / "uv")
    return str(Path(tempfile.gettempdir()) / f"uv-cache-{os.geteuid()}")


def install_with_pip(env: "dict[str, str]") -> None:
    """Install with the pip that comes with Python."""
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise CannotRun(
            "this Python cannot make virtual environments: "
            "`apt-get install python3-venv`, or put uv on the PATH, then run this again"
        )
    make = [sys.executable, "-I", "-m", "venv", str(VENV)]  # a whole one it leaves as it is
    made = subprocess.run(make, env=env, cwd=ROOT, check=False, capture_output=True, text=True)
    if made.returncode:
        raise CannotRun(f"{' '.join(make)} failed:\n{made.stdout}{made.stderr}")
    command = [str(PYTHON), "-I", "-m", "pip", "install", "--require-hashes", "--compile"]
    command += ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    env = {**env, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}
    run_with_counter([*command, "-r", str(REQUIREMENTS)], env)


def run_with_counter(command: "list[str]", env: "dict[str, str]") -> None:
    """Run pip and show how far it is; its own words only when it fails."""
    total = len(re.findall(r"^[A-Za-z0-9]", REQUIREMENTS.read_text(), re.MULTILINE))
    seen, last = 0, deque(maxlen=20)  # type: tuple[int, deque[str]]
    pip = subprocess.Popen(
        command, env=env, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    with pip:
        for line in pip.stdout or ():
            last.append(line)
            if line.startswith("Collecting "):
                seen += 1
                show_count(seen, total)
            elif line.startswith("Installing collected"):
                show_count(total, total)
                say("  unpacking and compiling ...")
    if pip.returncode:
        raise CannotRun("pip failed; run this again to try again:\n" + "".join(last))


def show_count(seen: int, total: int) -> None:
    """Count packages in place on a terminal, in steps elsewhere."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r  {min(seen, total)} of {total} packages" + "\n" * (seen >= total))
        sys.stderr.flush()
    elif seen % 25 == 0:
        say(f"  {min(seen, total)} of {total} packages")


# --- the commands ------------------------------------------------------------------------------


def become(words: "list[str]", env: "dict[str, str]") -> None:
    """Turn into a Python program of `.venv`, so that signals reach it directly."""
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execve(PYTHON, [str(PYTHON), *words], env)


def lint(env: "dict[str, str]") -> int:
    """Run every check, then tell which failed."""
    env = {**env, **PRODUCTION_LIKE, "PYTHONWARNINGS": "ignore::RuntimeWarning"}
    import_order = "from importlinter.cli import lint_imports_command as run; run()"
    steps = {
        "ruff check": ["-m", "ruff", "check"],
        "ruff format": ["-m", "ruff", "format", "--check"],
        "mypy": ["-m", "mypy"],
        "import order": ["-c", import_order],
        "migrations": ["manage.py", "makemigrations", "--check", "--dry-run"],
        "deployment": ["manage.py", "check", "--deploy", "--fail-level", "WARNING"],
    }
    failed = [] if requirements_are_neutral() else ["requirements"]
    for name, words in steps.items():
        say(f"--- {name}")
        if subprocess.run([PYTHON, *words], env=env, cwd=ROOT, check=False).returncode:
            failed.append(name)
    say(f"lint: failed: {', '.join(failed)}" if failed else "lint: all passed")
    return 1 if failed else 0


def requirements_are_neutral() -> bool:
    """Tell whether no requirements file names a place to download from: each user has their own."""
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in sorted(ROOT.glob("requirements*.txt"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"://|--(extra-)?index-url|--find-links|^-[if]\b", line)
    ]
    say("--- requirements")
    for line in found:
        say(line)
    return not found


def demo_is_running() -> bool:
    """Tell whether a supervisor holds the demo's lock."""
    try:
        with (VAR / "demo.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def demo_environment() -> "dict[str, str]":
    """Return what the running demo left for management commands."""
    try:
        lines = (VAR / "demo.env").read_text().splitlines()
    except FileNotFoundError:
        raise CannotRun("the demo is still starting: try again when its servers answer") from None
    except PermissionError:
        raise CannotRun("the demo belongs to another user: run this as that user") from None
    return dict(shlex.split(line)[0].split("=", 1) for line in lines if line)


def manage_environment(words: "list[str]", env: "dict[str, str]") -> "dict[str, str]":
    """Return the environment for a management command; the caller's variables win."""
    if env.get("DATABASE_URL"):
        return env
    if demo_is_running():
        return {**demo_environment(), **env}
    command = next((word for word in words if not word.startswith("-")), "")
    if command in NO_DATABASE_NEEDED or {"-h", "--help"} & set(words):
        return {**PRODUCTION_LIKE, **env}
    raise CannotRun(
        f"`{command}` needs a database: start `python3 run.py demo` in another terminal, "
        "or set DATABASE_URL"
    )


def run(command: str, words: "list[str]") -> int:
    """Run one of the commands; most of them never return."""
    ensure_packages()
    env = clean_environment()
    if command == "demo":
        become(["manage.py", "demo", *words], env)
    elif command == "chaos":
        become(["-m", "chaos", *words], env)
    elif command == "manage":
        become(["manage.py", *words], manage_environment(words, env))
    elif command == "test":
        become(["-m", "pytest", *(words or WHOLE_SUITE)], env)
    elif lint(env):
        return 1
    elif command == "check":
        become(["-m", "pytest", *WHOLE_SUITE], env)
    return 0


def main(arguments: "list[str]") -> int:
    """Read the command line; return the exit code."""
    takes_words = {"demo": True, "test": True, "chaos": True, "manage": True}
    takes_words.update({"lint": False, "check": False})
    command, words = arguments[0] if arguments else "", arguments[1:]
    if command in ("-h", "--help", "help"):
        sys.stdout.write(USAGE)
        return 0
    if command not in takes_words or (words and not takes_words[command]):
        sys.stderr.write(USAGE)
        return 2
    try:
        return run(command, words)
    except CannotRun as problem:
        say(f"run.py: {problem}")
        return 1
    except KeyboardInterrupt:
        say("\nrun.py: interrupted; run it again to go on")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
