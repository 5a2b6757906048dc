"""What an engine says went wrong, turned into our errors.

A table or column that is not there, and values that a query cannot take, are faults of the data (``DataError``). A source
that is locked, down or damaged is ``UnreachableError``. Any other complaint about a query is about the SQL file
(``ConfigError``). Engines give no common codes, so their words are matched. Passwords never leave this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kpi_tasks.errors import ConfigError, DataError, Fault, KpiError, UnreachableError
from kpi_tasks.source.binds import without_comments

_LONGEST_REASON = 300

_TABLE = re.compile(
    r"no such table: (?P<a>\S+)"
    r'|relation "(?P<b>[^"]+)" does not exist'
    r"|Table with name (?P<c>\S+) does not exist"
    r"|Table '(?P<d>[^']+)' doesn't exist"
    r"|Invalid object name '(?P<e>[^']+)'"
    r'|No files found that match the pattern "(?P<f>[^"]+)"'
)
_COLUMN = re.compile(
    r"no such column: (?P<a>\S+)"
    r'|column "?(?P<b>[^"\s]+)"? does not exist'
    r'|Referenced column "(?P<c>[^"]+)"(?: was)? not found'
    r'|does not have a column named "(?P<d>[^"]+)"'
    r"|Unknown column '(?P<e>[^']+)'"
    r"|Invalid column name '(?P<f>[^']+)'"
)
_LOCKED = re.compile(r"is locked|lock timeout|could not obtain lock|conflicting lock|deadlock", re.IGNORECASE)
_DOWN = re.compile(
    r"closed the connection|terminating connection|could not (?:receive|send) data|connection (?:refused|reset|lost|closed"
    r"|failure|timed out)|timeout expired|starting up|shutting down|recovery mode|canceling statement|gone away|unable to open"
    r"|too many (?:clients|connections)|disk I/O error|permission denied|insufficient privilege|access denied"
    r"|not a database|malformed|hot journal|does not exist in the file system|SSL (?:error|SYSCALL)",
    re.IGNORECASE,
)
_SPACE = re.compile(
    r"no space left|disk is full|disk full|max_temp_directory_size|out of memory", re.IGNORECASE
)
_VALUE = re.compile(
    r"Conversion Error|Invalid Input Error|CSV Error|Could not (?:convert|cast)|invalid input syntax|out of range|overflow"
    r"|division by zero|invalid (?:value|byte sequence)|SQLSTATE: 22|Invalid unicode|does not match",
    re.IGNORECASE,
)
_CSV_FILE = re.compile(r"\n\s+file = (.+)")
_TAILS = (
    "\n\nQuery was:",
    "\nquery:",
    "\n[SQL:",
    "\n(Background on this error",
    "\nPossible fixes:",
    "\nPossible Solution:",
)
_FROM = re.compile(r'\b(?:from|join)\s+("[^"]+"|[A-Za-z_][\w.]*)', re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """Where records come from, as it may be shown: the source without its password, and the record type."""

    shown: str
    record_type: str
    secrets: tuple[str, ...] = ()

    def words(self, error: BaseException | str) -> str:
        """Return the engine's own words on one line, without the query it repeats and without passwords."""
        full = str(error)
        text = full
        for tail in _TAILS:
            text = text.split(tail)[0]
        file = _CSV_FILE.search(full)
        text = " ".join([*text.split(), f"(file {file[1]})" if file else ""]).strip()
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text[:_LONGEST_REASON]

    def where(self, **more: object) -> dict[str, object]:
        """Return the parts of a fault's place."""
        return {"source": self.shown, "record type": self.record_type, **more}

    def unreachable(self, what: str, error: BaseException | str, action: str) -> UnreachableError:
        """Return the error for a source that cannot be read at all."""
        return UnreachableError(
            Fault(what, self.where(reason=self.words(error)), "a source that can be read", action)
        )

    def failed(self, error: BaseException, query: str, *, is_sound: bool = False) -> KpiError:
        """Return the error for a query that failed; ``is_sound`` says that the engine had accepted it before."""
        reason = self.words(error)
        for pattern, make in ((_TABLE, self._no_table), (_COLUMN, self._no_column)):
            match = pattern.search(reason)
            if match:
                name = next(group for group in match.groups() if group)
                return make(name.strip("\"'`!,.;"), reason, query)
        if _LOCKED.search(reason):
            return self.unreachable(
                "the source is locked", reason, "wait until the other program is done, then run again"
            )
        if _SPACE.search(reason):
            return self.unreachable(
                "there is not enough memory or disk to read the source", reason, "free space, then run again"
            )
        if _DOWN.search(reason):
            return self.unreachable(
                "the source could not be read", reason, "check the server or the file, then run again"
            )
        if is_sound or _VALUE.search(reason):
            return DataError(
                Fault(
                    "the extract SQL failed on the records",
                    self.where(reason=reason),
                    "records that the query can read",
                    "correct the records in the source, or let the SQL file pass such values on as they are",
                )
            )
        return ConfigError(
            Fault(
                "the extract SQL cannot be run",
                self.where(reason=reason),
                "one select that this source understands",
                "correct the SQL file",
            )
        )

    def _no_table(self, name: str, reason: str, query: str) -> DataError:  # noqa: ARG002 - same shape as _no_column
        return DataError(
            Fault(
                f"the source has no table {name}",
                self.where(table=name, reason=reason),
                f"a table, view or file {name}: the extract SQL reads it",
                "create it, correct the SQL file, or point the source to the right place",
            )
        )

    def _no_column(self, name: str, reason: str, query: str) -> DataError:
        found = (match.strip('"') for match in _FROM.findall(without_comments(query)))
        tables = " or ".join(dict.fromkeys(found))
        return DataError(
            Fault(
                f"the source has no column {name}",
                self.where(table=tables or "?", column=name, reason=reason),
                f"a column {name}: the extract SQL reads it",
                "add it to the source, or correct the SQL file",
            )
        )
