"""A transaction that the database gave up is done again, on a real deadlock of MariaDB."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import IntegrityError, OperationalError, connections, transaction

from carriers.databases.deadlocks import ATTEMPTS, retry_after_deadlock
from tests.scratch import run_sql

pytestmark = [
    pytest.mark.own_database,
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("engine", ["mariadb"], indirect=True),
]


@pytest.fixture
def two_rows(empty_database: Callable[[str], str]) -> str:
    alias = empty_database("deadlocks")
    rows = ", ".join(f"({number}, 0)" for number in range(3, 200))
    run_sql(alias, "CREATE TABLE t (id INT PRIMARY KEY, n INT) ENGINE=InnoDB; INSERT INTO t VALUES (1, 0), (2, 0)")
    run_sql(alias, f"INSERT INTO t VALUES {rows}")  # noqa: S608 - numbers of our own
    return alias


class Rival:
    """A transaction that has changed more, so that MariaDB gives up the other one of a pair that waits."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.has_first_row = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        try:
            with transaction.atomic(using=self.alias), connections[self.alias].cursor() as cursor:
                cursor.execute("UPDATE t SET n = n + 1 WHERE id <> 2")
                self.has_first_row.set()
                cursor.execute("UPDATE t SET n = n + 1 WHERE id = 2")
        finally:
            connections[self.alias].close()


def test_it_is_done_again(two_rows: str) -> None:
    rival = Rival(two_rows)
    attempts = []

    def work() -> str:
        attempts.append(len(attempts))
        with transaction.atomic(using=two_rows), connections[two_rows].cursor() as cursor:
            cursor.execute("UPDATE t SET n = n + 100 WHERE id = 2")
            if len(attempts) == 1:
                rival.thread.start()
                rival.has_first_row.wait(10)
            cursor.execute("UPDATE t SET n = n + 100 WHERE id = 1")
        return "done"

    undone: list[int] = []
    assert retry_after_deadlock(work, before_retry=lambda: undone.append(attempts[-1])) == "done"
    rival.thread.join(10)
    assert attempts == [0, 1]
    assert undone == [0]
    with connections[two_rows].cursor() as cursor:
        cursor.execute("SELECT n FROM t WHERE id < 3")
        assert cursor.fetchall() == ((101,), (101,))


def test_not_for_ever(two_rows: str) -> None:
    attempts = []

    def work() -> None:
        attempts.append(1)
        run_sql(two_rows, "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213")

    with pytest.raises(OperationalError):
        retry_after_deadlock(work)
    assert len(attempts) == ATTEMPTS


def test_other_errors_are_not_repeated(two_rows: str) -> None:
    attempts = []

    def work() -> None:
        attempts.append(1)
        run_sql(two_rows, "INSERT INTO t VALUES (1, 1)")

    with pytest.raises(IntegrityError):
        retry_after_deadlock(work)
    assert attempts == [1]


def test_not_inside_a_transaction_that_is_gone(two_rows: str) -> None:
    attempts = []

    def work() -> None:
        attempts.append(1)
        run_sql(two_rows, "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213")

    with pytest.raises(OperationalError), transaction.atomic(using=two_rows):
        retry_after_deadlock(work)
    assert attempts == [1]
