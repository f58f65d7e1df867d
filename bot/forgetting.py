"""Words that are taken out again: when somebody is to be forgotten, or when they have been kept long enough."""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from bot.aspects import nameless
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.groups import STAYS_A_MANAGER, mark
from bot.views.digest import without_quotes
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
    _unquote(session, forgetting.quotable(session, person=person), person)
    forgetting.empty_words(session, person)
    messages = forgetting.messages_of(session, row.slack_id)
    forgetting.drop_letters(session, person, row.slack_id, at.real)
    _delete(session, messages, f"forget:{person}", at)
    manages = person in {one.id for one in people.managers(session)}
    until = at.now if manages else row.managed_until
    lately = until is not None and until > at.now - STAYS_A_MANAGER
    forgetting.forget_person(session, person, at.now, mark(row.slack_id) if lately else None, until)
    return "Forgotten: all that was written, the name, email and Slack id. The app's messages there will be deleted."


@dataclass(frozen=True)
class Old:
    """What is older than it is kept: answers with words, numbers given in a sample, marks of managers."""

    answers: list[int]
    numbers: list[int]
    # People of whom it is no longer to be known that they managed.
    marks: list[int]


def old(session: Session, at: Moment) -> Old:
    """What is to be emptied now, some of it at a time."""
    mode = workspace.read(session)
    marks = list(people.old_marks(session, at.now - STAYS_A_MANAGER))
    if mode.retention_days is None:
        return Old([], [], marks)
    before = at.now - timedelta(days=mode.retention_days)
    answers = forgetting.old_words(session, before, A_TIME)
    return Old(answers, forgetting.old_numbers(session, before, mode.sample_id, A_TIME), marks)


def keep_no_longer(session: Session, what: Old, at: Moment) -> None:
    """Take the words out of these, and delete the messages that show them."""
    _delete(session, forgetting.messages_with(session, what.answers), "retention", at)
    forgetting.empty_unsent(session, what.answers, at.real)
    _unquote(session, forgetting.quotable(session, rows=what.answers))
    forgetting.empty_these(session, what.answers)
    forgetting.empty_numbers(session, what.numbers)
    for person in what.marks:
        people.change(session, person, managed_mark=None)


def _unquote(session: Session, said: list[tuple[str, str]], author: int | None = None) -> None:
    """Take sentences out of released blocks and of the digests in Home: in Slack they stand in no message.

    `said` are words with their lead's name as it is now; by `author` they are found whatever it was then. The others
    of a block go with them: were one gone alone, its readers would know whose it was, and when it was said.
    """
    gone, together = {nameless(words, name) for words, name in said}, set[str]()
    for block in forgetting.quoting_blocks(session):
        quotes = block.cells["quotes"]
        pairs = list(zip(quotes, block.cells.get("authors") or [None] * len(quotes), strict=True))
        if any(words in gone or (author is not None and whose == author) for words, whose in pairs):
            together |= set(quotes)
            forgetting.change_block(session, block.id, block.cells | {"quotes": [], "authors": []})
    gone |= together
    for digest in forgetting.all_digests(session) if gone else []:
        shown = {name: digest.figures[name] for name in ("blocks", "details") if digest.figures.get(name)}
        left_over = {name: without_quotes(blocks, gone) for name, blocks in shown.items()}
        if left_over != shown:
            forgetting.change_digest(session, digest.id, digest.figures | left_over)


def _delete(session: Session, letters: list[int], lane: str, at: Moment) -> None:
    for number in letters:
        outbox.delete(session, number, f"{lane}:{number}", at.real)
