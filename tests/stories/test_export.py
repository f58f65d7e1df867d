"""What goes back to the model: lines that join nothing, unless an admin who manages nobody opens it in sight."""

import base64
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from rich.console import Console

from bot import jobs, keys
from bot.domain.errors import OtherwiseError
from bot.domain.feedback import Cursor, cursor_of
from bot.domain.past import Mapped
from bot.importing import Import
from storage import leads, people, responses
from storage.tables import Lead, Release, WordsRead
from tests.sim import ROOT
from tests.stories.test_digest import answered, go_to_monday, settle
from tests.world import ADA, BOT_TOKEN, LEADS, MONA, REPS, RIA, ROB, World, lead_item, words

SAM = REPS[12]


def key(world: World, *scopes: str) -> str:
    name = f"key {'-'.join(scopes)}"
    return world.deps.db.write(lambda s: keys.make_key(s, name, list(scopes), datetime.now(UTC)))


def read(world: World, token: str, since: str = "", limit: int = 1000) -> tuple[int, list[dict[str, Any]], Any]:
    told = world.http.get(
        "/v1/export", params={"since": since, "limit": limit}, headers={"Authorization": f"Bearer {token}"}
    )
    lines = [json.loads(line) for line in told.text.splitlines()] if told.status_code == 200 else []
    return told.status_code, lines, told


@pytest.fixture
def told(shifted_world: World) -> World:
    """A world with one released set: 12 more, 12 less, 12 neither."""
    world = shifted_world
    names = answered(world)
    settle(world, names, won=names[:6] + names[24:28])
    go_to_monday(world)
    world.quiet()
    assert len(world.rows(Release)) == 1
    return world


def test_plain_lines_join_no_lead_with_what_was_said(told: World) -> None:
    status, lines, answer = read(told, key(told, "export"))
    assert status == 200
    assert answer.headers["content-type"] == "application/x-ndjson"
    priors = [line for line in lines if line["kind"] == "prior"]
    said = [line for line in lines if line["kind"] == "response"]
    assert (len(priors), len(said)) == (36, 36)
    assert Counter((line["response"], line.get("won")) for line in said) == {
        ("more", True): 6, ("more", False): 6, ("less", None): 12, ("neither", True): 4, ("neither", False): 8,
    }  # fmt: skip
    text = json.dumps(priors)
    assert "U0REP" not in text
    assert "Reason for" not in text
    assert not re.search(r"T(?!00:00:00)\d\d:", text), "times to the week"
    assert not {"response", "direction", "reason"} & {key for line in priors for key in line}
    assert not {"lead_id", "name", "posted_at", "probability"} & {key for line in said for key in line}
    assert said == sorted(said, key=lambda line: (line["response"], line.get("won", False))), "no order tells anything"
    assert {line["schema_version"] for line in lines} == {"1"}


def test_a_reader_goes_on_where_it_left_off(told: World) -> None:
    token, seen, since = key(told, "export"), [], ""
    for _ in range(6):
        _, lines, answer = read(told, token, since, limit=10)
        seen += [line for line in lines if line["kind"] == "prior"]
        since = answer.headers["Otherwise-Cursor"]
    assert len({line["lead_id"] for line in seen}) == len(seen) == 36
    assert read(told, token, since)[1] == []
    assert read(told, token, "nonsense")[0] == 400


def test_who_may_read_what(told: World) -> None:
    assert told.http.get("/v1/export", headers={"Authorization": ""}).status_code == 401
    assert read(told, key(told, "intake"))[0] == 403
    for scopes in (("export:joined",), ("export:joined", "export:text")):
        status, _, refusal = read(told, key(told, *scopes))
        assert status == 403
        assert "is off" in refusal.json()["error"]
    told.command(ADA, "admin add @mona")
    for text in ("export", "export joined on", "export text on"):
        assert "is for an admin who manages nobody" in words(told.command(MONA, text))
    assert told.rows(WordsRead) == []


def test_the_joined_export_is_opened_in_sight_and_each_reading_stands_in_her_home(told: World) -> None:
    assert "All 24 reps are told now" in words(told.command(ADA, "export joined on"))
    told.see(RIA, "has switched on an export of single leads with what was said but not what was written")
    status, lines, _ = read(told, key(told, "export:joined"))
    assert (status, len(lines)) == (200, 36)
    assert Counter(line["at_landmark"] for line in lines) == {"more": 12, "less": 12, "": 12}
    assert "Reason for" not in json.dumps(lines)
    home = json.dumps(told.home(RIA), ensure_ascii=False)
    assert "the key “key export:joined”" in home
    assert "by an export of answers: 3 leads" in home
    told.command(ADA, "export text on")
    both = key(told, "export:joined", "export:text")
    _, lines, _ = read(told, both)
    assert "Reason for" in json.dumps(lines)
    assert "by an export with words" in json.dumps(told.home(RIA))
    off = words(told.command(ADA, "export joined off"))
    assert "and text with it" in off
    assert "All 24 reps are told" in off
    told.see(RIA, "the export of single leads with what was said is off again")
    assert read(told, key(told, "export:joined", "export"))[0] == 403
    told.command(ADA, "export joined on")
    _, lines, _ = read(told, both)
    assert "Reason for" not in json.dumps(lines), "nobody was told that words go out again"
    assert "Single answers (joined) are on, what was written (text) is off" in words(told.command(ADA, "export"))


def test_taking_back_that_single_answers_go_out_ends_the_words_too_and_reps_hear_of_it(told: World) -> None:
    switched_on = told.command(ADA, "export joined on")
    told.command(ADA, "export text on")
    both = key(told, "export:joined", "export:text")
    assert "Reason for" in json.dumps(read(told, both)[1])
    told.press(ADA, "Undo", switched_on, "C0GENERAL")
    told.see(RIA, "the export of single leads with what was said is off again")
    assert read(told, both)[0] == 403
    told.command(ADA, "export joined on")
    assert "Reason for" not in json.dumps(read(told, both)[1]), "nobody was told that words go out again"


def test_home_says_how_often_her_answers_were_read_beyond_the_latest(told: World) -> None:
    told.command(ADA, "export joined on")
    token = key(told, "export:joined")
    for _ in range(12):
        assert read(told, token)[0] == 200
    home = json.dumps(told.home(RIA), ensure_ascii=False)
    assert home.count("by an export of answers: 3 leads") == 10
    assert "and 2 times before" in home


def test_whoever_comes_later_is_told_of_the_export_before_her_first_lead(told: World) -> None:
    def lines(user: str) -> list[str]:
        told.quiet()
        return [
            message["text"] for message in told.sim.messages(user) if "an export of single leads" in message["text"]
        ]

    told.command(ADA, "rep remove @sam")
    told.command(ADA, "export joined on")
    told.command(ADA, "rep add @sam")
    for name in ("late:1", "late:2"):
        told.lead(name, SAM, name=name)
        told.lead(f"{name}:ria", RIA, name=name)
    (newcomer,) = lines(SAM)
    assert newcomer.startswith("Who may read answers here: besides you, an admin has switched on")
    first = next(n for n, message in enumerate(told.sim.messages(SAM)) if "late:" in message["text"])
    told_at = next(n for n, message in enumerate(told.sim.messages(SAM)) if message["text"] == newcomer)
    assert told_at < first
    assert len(lines(RIA)) == 1, "she was told when it was switched on"
    told.command(ADA, "export joined off")
    told.command(ADA, "export joined on")
    assert len(lines(RIA)) == 2
    assert len(lines(SAM)) == 2


def test_import_reads_back_what_was_exported(told: World, make_world: Any, tmp_path: Path) -> None:
    told.command(ADA, "export joined on")
    told.command(ADA, "export text on")
    _, lines, _ = read(told, key(told, "export:joined", "export:text"))
    file = tmp_path / "back.jsonl"
    plain = read(told, key(told, "export"))[1]
    before = {row["lead_id"]: row for row in told.rows(Lead)}
    for rows, wanted in ((lines, 36), (plain, 36)):
        file.write_text("\n".join(json.dumps(line) for line in rows))
        other = f"sqlite:///{tmp_path}/other{len(rows)}.db"
        from storage.database import Database
        from storage.migrate import upgrade

        upgrade(other)
        database = Database(other)
        run = Import(file, Mapped(), post=False, database=database, at=told.deps.clock.moment(), draw=told.deps.draw)
        run.all(Console(quiet=True))
        assert (run.stored, run.bad) == (wanted, 0)
        with database.reading() as session:
            from sqlalchemy import select

            from storage.tables import table

            stored = session.execute(select(table(Lead))).all()
        database.close()
        if rows is lines:
            for row in stored:
                was = before[row.lead_id]
                for name in ("landmark_direction", "probability", "outcome", "posted_at", "outcome_at", "model_line"):
                    assert getattr(row, name) == was[name], name
        else:
            won = sum(row.outcome == "won" and row.posted_at < row.outcome_at <= row.matures_at for row in stored)
            assert won == 10


def test_a_model_with_one_line_keeps_it(shifted_world: World, tmp_path: Path) -> None:
    world = shifted_world
    item = lead_item("x:1", RIA, 0.3)
    item["prior"].pop("model_line")
    world.send(LEADS, [item])
    world.quiet()
    world.shift(days=91)
    _, lines, _ = read(world, key(world, "export"))
    file = tmp_path / "back.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines))
    run = Import(file, Mapped(), post=False, database=world.deps.db, at=world.deps.clock.moment(), draw=world.deps.draw)
    run.all(Console(quiet=True))
    assert [row["model_line"] for row in world.rows(Lead)] == ["leadscore", "leadscore"]


def test_whose_a_lead_was_and_what_held_at_the_landmark_come_back_too(shifted_world: World, tmp_path: Path) -> None:
    world = shifted_world
    world.send(LEADS, [lead_item("x:slack", None, 0.3, name="Slack Ltd") | {"owner": {"slack_id": RIA}}])
    world.send(LEADS, [lead_item("x:given", None, 0.3, name="Given Ltd")])
    world.override(RIA, world.see(RIA, "Slack Ltd"), "more", "called back")
    world.quiet()
    given_to = next(row["rep_id"] for row in world.rows(Lead) if row["lead_id"] == "x:given")
    assert given_to is not None
    world.shift(days=4)
    world.press(RIA, "Withdraw", world.see(RIA, "called back"))
    world.quiet()
    world.shift(days=91)
    world.command(ADA, "export joined on")
    status, lines, told = read(world, key(world, "export:joined"))
    assert status == 200, told.text
    assert {line["lead_id"]: line["at_landmark"] for line in lines} == {"x:slack": "more", "x:given": ""}
    for line in lines:
        line["lead_id"] += ":back"
    file = tmp_path / "back.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines))
    run = Import(file, Mapped(), post=False, database=world.deps.db, at=world.deps.clock.moment(), draw=world.deps.draw)
    run.all(Console(quiet=True))
    was = {str(row["lead_id"]): row for row in world.rows(Lead)}
    for name in ("x:slack", "x:given"):
        for column in ("rep_id", "landmark_direction", "response_kind"):
            assert was[f"{name}:back"][column] == was[name][column], (name, column)


@given(st.integers(0, 2**53 - 1), st.integers(0, 2**53 - 1))
def test_a_cursor_reads_as_it_was_written(lead: int, release: int) -> None:
    cursor = Cursor(lead, release)
    assert cursor_of(cursor.text()) == cursor
    earlier = json.dumps(["2026-11-20T09:00:00+00:00", lead, release]).encode()
    assert cursor_of(base64.urlsafe_b64encode(earlier).decode()) == cursor, "of versions that told the moment"


def test_a_cursor_tells_no_moment_and_is_refused_where_its_lead_is_none(told: World) -> None:
    _, _, first = read(told, key(told, "export"), limit=1)
    cursor = first.headers["Otherwise-Cursor"]
    inside = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    assert re.fullmatch(r"\[\d{1,4}, \d{1,4}\]", inside), inside
    status, _, refused = read(told, key(told, "export", "intake"), since=Cursor(999_999, 0).text())
    assert (status, "none of ours" in refused.text) == (400, True)


@given(st.text())
def test_any_other_cursor_is_refused_in_a_sentence(text: str) -> None:
    try:
        assert isinstance(cursor_of(text), Cursor)
    except OtherwiseError as refusal:
        assert "cursor" in str(refusal)


def test_the_command_line_writes_the_same_lines_and_is_no_way_around(told: World, tmp_path: Path) -> None:
    file, env = tmp_path / "out.ndjson", {"DATABASE_URL": told.settings.database_url, "SLACK_BOT_TOKEN": BOT_TOKEN}
    clock = {"OTHERWISE_CLOCK_FILE": str(told.settings.otherwise_clock_file)}
    run = [sys.executable, "-m", "bot", "export", str(file)]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OTHERWISE", "SLACK"))}
    plain = subprocess.run(run, env=kept | env | clock, capture_output=True, text=True, cwd=ROOT)
    assert plain.returncode == 0, plain.stderr
    assert "72 lines. Next time: --since " in plain.stderr
    assert [json.loads(line) for line in file.read_text().splitlines()] == read(told, key(told, "export"))[1]
    refused = subprocess.run([*run, "--joined"], env=kept | env | clock, capture_output=True, text=True, cwd=ROOT)
    assert refused.returncode == 1
    assert "is off" in refused.stderr
    told.command(ADA, "export joined on")
    assert subprocess.run([*run, "--joined"], env=kept | env | clock, capture_output=True, cwd=ROOT).returncode == 0
    assert {row["reader"] for row in told.rows(WordsRead)} == {"the server's command line"}


def test_data_problems_reach_the_model_s_owners_within_a_day_without_the_rep(shifted_world: World) -> None:
    world = shifted_world
    world.command(ADA, "modelowner add @suki")
    suki = "U0REP15"
    world.lead("crm:7")
    world.override(RIA, world.see(RIA, "Acme Ltd"), "data", "the phone number is my own secret")
    jobs.give_back(world.deps)
    message = world.see(suki, "1 lead with data that may be wrong")
    assert "`crm:7`" in words(message)
    assert "secret" not in str(world.sim.messages(suki))
    assert "Ria" not in str(world.sim.messages(suki))
    home = words(world.home(suki))
    assert "`crm:7`" in home
    assert "The alarm has not rung within a year." in home
    assert "secret" not in home
    jobs.give_back(world.deps)
    world.quiet()
    assert str(world.sim.messages(suki)).count("that may be wrong") == str(message).count("that may be wrong")
    world.see(suki, "What there is to learn from, this past month")
    # A year's lead, called wrong when it has been here for long; and one when it has ended.
    world.lead("crm:slow", ROB, name="Slow Ltd", prior={"horizon_days": 365})
    world.lead("crm:won", ROB, name="Won Ltd")
    world.see(ROB, "Slow Ltd")
    message = world.see(ROB, "Won Ltd")
    assert world.press(ROB, "I see something else", message)["acked"]
    form = world.form(ROB)
    world.shift(days=100)
    world.outcome("crm:won")
    world.sim.act("submit", ROB, view=form["id"], values={"direction": "data", "reason": "no such number"})
    world.override(ROB, world.see(ROB, "Slow Ltd"), "data", "they have moved")
    jobs.give_back(world.deps)
    assert "`crm:slow`, `crm:won`" in words(world.see(suki, "2 leads with data that may be wrong"))
    world.command(ADA, "team North manager @suki")
    world.lead("crm:8", name="Bravo Inc")
    world.override(RIA, world.see(RIA, "Bravo Inc"), "data", "again")
    world.shift(days=2)
    jobs.give_back(world.deps)
    world.quiet()
    assert "crm:8" not in str(world.sim.messages(suki)), "who manages a team reads no single answer"
    assert "crm:7" not in str(world.home(suki)), "nor finds one in her Home"


def test_every_reported_lead_is_named(shifted_world: World) -> None:
    world = shifted_world
    world.command(ADA, "budget 100")
    world.command(ADA, "modelowner add @suki")
    names = [f"crm:{n}:{'x' * 60}" for n in range(70)]
    world.send(LEADS, [lead_item(name, RIA, 0.2, name=f"Firm {n}.") for n, name in enumerate(names)])
    world.quiet()
    # As 70 presses would have left it.
    with world.deps.db.reading() as session:
        ria = people.by_slack_id(session, RIA).id
    rows = [
        {
            "lead_id": row["id"], "person_id": ria, "kind": "overridden", "direction": "data", "reason": "wrong",
            "number_visible": True, "wording": "1", "dedupe_key": f"d:{row['id']}", "at": world.deps.clock.now(),
        }
        for row in world.rows(Lead)
    ]  # fmt: skip
    world.deps.db.write(lambda s: responses.add_many(s, rows))
    for row in rows:
        world.deps.db.write(lambda s, row=row: leads.change(s, row["lead_id"], data_problem=True))
    jobs.give_back(world.deps)
    shown = words(world.see("U0REP15", "70 leads with data that may be wrong"))
    assert all(f"`{name}`" in shown for name in names)


def bring_in(world: World, folder: Path, rows: list[dict[str, Any]]) -> None:
    """Import a past, as `otherwise import` does."""
    file = folder / "past.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    at = world.deps.clock.moment()
    Import(file, Mapped(), post=False, database=world.deps.db, at=at, draw=world.deps.draw).all(Console(quiet=True))


def test_the_month_s_note_judges_the_tool_beside_chance(shifted_world: World, tmp_path: Path) -> None:
    world = shifted_world
    world.command(ADA, "modelowner add @suki")
    now, chance = world.deps.clock.now(), random.Random(5)
    rows = []
    for n in range(600):
        p = round(chance.uniform(0.02, 0.5), 2)
        posted = now - timedelta(days=30 + n % 7)
        rows.append(
            {
                "lead_id": f"f:{n}", "name": f"Firm {n}", "probability": p, "horizon_days": 10, "model": "m",
                "posted_at": posted.isoformat(), "outcome": "won" if chance.random() < min(1, 2 * p) else "lost",
                "outcome_at": (posted + timedelta(days=5)).isoformat(),
            }
        )  # fmt: skip
    bring_in(world, tmp_path, rows)
    jobs.give_back(world.deps)
    note = world.see("U0REP15", "(Brier points.)")
    assert "m, 10 days, the newest 600 leads of a year." in note["text"]
    ((off, by_chance),) = re.findall(
        r"happened: ([\d.]+), where numbers that are right show ([\d.]+) by chance", note["text"]
    )
    assert float(off) > 5 * float(by_chance)
    (drawn,) = [block for block in note["blocks"] if block["type"] == "data_visualization"]
    came, said = ([point["value"] for point in one["data"]] for one in drawn["chart"]["series"])
    assert came == sorted(came)
    assert sum(came) > 1.5 * sum(said)
    jobs.give_back(world.deps)
    world.quiet()
    assert len([m for m in world.sim.messages("U0REP15") if "Brier" in m["text"]]) == 1


def test_where_too_few_are_there_to_judge_the_fit_the_note_has_the_bands(shifted_world: World, tmp_path: Path) -> None:
    world = shifted_world
    world.command(ADA, "modelowner add @suki")
    posted = world.deps.clock.now() - timedelta(days=20)
    rows = [
        {
            "lead_id": f"d:{n}", "name": f"Firm {n}", "probability": 0.1 if n % 2 else 0.4, "horizon_days": 10,
            "model": "m", "posted_at": posted.isoformat(), "outcome": "won" if n % 5 == 0 else "lost",
            "outcome_at": (posted + timedelta(days=4)).isoformat(),
        }
        for n in range(40)
    ]  # fmt: skip
    bring_in(world, tmp_path, rows)
    jobs.give_back(world.deps)
    note = words(world.see("U0REP15", "What there is to learn from, this past month"))
    assert "40 leads of a year, too few to judge the fit." in note
    assert "5–15 in 100: 4 of 20 closed; 30–50 in 100: 4 of 20 closed." in note
    assert "Brier" not in note


def test_the_drift_alarm_rings_once_and_counts_anew(shifted_world: World, tmp_path: Path) -> None:
    world = shifted_world
    world.command(ADA, "modelowner add @suki")
    now = world.deps.clock.now()
    rows = [
        {
            "lead_id": f"d:{n}", "name": f"Firm {n}", "probability": 0.1, "horizon_days": 10, "model": "m",
            "posted_at": now.replace(month=9, day=1 + n % 20).isoformat(),
            "outcome": "won" if n % 2 else "lost", "outcome_at": now.replace(month=9, day=2 + n % 20).isoformat(),
        }
        for n in range(120)
    ]  # fmt: skip
    bring_in(world, tmp_path, rows)
    jobs.look_for_drift(world.deps)
    message = world.see("U0REP15", "have parted company")
    assert "of 120 leads since this was last told, 60 closed; the numbers had pointed to about 12" in message["text"]
    jobs.look_for_drift(world.deps)
    world.quiet()
    assert len([m for m in world.sim.messages("U0REP15") if "parted company" in m["text"]]) == 1
    assert "have parted company, as of" in words(world.command(ADA, "status"))
    world.see(ADA, "have parted company")
    assert not [m for m in world.sim.messages(MONA) if "parted company" in m["text"]]
    assert "it rang on" in words(world.home("U0REP15"))


def test_parquet_holds_the_same_lines_with_times_as_times(told: World, tmp_path: Path) -> None:
    told.command(ADA, "export joined on")
    env = {"DATABASE_URL": told.settings.database_url, "SLACK_BOT_TOKEN": BOT_TOKEN}
    env["OTHERWISE_CLOCK_FILE"] = str(told.settings.otherwise_clock_file)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OTHERWISE", "SLACK"))}
    for more in ([], ["--joined"]):
        for name in ("out.ndjson", "out.parquet"):
            run = [sys.executable, "-m", "bot", "export", str(tmp_path / name), *more]
            subprocess.run(run, env=kept | env, check=True, capture_output=True, cwd=ROOT, timeout=60)
        lines = [json.loads(line) for line in (tmp_path / "out.ndjson").read_text().splitlines()]
        rows = parquet.read_table(tmp_path / "out.parquet").to_pylist()
        assert len(rows) == len(lines) > 20
        for line, row in zip(lines, rows, strict=True):
            for field, value in line.items():
                if field in row:
                    shown = row[field].isoformat() if isinstance(row[field], datetime) else row[field]
                    assert shown == (None if value == "" else value), field
            assert set(line) - set(row) <= {"outcomeTimestamp", "overrideReason"}
