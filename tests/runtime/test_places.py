"""Locks, private directories, socket paths."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.demo.errors import AlreadyRunning, DemoError
from core.demo.places import (
    SOCKET_DIRECTORY_LIMIT,
    Lock,
    private_directory,
    remove_data,
    socket_place,
    tag,
)
from core.demo.processes import Account


def test_lock_is_for_one(tmp_path: Path) -> None:
    first = Lock(tmp_path / "lock").acquire()

    with pytest.raises(AlreadyRunning):
        Lock(tmp_path / "lock").acquire()
    first.release()
    first.release()
    Lock(tmp_path / "lock").acquire().release()


def test_private_directory_is_closed_to_others(tmp_path: Path) -> None:
    open_one = tmp_path / "open"
    open_one.mkdir(mode=0o777)

    private_directory(open_one)

    assert open_one.stat().st_mode & 0o777 == 0o700


def test_private_directory_refuses_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)

    with pytest.raises(DemoError):
        private_directory(tmp_path / "link")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_private_directory_refuses_what_another_user_made(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.mkdir()
    os.chown(trap, 12345, 12345)

    with pytest.raises(DemoError):
        private_directory(trap, Account("service", 23456, 23456))


def test_tag_is_the_same_for_each_way_to_write_a_path(tmp_path: Path) -> None:
    assert tag(tmp_path / "x" / ".." / "home") == tag(tmp_path / "home")
    assert tag(tmp_path / "home") != tag(tmp_path / "other")


@pytest.mark.parametrize("name", ["with a space", "quote'd", "x" * 200])
def test_socket_of_an_awkward_home_lies_elsewhere(tmp_path: Path, name: str) -> None:
    place = socket_place(tmp_path / name, None)

    assert place.name == f"{tag(tmp_path / name)}-{os.geteuid()}"
    assert len(str(place)) <= SOCKET_DIRECTORY_LIMIT


def test_socket_of_a_plain_home_lies_in_it() -> None:
    assert socket_place(Path("/srv/taproom"), None) == Path("/srv/taproom/socket")


def test_remove_data_is_safe_to_repeat(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "deep").mkdir(parents=True)

    remove_data(home, None)
    remove_data(home, None)

    assert not home.exists()
