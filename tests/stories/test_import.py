"""An admin brings in people and the past from files, with the command line as it is typed."""

import csv
import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage.tables import Lead, Letter, Outcome, Prior, Response
from tests.sim import ROOT, Sim
from tests.world import ADA, APP_TOKEN, BOT_TOKEN, LEADS, RIA, World, lead_item, people_file, words

REAL = ROOT.parent / "shared" / "data" / "telemarketing.csv.gz"
Command = Callable[..., subprocess.CompletedProcess[str]]
MAP = [
    "owner=rep", "probability=prior", "outcome=won", "outcome_at=decided_at",
]  # fmt: skip


@pytest.fixture
def otherwise(tmp_path: Path, database: str) -> Command:
    """Commands as a person runs them, in a folder of its own; with the tokens where a workspace is given."""

    def run(sim: Sim | None, *words: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": database}
        if sim is not None:
            environment |= {
                "SLACK_API_URL": f"{sim.base}/api/",
                "SLACK_BOT_TOKEN": BOT_TOKEN,
                "SLACK_APP_TOKEN": APP_TOKEN,
            }
        command = [sys.executable, "-m", "bot", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
        assert (done.returncode == 0) is ok, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


def past_file(path: Path, rows: int, **changes: Any) -> None:
    """A file of closed leads, a column of each kind; every ninth was won."""
    with gzip.open(path, "wt", newline="") as out:
        writer = csv.DictWriter(out, ["lead_id", "name", "rep", "posted_at", "prior", "won", "decided_at", "job"])
        writer.writeheader()
        for number in range(rows):
            row = {
                "lead_id": f"past-{number}",
                "name": f"Firm {number}",
                "rep": "ria",
                "posted_at": f"2026-0{1 + number % 6}-10T10:00:00Z",
                "prior": "0.1000",
                "won": str(int(number % 9 == 0)),
                "decided_at": f"2026-0{1 + number % 6}-20T10:00:00Z",
                "job": "services",
            }
            writer.writerow(row | {key: value for key, value in changes.items() if number == 3})


def import_words(file: Path, *more: str) -> list[str]:
    mapped = [word for pair in MAP for word in ("--map", pair)]
    return ["import", str(file), *mapped, "--fact", "job", "--owner-format", "{}@example.com", *more]


def test_the_past_is_kept_without_a_letter_and_twice_is_the_same_as_once(
    otherwise: Command, world: World, tmp_path: Path
) -> None:
    file = tmp_path / "past.csv.gz"
    past_file(file, 450)
    told = otherwise(None, *import_words(file, "--dry-run", "--horizon", "90", "--model", "leadscore"))
    assert "450 would be stored" in told.stdout
    assert world.rows(Lead) == []
    first = otherwise(None, *import_words(file, "--horizon", "90", "--model", "leadscore"))
    assert "450 rows read, 450 stored, 0 known already, 0 refused." in first.stdout
    again = otherwise(None, *import_words(file, "--horizon", "90", "--model", "leadscore"))
    assert "450 rows read, 0 stored, 450 known already, 0 refused." in again.stdout
    assert [len(world.rows(model)) for model in (Lead, Prior, Outcome, Letter)] == [450, 450, 450, 0]
    lead = world.rows(Lead)[0]
    assert (lead["history"], lead["asked"], lead["outcome"], lead["rep_id"]) == (True, False, "won", 1)


def test_the_tool_s_record_stands_on_the_next_suggestion(otherwise: Command, world: World, tmp_path: Path) -> None:
    file = tmp_path / "past.csv.gz"
    past_file(file, 450)
    otherwise(None, *import_words(file, "--horizon", "90", "--model", "leadscore"))
    world.lead(prior={"model_line": None}, probability=0.1)
    said = words(world.see(RIA, "Acme Ltd"))
    assert "Here so far: 25 of 300 closed. All leads: 11 in 100. Hasn't seen: calls, budget." in said
    world.lead("crm:2", name="Borealis", prior={"model_line": None}, probability=0.14)
    said = words(world.see(RIA, "Borealis"))
    assert "Here, of 100 leads like this, about *8* closed (25 of 300). The tool said about 14 within 90 days." in said


def test_rows_that_can_not_be_read_are_kept_with_their_reasons_and_can_be_mended(
    otherwise: Command, world: World, tmp_path: Path
) -> None:
    file = tmp_path / "past.csv.gz"
    past_file(file, 10, prior="1.7", name="=HYPERLINK(1)")
    told = otherwise(None, *import_words(file))
    assert "9 stored, 0 known already, 1 refused" in told.stdout
    rejects = tmp_path / "past.csv.gz.rejected.jsonl"
    row = json.loads(rejects.read_text())
    assert (row["_line"], row["_reasons"][0].split(":")[0]) == (5, "prior.probability")
    mended = tmp_path / "mended.jsonl"
    mended.write_text(json.dumps(row | {"prior": "0.17"}) + "\n")
    assert "1 stored" in otherwise(None, *import_words(mended)).stdout
    assert len(world.rows(Lead)) == 10


def test_answers_of_the_past_are_read_back(otherwise: Command, world: World, tmp_path: Path) -> None:
    file = tmp_path / "past.jsonl"
    common = {"posted_at": "2026-01-10T10:00:00Z", "probability": 0.2, "owner": "ria@example.com"}
    rows = [
        {"lead_id": "a", "name": "A", "direction": "more", "reason": "Budget", "responded_at": "2026-01-11T10:00:00Z"},
        {"lead_id": "b", "name": "B", "direction": "less", "reason": "Late", "responded_at": "2026-01-20T10:00:00Z"},
        {"lead_id": "c", "name": "C", "response": "none"},
    ]
    file.write_text("".join(json.dumps(common | row) + "\n" for row in rows))
    otherwise(None, "import", str(file))
    assert [row["landmark_direction"] for row in world.rows(Lead)] == ["more", "", ""]
    assert all(row["asked"] for row in world.rows(Lead))
    assert [row["direction"] for row in world.rows(Response)] == ["more", "less"]


def test_what_came_before_its_author_was_known_is_hers_and_can_be_forgotten(
    otherwise: Command, make_world: Any, tmp_path: Path
) -> None:
    world = make_world()
    file = tmp_path / "past.jsonl"
    row = {
        "posted_at": "2026-01-10T10:00:00Z",
        "probability": 0.2,
        "owner": "ria@example.com",
        "lead_id": "a",
        "name": "A",
    }
    row |= {"direction": "more", "reason": "my old secret", "responded_at": "2026-01-11T10:00:00Z"}
    file.write_text(json.dumps(row) + "\n")
    otherwise(None, "import", str(file))
    world.command(ADA, "rep add @ria")
    assert "my old secret" in words(world.command(RIA, "my record"))
    world.press(ADA, "Forget", world.command(ADA, "forget @ria"), "C0GENERAL")
    assert [row["reason"] for row in world.rows(Response)] == [None]


def test_an_export_of_a_crm_is_understood_shown_and_taken_when_agreed(
    otherwise: Command, world: World, tmp_path: Path
) -> None:
    file = tmp_path / "hubspot.csv"
    with file.open("w", newline="") as out:
        columns = ["Record ID", "Company Name", "Contact owner", "Create Date", "Likelihood to close",
                   "Lifecycle Stage", "Became a Customer Date", "Original Source"]  # fmt: skip
        writer = csv.writer(out)
        writer.writerow(columns)
        for n in range(12):
            won = ("Customer", "11/02/2026 10:00") if n % 4 == 0 else ("Lead", "")
            writer.writerow([n, f"Firm {n}", "ria@example.com", "31/01/2026 09:30", "12.5 %", *won, "Web"])
    told = otherwise(None, "import", str(file), ok=False)
    assert "name         Company Name" in told.stdout
    assert "take it: --guess" in told.stderr
    assert world.rows(Lead) == []
    told = otherwise(None, "import", str(file), "--guess", "--zone", "Europe/Berlin")
    assert "Dates are read as day, month, year." in told.stdout
    assert "Taken as still open: Lead." in told.stdout
    assert "before a lead ended" in told.stdout
    assert "12 stored" in told.stdout
    rows = world.rows(Lead)
    assert {(row["probability"], row["owner_email"]) for row in rows} == {(0.125, "ria@example.com")}
    assert rows[0]["posted_at"].isoformat() == "2026-01-31T08:30:00+00:00"
    assert [row["outcome"] for row in rows].count("won") == 3
    told = otherwise(None, "import", str(file), "--map", "name=Nothing", "--guess", ok=False)
    assert "No column seems to hold name" in told.stderr


def test_with_post_the_rows_are_new_leads(otherwise: Command, world: World, tmp_path: Path) -> None:
    file = tmp_path / "new.jsonl"
    row = {"lead_id": "n", "name": "Newcomer", "probability": 0.2, "owner": "ria@example.com"}
    file.write_text(json.dumps(row) + "\n")
    otherwise(None, "import", str(file), "--post")
    # The bot hears of another process's letters at its heartbeat; here it is told.
    world.deps.db.letters.set()
    world.see(RIA, "Newcomer")


def test_overrides_are_stored_and_visible_while_an_import_runs(
    otherwise: Command, world: World, tmp_path: Path
) -> None:
    world.lead()
    message = world.see(RIA, "Acme Ltd")
    file = tmp_path / "past.csv.gz"
    past_file(file, 12_000)
    running = threading.Thread(target=otherwise, args=(None, *import_words(file)))
    running.start()
    world.sim.until(lambda: len(world.rows(Lead)) > 200, 60)
    seen, stored = 0, 0
    while running.is_alive() and seen < 5:
        reason = f"seen during the import {seen}"
        world.override(RIA, message, "more", reason) if not seen else change(world, reason)
        world.see(RIA, reason)
        stored = len(world.rows(Lead))
        seen += 1
    running.join()
    assert len(world.responses()) == seen > 0
    assert len(world.rows(Lead)) == 12_001 > stored, "not after it, but while it ran"


def change(world: World, reason: str) -> None:
    """[Change] with other words."""
    world.press(RIA, "Change", world.see(RIA, "You see something else"))
    view = world.form(RIA)
    world.sim.act("submit", RIA, view=view["id"], values={"direction": "more", "reason": reason})


def test_people_are_added_from_a_file_and_the_second_time_changes_nothing(
    otherwise: Command, sim: Sim, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(people_file())
    dry = otherwise(sim, "people", str(file), "--dry-run").stdout
    assert "would add Ria Holt (U0REP00) as rep in North" in dry
    assert "would let Mona Manager manage North" in dry
    assert "Nothing was changed." in dry
    assert "add Ria Holt" in otherwise(sim, "people", str(file)).stdout
    again = otherwise(sim, "people", str(file)).stdout
    assert again.strip() == "Nothing was changed."
    file.write_text("email,team\nria@example.com,South\n")
    assert "change Ria Holt's team_id from North to South" in otherwise(sim, "people", str(file)).stdout


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("nobody@example.com,North,", "nobody in the workspace has the email nobody@example.com"),
        ("gone@example.com,North,", "nobody in the workspace has the email gone@example.com"),
        ("ria@example.com,,", "needs a team (for a rep) or manages (for a manager)"),
        ("ria@example.com,North,#deals", "is not a channel id such as C012ABCDEF"),
    ],
)
def test_a_wrong_line_gets_a_sentence_and_nothing_is_changed(
    otherwise: Command, sim: Sim, tmp_path: Path, line: str, sentence: str
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(f"email,team,channel\nrob@example.com,North,\n{line}\n")
    told = otherwise(sim, "people", str(file), ok=False).stderr
    assert sentence in told
    assert "nothing was changed" in told


def test_check_names_each_thing_that_is_wrong_with_its_fix(otherwise: Command, sim: Sim, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email,team,channel\nria@example.com,North,C0OLD\nrob@example.com,North,C0POOL\n")
    otherwise(sim, "people", str(file))
    sim.post("scopes", revoke=["users:read.email"])
    told = otherwise(sim, "check", ok=False).stdout
    assert "FIX  The scope users:read.email is missing" in told
    assert "FIX  #old-deals is archived" in told
    assert "FIX  The bot is not in #pool: type /invite @Otherwise there." in told
    sim.post("scopes", grant=["users:read.email"])
    file.write_text("email,team,channel\nria@example.com,North,C0DEALS\nrob@example.com,North,C0DEALS\n")
    otherwise(sim, "people", str(file))
    assert "FIX" not in otherwise(sim, "check").stdout


def test_a_wrong_token_or_setting_stops_with_one_sentence(otherwise: Command, sim: Sim, tmp_path: Path) -> None:
    told = otherwise(None, "run", ok=False).stderr
    assert "SLACK_BOT_TOKEN is missing." in told
    (tmp_path / ".env").write_text("SLACK_BOT_TOKEN=xapp-1\n")
    assert "the other token may have been pasted here" in otherwise(None, "run", ok=False).stderr


def test_keys_are_shown_once_listed_without_secrets_and_revoked_at_once(otherwise: Command, world: World) -> None:
    key = otherwise(None, "keys", "add", "crm").stdout.strip()
    listing = otherwise(None, "keys", "list").stdout
    assert key.split("_", 2)[2] not in listing
    assert "crm" in listing
    headers = {"Authorization": f"Bearer {key}"}
    assert world.http.post(LEADS, json=lead_item("k", RIA, 0.2), headers=headers).status_code == 200
    otherwise(None, "keys", "revoke", "crm")
    assert world.http.post(LEADS, json=lead_item("k", RIA, 0.2), headers=headers).status_code == 401
    otherwise(None, "keys", "revoke", "crm", ok=False)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # PostgreSQL needs no lock file
def test_migrate_refuses_while_the_bot_runs(otherwise: Command, world: World) -> None:
    told = otherwise(None, "migrate", ok=False).stderr
    assert "The bot is running on this database." in told


@pytest.mark.skipif(not REAL.exists(), reason="the real leads are not beside this checkout")
def test_real_leads_are_taken_in(otherwise: Command, tmp_path: Path) -> None:
    some = tmp_path / "some.csv.gz"
    with gzip.open(REAL, "rt") as real, gzip.open(some, "wt") as out:
        for number, line in enumerate(real):
            if number > 600:
                break
            out.write(line)
    told = otherwise(None, *import_words(some))
    assert "600 rows read, 600 stored, 0 known already, 0 refused." in told.stdout
