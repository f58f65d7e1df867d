"""Words that are taken out again: when somebody is to be forgotten, or when they have been kept long enough."""

from datetime import timedelta

from sqlmodel import Session

from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from storage import forgetting, outbox, people, responses, sampling, workspace

A_TIME = 500


def about_to_forget(session: Session, slack_id: str) -> tuple[int, str, int]:
    """Whom, and how much is kept of her, which is for her alone. Raises OtherwiseError for nobody."""
    row = people.by_slack_id(session, slack_id)
    if row is None:
        raise OtherwiseError("Nothing is kept about this person.")
    return row.id, row.name, responses.count_of(session, row.id) + sampling.of_person(session, row.id)


def forget(session: Session, person: int, at: Moment) -> str:
    """Take somebody's words, cues, numbers, quotes, name, email and Slack id out of every row and unsent letter,
    and have her messages deleted. Counts that were released stay, as they name nobody. What was done, in a sentence.
    """
    row = people.maybe(session, person)
    if row is None or row.forgotten_at is not None:
        raise OtherwiseError("This person was forgotten already.")
    forgetting.empty_words(session, person)
    messages = forgetting.messages_of(session, row.slack_id)
    forgetting.drop_letters(session, person, row.slack_id, at.real)
    _delete(session, messages, f"forget:{person}", at)
    forgetting.forget_person(session, person, at.now)
    return "Forgotten: all that was written, the name, email and Slack id. The app's messages there will be deleted."


def keep_no_longer(session: Session, at: Moment) -> int:
    """Take out words that are older than the workspace keeps them; how many answers."""
    mode = workspace.read(session)
    days = mode.retention_days
    if days is None:
        return 0
    forgetting.empty_numbers(session, at.now - timedelta(days=days), mode.sample_id)
    old = forgetting.old_words(session, at.now - timedelta(days=days), A_TIME)
    if old:
        _delete(session, forgetting.messages_with(session, old), "retention", at)
        forgetting.empty_these(session, old)
    return len(old)


def _delete(session: Session, letters: list[int], lane: str, at: Moment) -> None:
    rows = [
        {
            "kind": "delete",
            "lane": f"{lane}:{number}",
            "payload": {},
            "target_id": number,
            "dedupe_key": f"delete:{number}",
        }
        for number in letters
    ]
    for row in rows:
        outbox.add_once(session, row, at.real)
