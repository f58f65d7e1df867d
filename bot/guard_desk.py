"""The routing guard by command: what is hard, who is in the pool, what share it gets, and where hard leads went."""

from collections import Counter
from datetime import datetime, timedelta

from sqlmodel import Session

from bot import routing
from bot.domain.accounts import Ask, Done
from bot.domain.errors import OtherwiseError
from bot.domain.evidence import words as in_words
from bot.domain.groups import TEAM_NEEDED
from bot.domain.guard import POOL_NEEDED, Drawn, Effect, access_ratio, by_recommendation
from bot.domain.wording import foreign, listed, one_line, plural
from bot.roster import changed, postable, set_workspace
from storage import people, stats, workspace
from storage import routing as kept

WEEKS_SHOWN, GROUP_NEEDED, ASKED_NEEDED, RATIO_NEEDED = 12, 10, 10, 10


def set_hard(session: Session, ask: Ask) -> Done:
    """`hard`: for leads that come from now on; what is posted stays as it was."""
    before, number = workspace.read(session).hard_percent, ask.command.number
    change = set_workspace(session, hard_percent=number)
    if change is None:
        return Done(f"A lead is hard under {number} in 100 already. Nothing was changed.")
    return Done(
        f"A lead is hard under {number} in 100, or flagged (it was {before}). It counts for leads from now on.",
        (change,),
    )


def add_to_pool(session: Session, ask: Ask) -> Done:
    """`pool add`: by hand; no score of anybody is read."""
    row = people.by_slack_id(session, ask.first.slack_id)
    if row is None or not row.is_rep:
        raise OtherwiseError(f"{one_line(ask.first.name, 60)} is not a rep: `/otherwise rep add @user` first.")
    change = changed(session, row, {"in_pool": True})
    name = foreign(row.name, 60)
    if change is None:
        return Done(f"{name} is in the pool already. Nothing was changed.")
    return Done(f"{name} is in the pool now. {_standing(session)}", (change,))


def take_from_pool(session: Session, ask: Ask) -> Done:
    """`pool remove`."""
    row = people.by_slack_id(session, ask.first.slack_id)
    change = changed(session, row, {"in_pool": False}) if row is not None else None
    if row is None or change is None:
        raise OtherwiseError(f"{one_line(ask.first.name, 60)} is not in the pool. Nothing was changed.")
    return Done(f"{foreign(row.name, 60)} is out of the pool. {_standing(session)}", (change,))


def set_share(session: Session, ask: Ask) -> Done:
    """`pool share`."""
    before, number = workspace.read(session).pool_share, ask.command.number
    change = set_workspace(session, pool_share=number)
    if change is None:
        return Done(f"The pool's share is {number} in 100 already. Nothing was changed.")
    return Done(f"{number} in 100 of the hard leads that nobody owns go to the pool (it was {before}).", (change,))


def set_channel(session: Session, ask: Ask) -> Done:
    """`pool channel`: where the pool is offered a second look."""
    found = postable(ask.channel)
    change = set_workspace(session, pool_channel_id=found.id if found else None)
    if change is None:
        return Done("That is so already. Nothing was changed.")
    if found is None:
        return Done("Offers to the pool go to each member's direct message.", (change,))
    readers = plural(found.readers, "person", "people")
    return Done(f"Offers to the pool go to #{foreign(found.name, 80)}, where {readers} can read.", (change,))


def show_routing(session: Session, ask: Ask) -> Done:
    """`routing`: the last twelve weeks, over everybody and by team; counts of leads, nothing of any answer."""
    return Done("\n".join(report(session, ask.at.now)))


def report(session: Session, now: datetime) -> list[str]:
    """The same, a line each, for a manager too."""
    since, mode = now - timedelta(weeks=WEEKS_SHOWN), workspace.read(session)
    weeks = routing.weeks(session, since)
    lines = [f"{_standing(session)} Hard is under {mode.hard_percent} in 100, or flagged."]
    hard, reached = sum(one.hard for one in weeks), sum(one.hard_in_pool for one in weeks)
    total = sum(one.leads for one in weeks)
    if not total:
        lines.append("No lead was routed in the last 12 weeks: routing is kept from when there is a pool, or no owner.")
        return lines
    lines.append(
        f"Last {WEEKS_SHOWN} weeks: {hard:,} of {plural(total, 'lead')} were hard. {reached:,} of those reached "
        f"the pool (aim: {mode.pool_share} in 100 of those that nobody owned)."
    )
    ratio = access_ratio(weeks)
    if hard < RATIO_NEEDED:
        lines.append(f"Whether they reach it as often as other leads is said from {RATIO_NEEDED} hard leads on.")
    elif ratio is not None:
        lines.append(
            f"Hard leads reach it {ratio:.1f} times as often as all leads. Whether they reach it less often than "
            f"others: {in_words(routing.shut_out(session, now))}."
        )
    lines += _by_group(session, since)
    effect = by_recommendation([Drawn(*row) for row in kept.drawn(session, now)])
    if effect is not None:
        lines.append(_effect(effect))
    asked, answered, taken = kept.asked(session, since)
    if asked >= ASKED_NEEDED:
        lines.append(f"{asked} owners were asked about a second look; {answered} asked the pool, {taken} got one.")
    return lines


def _effect(found: Effect) -> str:
    sent, usual = round(100 * found.sent), round(100 * found.usual)
    difference, low, high = (round(100 * one) for one in (found.sent - found.usual, found.low, found.high))
    return (
        f"Past their day are {found.leads:,} hard leads that nobody owned and that chance could send to the pool. Sent "
        f"there, {sent} in 100 closed; given in turn, {usual}. The difference: {difference} ({low} to {high}; this "
        "range holds however often you look)."
    )


def _by_group(session: Session, since: datetime) -> list[str]:
    teams, sizes = {team.id: team.name for team in people.all_teams(session)}, stats.team_sizes(session)
    hard: Counter[int] = Counter()
    reached: Counter[int] = Counter()
    for row in kept.decided(session, since):
        hard[row.team_id] += int(row.hard)
        reached[row.team_id] += int(row.hard_in_pool)
    return [
        f"• {foreign(teams[team], 60)}: {reached[team]} of {many} hard leads are with the pool."
        for team, many in sorted(hard.items(), key=lambda pair: teams.get(pair[0], ""))
        if team in teams and many >= GROUP_NEEDED and sizes.get(team, 0) >= TEAM_NEEDED
    ]


def _standing(session: Session) -> str:
    rows = kept.pool(session)
    names = [foreign(row.name, 40) for row in rows]
    if len(names) < POOL_NEEDED:
        lack = (
            f"{POOL_NEEDED - len(names)} more {'is' if POOL_NEEDED - len(names) == 1 else 'are'} needed before it works"
        )
        return f"In the pool: {listed(names) or 'nobody yet'}; {lack}."
    # An admin's pause is told; who has muted Otherwise is hers to know.
    paused = sum(row.paused for row in rows)
    if not paused:
        return f"In the pool: {listed(names)}."
    who = "All of them are" if paused == len(rows) else f"{paused} of them {'is' if paused == 1 else 'are'}"
    return f"In the pool: {listed(names)}. {who} paused, so that no leads go to them."
