"""Other processes that publish: started, held until all are ready, let go together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from kpi_tasks.results import store
from tests.results.builders import ROOT, member_results
from tests.results.builders import evaluation as small_evaluation

PUBLISHER = """
import json, sys
from dataclasses import asdict
from kpi_tasks.results import store
from tests.results.builders import NOW
from tests.results.processes import evaluation

url, jobs = sys.argv[1], json.loads(sys.argv[2])
months = [evaluation(**job) for job in jobs]
print("ready", flush=True)
sys.stdin.readline()
engine = store.connect(url)
store.ensure_schema(engine)
print(json.dumps([asdict(store.publish(engine, month, NOW)) for month in months]))
"""

KILLED = """
import os, sys
from sqlalchemy import event
from kpi_tasks.results import publish, schema, store
from tests.results.builders import NOW
from tests.results.conduct_months import FOLLOW
from tests.results.processes import evaluation

url, place = sys.argv[1:]

def dying_after(function, is_last=lambda *args: True):
    def run(*args):
        done = function(*args)
        if is_last(*args):
            os._exit(9)
        return done
    return run

if place == "schema":
    schema._migrate = dying_after(schema._migrate)
elif place == "end":
    publish.sync_actions = dying_after(publish.sync_actions)
else:
    publish.insert_rows = dying_after(publish.insert_rows, lambda connection, table, *rest: table.name == place)
engine = store.connect(url)
if engine.dialect.name == "sqlite":
    # A small cache makes SQLite write into the file before the commit: what is there must be taken back.
    event.listen(engine, "connect", lambda connection, record: connection.execute("pragma cache_size = 2"))
store.ensure_schema(engine)
store.publish(engine, evaluation("b"), NOW, follow=FOLLOW)
"""


def evaluation(letter: str = "a", **changes: Any) -> store.Evaluation:
    """A month with enough members to take a moment."""
    few = member_results()
    many = few.loc[few.index.repeat(800)].reset_index(drop=True)
    members = many.assign(member_id=[f"m-{letter}-{n:04d}" for n in many.index], is_zeroed=False)
    return small_evaluation(letter, member_results=members, **changes)


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def publish_at_once(url: str, jobs: list[list[dict[str, str]]]) -> list[list[store.Published]]:
    """Let one process a list of months publish them, all starting together; what each was told."""
    children = [start(PUBLISHER, url, json.dumps(job)) for job in jobs]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n", child.communicate()[1]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    answers = [child.communicate(timeout=60) for child in children]
    assert [(child.returncode, errors) for child, (_, errors) in zip(children, answers, strict=True)] == [
        (0, "")
    ] * len(children)
    return [[store.Published(**done) for done in json.loads(text)] for text, _ in answers]
