"""Goal 5: looking for letters and claiming them costs no more with a million sent ones in the table."""

import statistics
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from storage import outbox
from storage.database import Database
from storage.migrate import upgrade
from storage.tables import Letter, table

SENT, LANES, ROUNDS = 1_000_000, 100, 15
BATCH = 10_000


def claims(folder: Path) -> tuple[float, float]:
    """Seconds for a look and a hundred claims: with a million sent letters, and with none."""
    return _seconds(folder / "many.db", SENT), _seconds(folder / "none.db", 0)


def _seconds(file: Path, sent: int) -> float:
    url = f"sqlite:///{file}"
    upgrade(url)
    db, now = Database(url), datetime.now(UTC)
    try:
        for start in range(0, sent, BATCH):
            db.write(partial(_add_sent, start=start, now=now), timeout=60)
        db.write(lambda s: s.execute(text("ANALYZE")), timeout=60)
        took = []
        for number in range(ROUNDS):
            rows = [
                {"kind": "post", "lane": f"L{lane}", "payload": {"text": "x"}, "dedupe_key": f"n{number}:{lane}"}
                for lane in range(LANES)
            ]
            db.write(partial(outbox.add, rows=rows, now=now), timeout=60)
            began = time.perf_counter()
            with db.reading() as session:
                heads = outbox.heads(session)
            ids = [head.id for head in heads]
            claim = partial(outbox.claim, ids=ids, owner="bench", now=datetime.now(UTC), lease=timedelta(seconds=60))
            claimed = db.write(claim, timeout=60)
            took.append(time.perf_counter() - began)
            assert len(claimed) == LANES
            db.write(partial(_settle, ids=ids, now=now), timeout=60)
        return statistics.median(took)
    finally:
        db.close()


def _add_sent(session: Any, start: int, now: datetime) -> None:
    common = {"kind": "post", "payload": {}, "state": "sent", "next_at": now, "created_at": now, "sent_at": now}
    rows = [common | {"lane": f"L{n % LANES}", "dedupe_key": f"s{n}"} for n in range(start, start + BATCH)]
    session.execute(insert(table(Letter)), rows)


def _settle(session: Any, ids: list[int], now: datetime) -> None:
    letters = table(Letter)
    done = {"state": "sent", "sent_at": now, "claim": None, "lease_until": None}
    session.execute(letters.update().where(letters.c.id.in_(ids)).values(**done))
