"""A scheme file broken in each way its types know: named, with its line, all at once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest
import yaml

from kpi_tasks.errors import ConfigError
from kpi_tasks.rules.plan import plan_faults
from kpi_tasks.schemefile import SchemeFile, json_schema, load_department, parse_scheme
from kpi_tasks.settings import ROOT

TEXT = (ROOT / "schemes" / "customer_service.yaml").read_text(encoding="utf-8")
MEMBERS = """  members:
    kind: member
    key: [member_id]
    columns:
      member_id: {type: text}
      member_name: {type: text}
      email: {type: text}
"""
SCHEMES = sorted(path.stem for path in (ROOT / "schemes").glob("*.yaml"))


def broken(*edits: tuple[str, str]) -> ConfigError:
    text = TEXT
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    with pytest.raises(ConfigError) as caught:
        parse_scheme(text, "broken.yaml")
    return caught.value


def line_of(fragment: str) -> int:
    """Return the first line that starts with the fragment (with its indent), or else holds it."""
    lines = list(enumerate(TEXT.splitlines(), 1))
    starts = (number for number, line in lines if line.startswith(fragment))
    holds = (number for number, line in lines if fragment in line)
    return next(starts, None) or next(holds)


EDITS = [
    # what is broken, old, new, what the fault says, a fragment of the line it names
    ("unknown key", "ties:\n", "tiez:\n", "unknown key tiez", "ties:"),
    ("unknown deep key", "aggregation: sum", "agregation: sum", "unknown key agregation", "aggregation: sum"),
    ("missing key", "time_zone: Asia/Shanghai\n", "", "time_zone is missing", None),
    ("wrong unit", "unit: index", "unit: points", "should be 'index'", "unit: index"),
    ("unit left out", "    unit: points_per_weight\n", "", "unit is missing", "first_place_points:"),
    ("rule left out", "    rule: R8\n", "", "rule is missing", "zero_from:"),
    ("rule unknown", "rule: R13", "rule: R15", "R15", "rule: R13"),
    ("reason too short", "reason: The broad middle.", "reason: x", "at least 8", "The broad middle."),
    ("zone unknown", "Asia/Shanghai", "Asia/Shanghei", "not a time zone", "Asia/Shanghai"),
    ("gap", "from: 35, below: 92", "from: 35, below: 90", "leave a gap from 90 to 92", "team_grades:"),
    ("overlap", "from: 35, below: 92", "from: 35, below: 95", "overlap at 92", "team_grades:"),
    ("not down to 0", "from: 0, below: 35", "from: 5, below: 35", "nothing covers 0 up to 5", "team_grades:"),
    (
        "upper end",
        "from: 92, unit",
        "from: 92, below: 104, unit",
        "nothing covers 104 and above",
        "team_grades:",
    ),
    ("grades rise", "{grade: C, from: 35", "{grade: E, from: 35", "grades must fall", "team_grades:"),
    (
        "e_below too high",
        "    value: 20\n    unit: points",
        "    value: 36\n    unit: points",
        "e_below 36",
        "team_grades:",
    ),
    ("index bands overlap", "value: 0.8", "value: 1.2", "the bands overlap", "  index:"),
    (
        "band order",
        "{top: B, middle: C, bottom: D",
        "{top: C, middle: B, bottom: D",
        "from better to worse",
        "    C: {top",
    ),
    ("band missing", "    E: {top", "    # E: {top", "team grade E has no band", None),
    ("penalty negative", "value: 50", "value: -50", "greater than or equal to 0", "value: 50"),
    ("penalty NaN", "value: 50", "value: .nan", "finite", "value: 50"),
    ("seven decimals", "value: 1.2", "value: 1.2000001", "decimal places", "value: 1.2"),
    ("slot over-used", "training: 1\n", "training: 2\n", "weight 2 is used 3 times, at most 2", "plan:"),
    ("weight unused", "product_repair: 3", "product_repair: 1", "weight 3 is not used", "plan:"),
    ("weight unknown", "product_repair: 3", "product_repair: 5", "weight 5 is not one of", "plan:"),
    ("five criteria", "      training: 1\n", "", "6 to 7 criteria, this one has 5", "plan:"),
    (
        "criterion unknown",
        "      training: 1",
        "      trainings: 1",
        "criterion trainings is not in",
        "plan:",
    ),
    ("slots too few", "weight: 1, at_most: 3", "weight: 1, at_most: 1", "slots hold 5 criteria", "plan:"),
    ("weight twice", "weight: 3, at_most", "weight: 2, at_most", "weight 2 has 2 slots entries", "plan:"),
    ("count range", "at_least: 6", "at_least: 8", "at_most 7 lies below", "criteria_count:"),
    ("day of month", "value: 25", "value: 31", "less than or equal to 28", "value: 25"),
    ("ties option", "value: share", "value: shared", "'share', 'dense' or 'average'", "value: share"),
    ("places option", "value: 8 # or", "value: all # or", "'teams'", "value: 8 # or"),
    ("column type", "type: 'decimal(5,2)'", "type: float", "type must be", "decimal(5,2)"),
    ("column needed", "      valid_to: {type: date}\n", "", "column valid_to is missing", "  roster:"),
    ("belongs_by missing", "    belongs_by: repaired_at\n", "", "belongs_by is missing", "  repairs:"),
    (
        "belongs_by type",
        "repaired_at: {type: timestamp}",
        "repaired_at: {type: text}",
        "must be a timestamp",
        "  repairs:",
    ),
    ("kind left out", MEMBERS, "", "exactly one record type of kind member is needed, found 0", "records:"),
    ("records unknown", "records: repairs", "records: repair", "no record type of kind work", "records:"),
    (
        "key twice",
        "scheme_id: customer_service\n",
        "scheme_id: customer_service\nscheme_id: x\n",
        "given twice",
        None,
    ),
    ("no YAML", "criteria:", "criteria: [", "while parsing", None),
]


@pytest.mark.parametrize(
    ("old", "new", "says", "fragment"), [edit[1:] for edit in EDITS], ids=[e[0] for e in EDITS]
)
def test_each_fault_is_named_with_its_line(old: str, new: str, says: str, fragment: str | None) -> None:
    error = broken((old, new))
    fault = next((fault for fault in error.faults if says in fault.what), None)
    assert fault is not None, str(error)
    assert fault.where["file"] == "broken.yaml"
    if fragment is not None:
        assert fault.where["line"] == line_of(fragment), str(error)


def test_all_faults_are_told_at_once() -> None:
    error = broken(
        *[
            (old, new)
            for name, old, new, _, _ in EDITS
            if name in ("unknown key", "wrong unit", "gap", "penalty NaN")
        ]
    )
    assert len(error.faults) == 5  # the renamed key is both unknown and missing


@pytest.mark.parametrize("scheme_id", SCHEMES)
def test_every_department_of_the_project_is_whole(scheme_id: str) -> None:
    department = load_department(ROOT, scheme_id)
    assert department.scheme.scheme_id == scheme_id
    assert not plan_faults(
        department.scheme.plan.default.weights, department.scheme.plan, department.scheme.criteria
    )


@pytest.mark.parametrize("scheme_id", SCHEMES)
def test_editors_get_a_schema_that_fits_the_files(scheme_id: str) -> None:
    kept = json.loads((ROOT / "schemes" / "scheme.schema.json").read_text(encoding="utf-8"))
    assert kept == json_schema(), "run `make docs`"
    content = yaml.safe_load((ROOT / "schemes" / f"{scheme_id}.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(content, kept)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "unknown": 1}, kept)


def test_a_scheme_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ConfigError, match="customer_service, service_desk"):
        load_department(ROOT, "nobody")


def test_missing_sql_and_a_wrong_id_are_told_together(tmp_path: Path) -> None:
    for folder in ("schemes", "sql", "expectations"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "schemes" / "customer_service.yaml").rename(tmp_path / "schemes" / "field_service.yaml")
    (tmp_path / "sql" / "customer_service").rename(tmp_path / "sql" / "field_service")
    (tmp_path / "expectations" / "customer_service").rename(tmp_path / "expectations" / "field_service")
    (tmp_path / "sql" / "field_service" / "measure" / "training.sql").unlink()
    with pytest.raises(ConfigError) as caught:
        load_department(tmp_path, "field_service")
    assert len(caught.value.faults) == 2
    assert "training.sql" in str(caught.value)


def test_the_hash_knows_content_from_layout() -> None:
    department = load_department(ROOT, "customer_service")
    same = parse_scheme("# a comment\n" + TEXT, "x")
    other = parse_scheme(TEXT.replace("value: 1.2", "value: 1.3"), "x")
    canonical = SchemeFile.model_dump_json(department.scheme)
    assert SchemeFile.model_dump_json(same) == canonical
    assert SchemeFile.model_dump_json(other) != canonical
