"""How fast a large file comes in, and how much memory that takes: `python -m bench.importing [ROWS]`.

The file is made first and is not counted. Then it is imported once, stopped with kill -9 in the middle, imported
again to the end, and once more, when all is known.
"""

import csv
import gzip
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from storage.database import Database
from storage.tables import Lead, table


def make(file: Path, rows: int) -> None:
    """Closed leads of three years, as a CRM would export them."""
    chance, began = random.Random(1), datetime(2023, 1, 2, tzinfo=UTC)
    with gzip.open(file, "wt", newline="", compresslevel=1) as out:
        writer = csv.writer(out)
        writer.writerow(["lead_id", "name", "owner", "posted_at", "probability", "outcome", "outcome_at", "source"])
        for number in range(rows):
            posted, prior = began + timedelta(minutes=1.2 * number), chance.betavariate(1, 6)
            won = chance.random() < prior
            ended = posted + timedelta(days=chance.randint(5, 80))
            writer.writerow(
                [
                    f"crm:{number}",
                    f"Firm {number}",
                    f"rep{number % 200}@example.com",
                    posted.isoformat(),
                    f"{prior:.4f}",
                    "won" if won else "lost",
                    ended.isoformat(),
                    "inbound",
                ]
            )


def run(file: Path, url: str, kill_at: float | None = None) -> tuple[float, float, str]:
    """Seconds, peak megabytes and the last line of one import; killed after so many seconds, if asked."""
    command = [sys.executable, "-m", "bot", "import", str(file), "--fact", "source", "--horizon", "90"]
    began = time.perf_counter()
    environment = os.environ | {"DATABASE_URL": url, "OTHERWISE_LOG_LEVEL": "warning"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if kill_at is not None:
        try:
            process.wait(kill_at)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
    said = process.stdout.read() if process.stdout else ""
    _, _, usage = os.wait4(process.pid, 0) if process.returncode is None else (0, 0, None)
    peak = usage.ru_maxrss / 1000 if usage is not None else 0.0
    process.returncode = process.returncode or 0
    return time.perf_counter() - began, peak, said.strip()


def main(rows: int) -> None:
    """Print a line for each part."""
    with tempfile.TemporaryDirectory() as folder:
        file, url = Path(folder) / "leads.csv.gz", f"sqlite:///{folder}/o.db"
        make(file, rows)
        print(f"{rows:,} rows, {file.stat().st_size / 1e6:.0f} MB", flush=True)
        for what, kill_at in (("killed in the middle", rows / 8000), ("to the end", None), ("again", None)):
            seconds, peak, said = run(file, url, kill_at)
            database = Database(url)
            with database.reading() as session:
                stored = session.execute(select(func.count()).select_from(table(Lead))).scalar_one()
            database.close()
            print(f"{what}: {seconds:.0f} s, peak {peak:.0f} MB, {stored:,} leads stored. {said}", flush=True)
            if kill_at is None and stored != rows:
                raise SystemExit(f"{rows - stored:,} leads are missing")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
