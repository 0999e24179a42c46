"""What the daemon makes of a database that is not the one it knows: it says what is wrong, and does not start."""

import contextlib
import sqlite3
import unittest

from support.daemon import Daemon


class Schema(unittest.TestCase):
    def setUp(self):
        self.daemon = Daemon(("alice",), {"drain_timeout": "1s"})
        self.addCleanup(self.daemon.destroy)
        self.daemon.stop()

    def change(self, statement: str) -> None:
        with contextlib.closing(sqlite3.connect(self.daemon.state / "accounts.db")) as accounts:
            accounts.execute(statement)

    def refused_with(self, sentence: str) -> None:
        with self.assertRaisesRegex(AssertionError, "sottod ended with 3 before it was ready"):
            self.daemon.start()
        self.daemon.reap()
        self.assertIn(sentence, self.daemon.log)

    def test_a_column_that_no_purpose_declares_stops_it_with_its_name(self):
        self.change("ALTER TABLE account ADD COLUMN nickname TEXT")
        self.refused_with("account.nickname")

    def test_a_schema_of_a_later_version_is_refused(self):
        self.change("PRAGMA user_version = 1000")
        self.refused_with("accounts.db has schema 1000")


if __name__ == "__main__":
    unittest.main()
