"""Small dumps in the shape of real ones, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HEAD = """-- MySQL dump 10.13  Distrib 5.7.23, for macos10.13 (x86_64)
--
-- Host: 127.0.0.1    Database: homes
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES {charset} */;
/*!40103 SET TIME_ZONE='+00:00' */;

"""
FOOT = "\n/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;\n\n-- Dump completed on 2026-11-20 15:32:05\n"

TYPES = {
    "active": "tinyint(1) NOT NULL DEFAULT '1'",
    "paid": "decimal(10,2) DEFAULT NULL",
    "pending": "tinyint(1) DEFAULT '0'",
    "status": "enum('signed','void','active','cancelled','finished') DEFAULT 'signed'",
}

USER = {
    "id": "user_1", "active": 1, "salt": "salt_1", "password": None, "email": "ada@example.com",
    "firstName": "Ada", "lastName": "Vos", "birthdate": "1990-05-12 00:00:00", "banned": 0,
    "phoneNumber": "+31612345678", "prefixId": "nl", "address": None, "job": "Pilot",
    "stripeCustomerId": None,
}  # fmt: skip
ROOM = {
    "id": "room_1", "active": 1, "deleted": 0, "number": 8, "location": "first floor",
    "description": "A room; with a view (of the garden)", "baseRent": None, "deposit": "1300.00",
    "stripeProductId": None, "houseId": "house_1", "rent": "1000.00",
}  # fmt: skip
LEASE = {
    "id": "lease_1", "startDate": "2026-07-20 16:00:00", "endDate": "2027-07-20 08:00:00",
    "rentAmount": "780.00", "number": 1, "name": "bru-merc-8-ada-1",
    "moveoutDate": "2027-07-20 08:00:00", "depositAmount": "1100.00",
    "signatureDate": "2026-07-01 15:27:59", "hasMovedIn": 1, "moveInDate": "2026-07-20 18:00:00",
    "hasMovedOut": 0, "userId": "user_1", "roomId": "room_1", "stripeSubscriptionId": None,
    "hubId": "28530664410399680222952505886337", "status": "active",
}  # fmt: skip
HOUSE = {
    "id": "house_1", "name": "Mercelis", "active": 1, "deleted": 0,
    "stripeAccountId": "acct_1House",
}  # fmt: skip
PAYMENT = {
    "id": "pay_1", "amount": "780.00", "paid": "780.00", "pending": 0,
    "dueDate": "2026-08-01 00:00:00", "paymentDate": "2026-08-02 10:00:00", "comment": None,
    "retries": 0, "stripeChargeId": "ch_1", "stripeInvoiceId": "in_1", "leaseId": "lease_1",
    "userId": "user_1", "disputed": 0,
}  # fmt: skip


def user(**fields: Any) -> dict[str, Any]:
    return {**USER, **fields}


def room(**fields: Any) -> dict[str, Any]:
    return {**ROOM, **fields}


def lease(**fields: Any) -> dict[str, Any]:
    return {**LEASE, **fields}


def house(**fields: Any) -> dict[str, Any]:
    return {**HOUSE, **fields}


def payment(**fields: Any) -> dict[str, Any]:
    return {**PAYMENT, **fields}


def literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{text}'"


def table(name: str, rows: list[dict[str, Any]]) -> str:
    """The definition and the rows of one table, as mysqldump writes them."""
    columns = list(rows[0])
    lines = [f"  `{column}` {TYPES.get(column, 'varchar(255) DEFAULT NULL')}" for column in columns]
    lines.append("  PRIMARY KEY (`id`)")
    values = ",".join(f"({','.join(literal(row[c]) for c in columns)})" for row in rows)
    return (
        f"DROP TABLE IF EXISTS `{name}`;\nCREATE TABLE `{name}` (\n" + ",\n".join(lines) + "\n"
        ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;\n\n"
        f"LOCK TABLES `{name}` WRITE;\n/*!40000 ALTER TABLE `{name}` DISABLE KEYS */;\n"
        f"INSERT INTO `{name}` VALUES {values};\n"
        f"/*!40000 ALTER TABLE `{name}` ENABLE KEYS */;\nUNLOCK TABLES;\n\n"
    )


def dump(charset: str = "utf8", **tables: list[dict[str, Any]]) -> str:
    """A whole dump; leases come first in it, as in the real one."""
    names = sorted(tables)
    return HEAD.format(charset=charset) + "".join(table(n, tables[n]) for n in names) + FOOT


def written(path: Path, charset: str = "utf8", **tables: list[dict[str, Any]]) -> Path:
    """Write a dump to a file and return it."""
    path.write_text(dump(charset, **tables), encoding="utf-8")
    return path
