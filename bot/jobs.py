"""Scheduled work: digests queued, leads given, reps told and asked, the model's owners told, old words emptied."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from sqlmodel import Session

from bot import (
    digests,
    forgetting,
    fridays,
    later,
    owners,
    pledges,
    sample_desk,
    sampling,
    slack_people,
    stand_ins,
    waiting,
)
from bot.authority import in_charge
from bot.deps import Deps
from bot.domain.clock import Moment
from bot.domain.errors import Busy, CommitUnknown, OtherwiseError, StorageUnavailable
from bot.domain.rules import LETTERS_KEEP, WAITS_FOR_OWNER
from bot.domain.schedule import Due
from bot.log import frames
from storage import audit, outbox, people
from storage import waiting as kept_waiting

log = structlog.get_logger()
LATELY = timedelta(days=365)


class NotForAll(Exception):
    """Work that was done for some and failed for others, whom it names by number; each was logged."""


def queue_digests(deps: Deps) -> None:
    """Queue every digest that is due and not yet queued; safe when called twice or late."""
    _quietly(deps, "digests", lambda: _queue_digests(deps))


def _queue_digests(deps: Deps) -> None:
    at = deps.clock.moment()
    with deps.db.reading() as session:
        due = digests.due_managers(session, at.now)
    _one_by_one([(f"manager {manager}", partial(_queue_digest, deps, manager, when, at)) for manager, when in due])


def _queue_digest(deps: Deps, manager: int, when: Due, at: Moment) -> None:
    if not _pledged(deps, manager, at):
        return
    with deps.db.reading() as session:
        draft = digests.draft(session, manager, when, at)
    if deps.db.write(partial(digests.queue_digest, ready=draft, at=at), key=f"digest:{manager}"):
        log.info("digest.queued", manager=manager, week=when.week, late=draft.late)


def _one_by_one(works: Iterable[tuple[str, Callable[[], object]]]) -> None:
    """Do them all; what fails for one person keeps nothing from the others.

    Raises at once what concerns all, when the database is away or busy, and NotForAll at the end.
    """
    failed = []
    for whose, work in works:
        try:
            work()
        except (StorageUnavailable, CommitUnknown, Busy):
            raise
        except Exception as failure:  # noqa: BLE001  # whatever it was, it is hers alone; told of below
            log.error("job.failed_for", whose=whose, trace=frames(failure))
            failed.append(whose)
    if failed:
        raise NotForAll(", ".join(failed))


def _pledged(deps: Deps, manager: int, at: Moment) -> bool:
    """Whether the manager has pledged; if not she is asked, once."""
    with deps.db.reading() as session:
        person = people.by_id(session, manager)
    if person.pledged_at is None:
        deps.db.write(lambda s: pledges.ask(s, manager, person.slack_id, at), key=f"digest:{manager}")
    return person.pledged_at is not None


def assign_unowned(deps: Deps) -> None:
    """Give leads that nobody owns, and for whom nobody was there, to those who are there now."""
    _quietly(deps, "assign", lambda: _assign(deps))


def _assign(deps: Deps) -> None:
    at = deps.clock.moment()
    with deps.db.reading() as session:
        any_waiting = bool(kept_waiting.unowned(session, at.now - WAITS_FOR_OWNER))
    if any_waiting:
        given = deps.db.write(lambda s: waiting.assign_unowned(s, deps.draw, at), key="assign")
        if given:
            log.info("leads.assigned", many=given)


def look_after_reps(deps: Deps) -> None:
    """Tell reps of leads that wait for them, ask on Fridays, and end what was to end."""
    _quietly(deps, "later", lambda: _each(deps, later.to_announce, later.announce))
    _quietly(deps, "fridays", lambda: _each(deps, fridays.to_ask, fridays.ask))
    _quietly(deps, "stand-ins", lambda: _end_stand_ins(deps))


def look_after_sample(deps: Deps) -> None:
    """Show numbers that a sample has hidden for ten minutes; tell reps of it, and end it when it is full."""
    _quietly(deps, "sample", lambda: _look_after_sample(deps))


def _look_after_sample(deps: Deps) -> None:
    at = deps.clock.moment()
    with deps.db.reading() as session:
        late = sampling.any_late(session, at)
        to_tell, found = sample_desk.to_tell(session), sample_desk.found(session, at)
    if late:
        deps.db.write(lambda s: sampling.reveal_late(s, at), key="sample")
    if to_tell:
        deps.db.write(lambda s: sample_desk.tell_reps(s, at), key="admin")
    if found is not None:
        sample, result = found
        deps.db.write(lambda s: sample_desk.finish(s, sample, result, at), key="admin")


def _each(
    deps: Deps, find: Callable[[Session, Moment], list[int]], work: Callable[[Session, int, Moment], bool]
) -> None:
    at = deps.clock.moment()
    with deps.db.reading() as session:
        found = find(session, at)
    _one_by_one(
        (f"rep {rep}", partial(deps.db.write, partial(_work_on, work=work, rep=rep, at=at), key=f"rep:{rep}"))
        for rep in found
    )


def _work_on(session: Session, work: Callable[[Session, int, Moment], bool], rep: int, at: Moment) -> bool:
    return work(session, rep, at)


def _end_stand_ins(deps: Deps) -> None:
    at = deps.clock.moment()
    with deps.db.reading() as session:
        over = people.stand_ins_over(session, at.now)
    if over:
        deps.db.write(lambda s: stand_ins.end_over(s, at), key="admin")


def give_back(deps: Deps) -> None:
    """Tell the model's owners of data problems and of the month."""
    _quietly(deps, "problems", lambda: _give_back(deps))


def _give_back(deps: Deps) -> None:
    at = deps.clock.moment()
    with deps.db.reading() as session:
        problems, due = owners.problems(session, at), owners.to_note(session, at)
        payload = owners.month(session, at) if due else {}
    if problems:
        deps.db.write(lambda s: owners.tell_problems(s, at), key="owners")
    if due:
        deps.db.write(lambda s: owners.note(s, payload, due, at), key="owners")


def look_for_drift(deps: Deps) -> None:
    """Ring where the tool's numbers and outcomes have parted company."""
    _quietly(deps, "drift", lambda: _look_for_drift(deps))


def _look_for_drift(deps: Deps) -> None:
    at = deps.clock.moment()
    with deps.db.reading() as session:
        found = owners.drifting(session, at)
    admins = _in_charge(deps, at) if found else []
    for one in found:
        deps.db.write(partial(owners.ring, alarm=one, admins=admins, at=at), key="owners")
        log.warning("drift.rings", model_line=one["model_line"], leads=one["leads"])


def _in_charge(deps: Deps, at: Moment) -> list[str]:
    """Who runs Otherwise; of Slack's own admins, whom it lists only among everybody, those who have typed here."""
    with deps.db.reading() as session:
        sure = {row.slack_id for row in people.admins(session)} | set(deps.settings.otherwise_admins)
        typed = set(audit.actors(session, at.now - LATELY)) - sure
    for one in sorted(typed):
        try:
            who = slack_people.account(deps.slack, one)
        except slack_people.SlackSilent:
            raise
        except OtherwiseError:
            continue  # nobody by that id is there any more
        with deps.db.reading() as session:
            sure |= {one} if in_charge(session, who, deps.settings) else set()
    return sorted(sure)


def tidy(deps: Deps) -> None:
    """Empty letters that were sent more than a week ago, and answers that were kept long enough."""
    before = datetime.now(UTC) - LETTERS_KEEP
    _quietly(deps, "tidy", lambda: _empty_old(deps, before))
    _quietly(deps, "retention", lambda: _keep_no_longer(deps))


def _empty_old(deps: Deps, before: datetime) -> None:
    with deps.db.reading() as session:
        letters = outbox.old(session, before)
    if letters:
        deps.db.write(lambda s: outbox.empty(s, letters), key="outbox")


def _keep_no_longer(deps: Deps) -> None:
    at = deps.clock.moment()
    with deps.db.reading() as session:
        old = forgetting.old(session, at)
    if old.answers or old.numbers or old.marks:
        deps.db.write(lambda s: forgetting.keep_no_longer(s, old, at), key="tidy")


def _quietly(deps: Deps, name: str, work: Callable[[], object]) -> None:
    try:
        work()
        deps.metrics.job(name, good=True)
    except OtherwiseError as failure:
        deps.metrics.job(name, good=False)
        log.warning("job.waits", job=name, error=type(failure).__name__)
    except NotForAll:
        deps.metrics.job(name, good=False)
    except Exception as failure:  # noqa: BLE001  # the next heartbeat tries again
        deps.metrics.job(name, good=False)
        log.error("job.failed", job=name, trace=frames(failure))
