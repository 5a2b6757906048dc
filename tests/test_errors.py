from __future__ import annotations

import pickle

import pytest

from kpi_tasks.errors import ConfigError, DataError, Fault, KpiError, UnreachableError, UsageError

FAULT = Fault(
    "text in a number", {"table": "repairs", "key": "R-17", "value": "x"}, "a whole number", "mend the record"
)


def test_a_block_says_what_where_expected_and_do() -> None:
    assert str(DataError(FAULT)) == (
        "fault: text in a number\n"
        "  where: table 'repairs', key 'R-17', value 'x'\n"
        "  expected: a whole number\n"
        "  do: mend the record"
    )


def test_all_faults_are_told_at_once() -> None:
    error = DataError([FAULT, Fault("another")])
    assert str(error).count("fault: ") == 2
    assert error.faults[1].as_dict() == {"what": "another", "where": {}, "expected": "", "action": ""}


def test_an_error_without_a_fault_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="at least one"):
        DataError([])


@pytest.mark.parametrize(
    ("kind", "code", "transient"),
    [
        (KpiError, 1, False),
        (UsageError, 2, False),
        (DataError, 3, False),
        (ConfigError, 4, False),
        (UnreachableError, 5, True),
    ],
)
def test_kinds_have_exit_codes_and_survive_pickling(kind: type[KpiError], code: int, transient: bool) -> None:
    error = pickle.loads(pickle.dumps(kind(FAULT)))
    assert type(error) is kind
    assert error.faults == (FAULT,)
    assert (error.exit_code, error.is_transient) == (code, transient)
