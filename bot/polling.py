"""CRMs are read: a page over the network, then its rows and the place behind it in one commit, until all is read."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Row

from bot import crm
from bot.connectors.contract import Connector, Forbidden, Later, NoSuchUser, Refused
from bot.deps import Deps
from bot.domain.crm import OWNERS_TOLD
from bot.domain.errors import OtherwiseError, SettingsError
from bot.lead import Lead
from bot.log import frames
from bot.rounds import Rounds
from bot.settings import read_secret
from storage import connections

log = structlog.get_logger()
# A first reading may take long; the others have their turn meanwhile.
TURN = 30.0
# How long after a refusal it is tried again: whoever mends it should not have to restart anything.
REFUSED = timedelta(minutes=5)
OWNERS = 20


class Poller:
    """Reads what is connected. It keeps a connector open for as long as it is connected the same way."""

    def __init__(self, deps: Deps, lead: Lead, share: Callable[[str], object] | None = None) -> None:
        """`share` hands a CRM's turn to whichever replica is free."""
        self._deps, self._share = deps, share
        self._open: dict[str, tuple[Any, Connector]] = {}
        # Reps whom a CRM does not know as its users, and leads of which it did not take the owner.
        self._unknown: dict[str, set[str]] = {}
        self._not_taken: dict[str, set[int]] = {}
        # A CRM may take its time, so that this is not the heartbeat's.
        end = self.close if share is None else lambda: None
        self.rounds = Rounds("crm", deps.settings.otherwise_poll, lead, self.poll, end)
        self._stopping = self.rounds.stopping

    def close(self) -> None:
        """Let go of connections."""
        for _, one in self._open.values():
            one.close()
        self._open.clear()

    def poll(self) -> bool:
        """Read every CRM that may be asked now, one after another; whether one of them has more at once.

        Raises OtherwiseError when nothing can be stored.
        """
        with self._deps.db.reading() as session:
            due = connections.due(session, datetime.now(UTC))
        turn = self.turn if self._share is None else self._share
        more = [turn(name) for name in due if not self._stopping.is_set()]
        return any(more)

    def turn(self, name: str) -> bool:
        """Read one for its turn; whether there is more at once."""
        try:
            ended = self._read(name)
            if ended:
                self._write_owners(name)
            read = {"read_at": datetime.now(UTC)} if ended else {}
            self._note(name, not_before=None, trouble="", refused=False, **read)
            self._deps.metrics.job(f"crm:{name}", good=True)
            return not ended
        except Later as failure:
            self._wait(name, failure, timedelta(seconds=failure.seconds), refused=False)
        except (Refused, SettingsError) as failure:
            self._wait(name, failure, REFUSED, refused=True)
        except OtherwiseError:
            raise  # ours to wait for, not the CRM's
        except Exception as failure:  # noqa: BLE001  # a CRM that answers nonsense must not stop the others
            log.error("crm.failed", crm=name, trace=frames(failure))
            sentence = "Its answer could not be read; the log says where. Reading goes on by itself once it can."
            self._wait(name, Refused(sentence), REFUSED, refused=True)
        return False

    def _read(self, name: str) -> bool:
        """Page by page until there is nothing more just now, or the turn is over; whether there is nothing more."""
        end = time.monotonic() + TURN
        while not self._stopping.is_set() and time.monotonic() < end:
            with self._deps.db.reading() as session:
                row = connections.by_name(session, name)
            if row is None:
                return True
            page = self._connector(row).page(row.cursor)
            at = self._deps.clock.moment()
            with self._deps.db.reading() as session:
                records = self._deps.records.look(session, crm.record_keys(page, crm.reading_of(row), at), at.now)
            take = partial(crm.take_page, row=row, records=records, draw=self._deps.draw, at=at)
            for part in crm.parts_of(page, row.cursor):
                taken = self._deps.db.write(partial(take, page=part), key=f"crm:{name}", timeout=30.0)
                if taken is None:
                    break  # its place is another by now
                for record, reasons in taken.refused:
                    log.warning("crm.record_refused", crm=name, record=record, reasons=reasons)
            else:
                if not page.more:
                    return True
        return False

    def _write_owners(self, name: str) -> None:
        """Tell the CRM who has the leads that it gave to nobody, where an admin has switched that on."""
        with self._deps.db.reading() as session:
            row = connections.by_name(session, name)
            if row is None or not row.writes_owners:
                return
            since = self._deps.clock.now() - OWNERS_TOLD
            unknown, not_taken = self._unknown.setdefault(name, set()), self._not_taken.setdefault(name, set())
            todo = connections.owners_to_write(session, name, since, OWNERS, unknown, not_taken)
        for lead in todo:
            if self._stopping.is_set():
                return
            try:
                record = lead.lead_id.partition(":")[2]
                done = self._connector(row).set_owner(record, lead.owner_email, lead.email)
            except NoSuchUser:
                # Her next lead would be refused too; until this process is started again it does not ask.
                unknown.add(lead.email)
                log.warning("crm.owner_unknown", crm=name, lead=lead.id)
                continue
            except Forbidden:
                raise  # it is the same for every lead, and somebody has to mend it
            except Refused as failure:
                not_taken.add(lead.id)
                log.warning("crm.owner_refused", crm=name, lead=lead.id, reason=str(failure))
                continue
            if not done:
                not_taken.add(lead.id)  # somebody there was quicker; the record says so itself
            else:
                work = partial(crm.owner_was_written, lead=lead.id, email=lead.email)
                self._deps.db.write(work, key=f"crm:{name}")
                log.info("crm.owner_written", crm=name, lead=lead.id)

    def _connector(self, row: Row[Any]) -> Connector:
        known = self._open.get(row.name)
        if known is not None and known[0] == (row.id, row.config):
            return known[1]
        if known is not None:
            known[1].close()
            del self._open[row.name]
        from bot.connectors.registry import kind_of  # brings the HTTP client; most bots have no CRM

        made = kind_of(row.name).make(row.config, read_secret)
        self._open[row.name] = ((row.id, row.config), made)
        return made

    def _wait(self, name: str, failure: OtherwiseError, wait: timedelta, *, refused: bool) -> None:
        log.warning("crm.waits", crm=name, error=type(failure).__name__, seconds=wait.total_seconds())
        self._deps.metrics.job(f"crm:{name}", good=False)
        self._note(name, trouble=str(failure), refused=refused, not_before=datetime.now(UTC) + wait)
        if refused and name in self._open:
            # Whoever mends a secret in .env should not have to restart the bot.
            self._open.pop(name)[1].close()

    def _note(self, name: str, **values: Any) -> None:
        try:
            self._deps.db.write(lambda s: connections.change(s, name, **values), key=f"crm:{name}")
        except OtherwiseError as failure:
            log.warning("crm.note_lost", crm=name, error=type(failure).__name__)
