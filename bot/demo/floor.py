"""The world around the demo's bot: a CRM that sends new leads now and then, and tells how old ones ended."""

import json
import random
import threading
from datetime import datetime
from typing import Any

import httpx
import structlog

from bot.demo.past import TEAMS, ending, new_lead
from bot.demo.place import Place

log = structlog.get_logger()
EVERY_SECONDS = 40.0
BATCH = 500
# The tour is hers: what she gets beside it would only stand in her way.
LEFT_ALONE = "ria"


class Crm:
    """The made-up CRM. Its one thread sends a lead every now and then; the guide asks it for more."""

    def __init__(self, place: Place, intake: str, key: str) -> None:
        self._place = place
        self._http = httpx.Client(base_url=intake, headers={"Authorization": f"Bearer {key}"}, timeout=30)
        self._chance = random.Random()
        self._reps = [rep for team in TEAMS.values() for rep in team if rep != LEFT_ALONE]
        self._stopping, self._one_at_a_time = threading.Event(), threading.Lock()
        self._thread = threading.Thread(target=self._now_and_then, name="crm", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Stop sending."""
        self._stopping.set()
        self._thread.join(5)
        self._http.close()

    def send_lead(self, lead_id: str, rep: str, **fixed: Any) -> None:
        """Send one new lead. How it ends is decided now and told in its time, unless it is `fixed`: the tour's own."""
        now = self._place.now()
        item = new_lead(self._chance, lead_id, rep, now, **fixed)
        self._post("/v1/leads", [item])
        if not fixed:
            with self._one_at_a_time:
                self._place.will_end(lead_id, *ending(self._chance, item["prior"]["probability"], now))

    def tell_outcomes(self) -> int:
        """Tell how leads ended whose time has come; how many. Telling twice changes nothing."""
        with self._one_at_a_time:
            now, lines = self._place.now(), self._place.outcomes.read_text().splitlines()
            due = [line for line in lines if datetime.fromisoformat(json.loads(line)["at"]) <= now]
            later = [line for line in lines if line not in set(due)]
            for start in range(0, len(due), BATCH):
                self._post("/v1/outcomes", [json.loads(line) for line in due[start : start + BATCH]])
            if due:
                fresh = self._place.outcomes.with_suffix(".new")
                fresh.write_text("".join(line + "\n" for line in later))
                fresh.replace(self._place.outcomes)
        return len(due)

    def _post(self, path: str, items: list[dict[str, Any]]) -> None:
        answer = self._http.post(path, json=items)
        answer.raise_for_status()
        refused = [one for one in answer.json()["results"] if one["result"] == "rejected"]
        if refused:
            raise ValueError(f"the intake refused {len(refused)} of {len(items)}: {refused[0]['errors']}")

    def _now_and_then(self) -> None:
        number = 0
        while not self._stopping.wait(EVERY_SECONDS):
            number += 1
            try:
                self.send_lead(f"demo:new-{self._place.now():%Y%m%d%H%M%S}-{number}", self._chance.choice(self._reps))
                self.tell_outcomes()
            except (httpx.HTTPError, ValueError) as failure:
                log.warning("demo.crm_waits", error=type(failure).__name__)
