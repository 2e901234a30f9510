"""Reading dumps: literals, statements, character sets, and files that are none."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from subscriptions.dumps import DumpUnreadable, Row, Table, open_dump, read_dump
from subscriptions.dumps.opening import as_text
from tests.subscriptions.leases import dumps

USERS = (
    "/* a comment; with a semicolon */ CREATE TABLE `users` "
    "(`id` int(11), `b` tinyint(1) DEFAULT '0', c text COMMENT 'a;b'); "
)


def rows(text: str, size: int | None = None) -> list[list[str | None]]:
    """The values of all rows, read in pieces of `size` letters."""
    pieces = as_text(text)
    if size is not None:
        pieces = (text[i : i + size] for i in range(0, len(text), size))
    return [part.values for part in read_dump(pieces) if isinstance(part, Row)]


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ("(1,0,'a\\'b;''c\\\\')", ["1", "0", "a'b;'c\\"]),
        ('(-3.5,NULL,"x""y")', ["-3.5", None, 'x"y']),
        ("(1,TRUE,'line\\nend\\0')", ["1", "1", "line\nend\x00"]),
        ("(1,0,_utf8mb4'caf\u00e9')", ["1", "0", "caf\u00e9"]),
        ("(0x6162,b'101',x'c3a9')", ["ab", "5", "\u00e9"]),
        ("(1,CAST('x' AS CHAR),'(),')", ["1", "x", "(),"]),
        ("( 1 , 2 ,'--' )", ["1", "2", "--"]),
        ("(1,2,'100\\%')", ["1", "2", "100\\%"]),
    ],
)
@pytest.mark.parametrize("size", [None, 1, 7])
def test_literals_are_read(values: str, read: list[str | None], size: int | None) -> None:
    assert rows(f"{USERS}INSERT INTO `users` VALUES {values},(9,9,'');", size) == [
        read,
        ["9", "9", ""],
    ]


def test_columns_come_from_the_insert_or_the_table() -> None:
    text = (
        f"{USERS}INSERT INTO homes.users (c,`id`) VALUES ('x',1);REPLACE INTO users VALUES (1,2,3);"
    )

    parts = list(read_dump(as_text(text)))

    assert parts == [
        Table("users", {"id": "INT(11)", "b": "TINYINT(1)", "c": "TEXT"}),
        Row("users", ("c", "id"), ["x", "1"]),
        Row("users", ("id", "b", "c"), ["1", "2", "3"]),
    ]


def test_routines_and_other_statements_are_passed_over() -> None:
    text = (
        f"{USERS}SET x = 'a;b'; -- a note; more\nDELIMITER ;;\nCREATE TRIGGER t BEGIN "
        "INSERT INTO users VALUES (9); END ;;\nDELIMITER ;\n"
        "INSERT IGNORE INTO users VALUES (1,2,3) ON DUPLICATE KEY UPDATE c = 'x;';;\n"
        "/*!50001 CREATE VIEW v AS SELECT ';' */;\nINSERT INTO users VALUES (4,5,6);"
    )

    assert rows(text) == [["1", "2", "3"], ["4", "5", "6"]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello world", "no MySQL dump"),
        ("PGDMP;;;", "no MySQL dump"),
        (f"{USERS}INSERT INTO users VALUES (1,0", "cut off"),
        (f"{USERS}INSERT INTO users VALUES (1,0,'a')", "cut off"),
        (f"{USERS}INSERT INTO users VALUES (1,0,'a'),", "cut off"),
        (f"{USERS}LOCK TABLES `users` WRITE;INSERT INTO users VALUES (1,0,'a');", "cut off"),
        (f"-- MySQL dump 10\n{USERS}INSERT INTO users VALUES (1,0,'a');", "last lines are missing"),
        (f"{USERS}INSERT INTO users VALUES (1,0);", "2 values for 3 columns"),
        (f"{USERS}INSERT INTO users VALUES (1,NOW(),'a');", "NOW()"),
        ("INSERT INTO users VALUES (1);", "does not say which columns"),
        (f"{USERS}INSERT INTO users SET id = 1;", "form that is not known"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(DumpUnreadable, match=words.replace("(", r"\(").replace(")", r"\)")):
        rows(text)


def test_every_cut_of_a_dump_is_refused() -> None:
    text = dumps.dump(users=[dumps.user()], leases=[dumps.lease()])
    whole = len(text.rstrip().rpartition("\n")[0])

    for end in range(200, whole, 37):
        with pytest.raises(DumpUnreadable):
            rows(text[:end])


@pytest.mark.parametrize(
    ("charset", "encoding"), [("utf8mb4", "utf-8"), ("utf8", "utf-8-sig"), ("latin1", "cp1252")]
)
def test_dump_is_read_in_the_character_set_it_declares(
    tmp_path: Path, charset: str, encoding: str
) -> None:
    path = tmp_path / "a.dump"
    text = dumps.dump(charset, users=[dumps.user(firstName="Gráinne", lastName="Ö€ß")])
    path.write_bytes(gzip.compress(text.encode(encoding)))

    with open_dump(path) as opened:
        [row] = [part for part in read_dump(opened.text) if isinstance(part, Row)]

    found = dict(zip(row.columns, row.values, strict=True))
    assert (found["firstName"], found["lastName"]) == ("Gráinne", "Ö€ß")
