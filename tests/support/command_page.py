"""What docs/commands.md promises to scripts: the members of each command's answer."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
#: Members that are there only when they say something.
SOMETIMES = {"route test": {"route", "kind", "targets", "request_uri", "from", "to", "p_asserted_identity", "privacy", "billed",
                            "tariff", "protection", "status", "reason"}}


def _members(text: str) -> set:
    return set(re.findall(r"^\| `(\w+)` \|", text, re.M))


def declared() -> dict:
    """Command -> (the member that is a list, or ""; the members of the object or of each row; those beside the list)."""
    commands = {}
    for section in re.split(r"^### `sotto ", PAGE.read_text(), flags=re.M)[1:]:
        words = section[:section.index("`")]
        rows = re.search(r"an object whose member `(\w+)` is a list of:", section)
        fields, _, beside = section.partition("Beside the list:")
        commands[words] = (rows[1] if rows else "", _members(fields), _members(beside))
    return commands


class ComparesWithPage:
    """For a test case: answers are what the page says, member by member."""

    def compares(self, command: str, answer: dict) -> None:
        rows, fields, beside = declared()[command]
        if rows:
            self.assertEqual(set(answer), {rows} | beside, f"sotto {command}: beside its rows")
            self.assertTrue(answer[rows], f"sotto {command}: without a row nothing is compared")
        for shown in answer[rows] if rows else [answer]:
            with self.subTest(command=command):
                self.assertEqual(set(shown) - fields, set(), "is not on the page")
                self.assertEqual(fields - set(shown) - SOMETIMES.get(command, set()), set(), "is on the page only")
