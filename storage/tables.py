"""All tables. Rows are the field's nouns; history is append-only, and what is asked often stands on the lead as well.

Times are UTC and end in `_at`; Slack's ids end in `_id` and are text, ours are numbers.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Index, Table, UniqueConstraint, text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class UtcDateTime(TypeDecorator[datetime]):
    """A moment with its zone: refused without one on the way in, UTC on the way out, on SQLite too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone was about to be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def table(model: type[SQLModel]) -> Table:
    """The Core table behind a model, for statements on the bulk paths."""
    found: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel sets it at class creation
    return found


def _moment(**more: Any) -> Any:
    return Field(sa_type=UtcDateTime, **more)


class Team(SQLModel, table=True):
    """A group of reps; its manager gets the digest."""

    id: int = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    parent_id: int | None = Field(default=None, foreign_key="team.id")
    manager_id: int | None = Field(default=None, index=True)


class Person(SQLModel, table=True):
    """Somebody in the workspace whom Otherwise knows: a rep, a manager, or both."""

    id: int = Field(default=None, primary_key=True)
    slack_id: str = Field(unique=True)
    email: str | None = Field(default=None, unique=True)
    name: str
    zone: str = "UTC"
    team_id: int | None = Field(default=None, foreign_key="team.id", index=True)
    is_rep: bool = False
    # Where her suggestions go: a channel that others read too, or none for her own DM.
    channel_id: str | None = None
    number_at_once: bool = True
    paused: bool = False
    # What she has switched off for herself: all messages, the Friday question, questions about a second look.
    muted: bool = False
    asks_outcomes: bool = True
    asks_second_look: bool = True
    # Whether she takes part in a blind-first sample, of which one she was told, and when.
    in_sample: bool = True
    sample_told: int = 0
    sample_told_at: datetime | None = _moment(default=None)
    # Who answers in her place, and until when.
    stand_in_id: int | None = None
    stand_in_until: datetime | None = _moment(default=None)
    forgotten_at: datetime | None = _moment(default=None)
    welcomed: bool = False
    # The newest lead beyond the budget or from quiet hours of which she has been told.
    later_told: int = 0
    pledged_at: datetime | None = _moment(default=None)
    # When she last ceased to manage a team.
    managed_until: datetime | None = _moment(default=None)
    # Of somebody who managed lately and was forgotten: a salted hash of the Slack id, until that is long ago.
    managed_mark: str | None = None
    digest_weekday: int = 0
    digest_minute: int = 9 * 60
    digest_zone: str | None = None
    # Only the first of a month, while there are no results.
    digest_monthly: bool = False
    # A schedule that applies from a later week on: weekday, minute, zone, from (ISO, UTC).
    digest_next: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    # One of those who get the reserved share of hard leads, named by hand.
    in_pool: bool = False
    # Gets data problems, drift and a note a month; never a manager's, as a data problem is an answer.
    is_model_owner: bool = False
    # Whether an admin let her run the commands; Slack's own admins and owners may in any case.
    is_admin: bool = False
    added_at: datetime = _moment()


class Lead(SQLModel, table=True):
    """A lead, with what stands now about it; the history is in the other tables."""

    __table_args__ = (
        # The tool's record on a suggestion: the newest matured leads of a model line, by band and over all bands.
        Index(
            "lead_record",
            "model_line",
            "horizon_days",
            "band",
            "matures_at",
            "posted_at",
            "outcome",
            "outcome_at",
            "data_problem",
            postgresql_where=text("posted_at IS NOT NULL"),
            sqlite_where=text("posted_at IS NOT NULL"),
        ),
        Index(
            "lead_waiting",
            "owner_email",
            postgresql_where=text("waiting <> ''"),
            sqlite_where=text("waiting <> ''"),
        ),
        Index("lead_unreleased", "rep_id", "matures_at", "release_id"),
        Index(
            "lead_merged",
            "merged_into",
            postgresql_where=text("merged_into <> ''"),
            sqlite_where=text("merged_into <> ''"),
        ),
        Index("lead_matured", "matures_at", "id"),
        Index(
            "lead_problem",
            "id",
            postgresql_where=text("data_problem AND problem_told_at IS NULL"),
            sqlite_where=text("data_problem AND problem_told_at IS NULL"),
        ),
        Index(
            "lead_corrected",
            "rep_id",
            postgresql_where=text("corrected"),
            sqlite_where=text("corrected"),
        ),
        Index(
            "lead_problem_told",
            "problem_told_at",
            postgresql_where=text("problem_told_at IS NOT NULL"),
            sqlite_where=text("problem_told_at IS NOT NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    lead_id: str = Field(unique=True)
    name: str
    url: str | None = None
    facts: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    dropped_facts: list[str] = Field(default_factory=list, sa_type=JSON)
    flagged_hard: bool = False
    hard: bool = False
    owner_email: str | None = None
    owner_slack_id: str | None = None
    rep_id: int | None = Field(default=None, foreign_key="person.id")
    waiting: str = ""
    # Whether anybody was ever asked about it: history without responses belongs to the tool's record alone.
    asked: bool = True
    history: bool = False
    # A test or rehearsal: it looks like any other and is in no figure, since it never matures.
    trial: bool = False
    # What was said this long after posting is what figures use; fixed when the lead comes in.
    landmark_hours: int = 72
    made_up: bool = False
    received_at: datetime = _moment()
    # The prior that was posted, by which it counts and when: one that came later is on no figure that others read,
    # as it would be there only where she answered after it.
    probability: float | None = None
    points: float | None = None
    band: int
    model_line: str
    horizon_days: int
    posted_at: datetime | None = _moment(default=None)
    matures_at: datetime | None = _moment(default=None)
    # What stands now; `landmark_direction` is the response in force at the landmark.
    response_kind: str = ""
    landmark_direction: str = ""
    # Whose that is, where somebody answered; and the chance on screen at the first answer, where it was another.
    author_id: int | None = None
    seen_probability: float | None = None
    data_problem: bool = False
    outcome: str = ""
    outcome_at: datetime | None = _moment(default=None)
    release_id: int | None = None
    # Whether a digest has tried to release it: it is tried again only together with a mixed batch of newer ones.
    considered: bool = False
    # In which cell of its set it was told of, or why in none, and whether as won. Whether its outcome has changed
    # since, which joins a later set; and, where it has joined one, whether as won.
    told_place: str | None = None
    told_won: bool | None = None
    corrected: bool = False
    corrected_won: bool | None = None
    problem_told_at: datetime | None = _moment(default=None)
    # The lead_id of the record that the CRM merged this one into: what becomes of that becomes of this.
    merged_into: str = ""


class Prior(SQLModel, table=True):
    """The tool's close probability (or points) for a lead at a moment; never edited."""

    __table_args__ = (UniqueConstraint("lead_id", "scored_at", name="prior_once"),)

    id: int = Field(default=None, primary_key=True)
    lead_id: int = Field(foreign_key="lead.id")
    probability: float | None = None
    points: float | None = None
    horizon_days: int
    model: str
    model_line: str
    model_version: str | None = None
    reference_class: str | None = None
    scored_at: datetime = _moment()
    reasons: list[dict[str, str]] = Field(default_factory=list, sa_type=JSON)
    not_seen: list[str] = Field(default_factory=list, sa_type=JSON)
    received_at: datetime = _moment()


class Suggestion(SQLModel, table=True):
    """One posted message for a lead. A lead that is passed on gets another."""

    __table_args__ = (Index("suggestion_of_day", "rep_id", "created_at"),)

    id: int = Field(default=None, primary_key=True)
    lead_id: int = Field(foreign_key="lead.id", index=True)
    # Whom it was posted to: the lead's rep or her stand-in.
    rep_id: int = Field(foreign_key="person.id")
    letter_id: int = Field(foreign_key="letter.id", index=True)
    # The prior on screen; a re-score before the response moves it.
    prior_id: int = Field(foreign_key="prior.id")
    # What the record said when it was posted, so that an edit of the message does not change it.
    record: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    shared: bool = False
    number_visible: bool = True
    # Where others read: that she asked for the number and saw it alone. The message itself goes on hiding it.
    revealed: bool = False
    # Her lead's arm in a blind-first sample, while this message stands for it.
    arm: str = ""
    passed_on_at: datetime | None = _moment(default=None)
    created_at: datetime = _moment()


class Response(SQLModel, table=True):
    """What the rep said, as she said it; changes, details and withdrawals are further rows."""

    id: int = Field(default=None, primary_key=True)
    lead_id: int = Field(foreign_key="lead.id", index=True)
    prior_id: int | None = Field(default=None, foreign_key="prior.id")
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    kind: str
    direction: str = ""
    reason: str | None = None
    estimate: float | None = None
    cues: list[str] = Field(default_factory=list, sa_type=JSON)
    quote: bool = False
    number_visible: bool = True
    wording: str = ""
    late: bool = False
    dedupe_key: str = Field(unique=True)
    made_up: bool = False
    at: datetime = _moment()


class Sample(SQLModel, table=True):
    """A blind-first sample (STATISTICS §3): how many numbers it waits for, and what it found when it had them."""

    id: int = Field(default=None, primary_key=True)
    planned: int
    began_at: datetime = _moment()
    ended_at: datetime | None = _moment(default=None)
    # Told once, at its end, and never again computed.
    result: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    made_up: bool = False


class Sampled(SQLModel, table=True):
    """A lead that was drawn for the sample: its arm, how it was drawn, and her number if she gave one."""

    __table_args__ = (
        Index(
            "sampled_hidden",
            "lead_id",
            postgresql_where=text("arm = 'blind_first' AND revealed_at IS NULL"),
            sqlite_where=text("arm = 'blind_first' AND revealed_at IS NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    sample_id: int = Field(foreign_key="sample.id", index=True)
    lead_id: int = Field(foreign_key="lead.id", unique=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    arm: str
    propensity: float
    key_id: str
    # The tool's number on screen when she gave hers; before that, when it was posted.
    prior_id: int = Field(foreign_key="prior.id")
    estimate: float | None = None
    answered_at: datetime | None = _moment(default=None)
    # When the tool's number was shown, and by what: her number, a skip, or ten minutes.
    revealed_at: datetime | None = _moment(default=None)
    revealed_by: str = ""
    at: datetime = _moment()


class Outcome(SQLModel, table=True):
    """What became of a lead, each time we were told."""

    id: int = Field(default=None, primary_key=True)
    lead_id: int = Field(foreign_key="lead.id", index=True)
    outcome: str
    at: datetime = _moment()
    amount: float | None = None
    source: str
    # Told by mistake and taken back: it is kept, and counts no more.
    undone_at: datetime | None = _moment(default=None)
    dedupe_key: str = Field(unique=True)
    made_up: bool = False
    received_at: datetime = _moment(index=True)


class Friday(SQLModel, table=True):
    """A rep was asked on a Friday what became of her leads: once, and reminded once."""

    __table_args__ = (UniqueConstraint("person_id", "day", name="friday_once"),)

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id")
    day: str
    leads: list[int] = Field(default_factory=list, sa_type=JSON)
    letter_id: int = Field(foreign_key="letter.id")
    reminds: bool = False
    answered_at: datetime | None = _moment(default=None)
    at: datetime = _moment()


class WordsRead(SQLModel, table=True):
    """Somebody other than their author has read words, and how: the author sees it in her Home."""

    __tablename__ = "words_read"

    id: int = Field(default=None, primary_key=True)
    person_id: int = Field(foreign_key="person.id", index=True)
    reader: str
    how: str
    many: int
    at: datetime = _moment()


class Letter(SQLModel, table=True):
    """The outbox: one thing to be said in Slack, finished when it is queued; or the places between which the export's
    lines go to a webhook's receiver, put together when they are sent.
    """

    __table_args__ = (
        Index(
            "letter_due",
            "lane",
            "id",
            postgresql_where=text("state IN ('pending', 'sending', 'uncertain')"),
            sqlite_where=text("state IN ('pending', 'sending', 'uncertain')"),
        ),
        Index(
            "letter_edits",
            "target_id",
            postgresql_where=text("kind = 'update' AND state = 'pending'"),
            sqlite_where=text("kind = 'update' AND state = 'pending'"),
        ),
        Index(
            "letter_dead",
            "id",
            postgresql_where=text("state = 'dead'"),
            sqlite_where=text("state = 'dead'"),
        ),
        # Those whose words are still to be taken out, and the newest that Slack took.
        Index(
            "letter_sent",
            "sent_at",
            postgresql_where=text("state = 'sent' AND error IS NULL"),
            sqlite_where=text("state = 'sent' AND error IS NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    kind: str  # post, report, thread, update, delete, private, picture or webhook
    # Order and pace are kept per lane: a channel's id, or a person's for her DM.
    lane: str
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    target_id: int | None = Field(default=None, foreign_key="letter.id")
    lead_id: int | None = Field(default=None, foreign_key="lead.id", index=True)
    dedupe_key: str = Field(unique=True)
    state: str = "pending"
    attempt: int = 0
    lost: int = 0
    claim: str | None = None
    lease_until: datetime | None = _moment(default=None)
    # When it was last begun, by the database's clock; where replicas share the work.
    begun_at: datetime | None = _moment(default=None)
    next_at: datetime = _moment()
    created_at: datetime = _moment()
    sent_at: datetime | None = _moment(default=None)
    channel_id: str | None = None
    ts: str | None = None
    error: str | None = None
    fix: str | None = None


class DirectChannel(SQLModel, table=True):
    """The DM channel of the app with a person, as Slack told it once."""

    __tablename__ = "direct_channel"

    slack_id: str = Field(primary_key=True)
    channel_id: str


class ApiKey(SQLModel, table=True):
    """A named key to the HTTP intake; only its hash is kept."""

    __tablename__ = "api_key"

    id: int = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    prefix: str = Field(unique=True)
    hash: str
    scopes: list[str] = Field(default_factory=list, sa_type=JSON)
    created_at: datetime = _moment()
    revoked_at: datetime | None = _moment(default=None)


class Digest(SQLModel, table=True):
    """One weekly digest: the key is the manager and the ISO week of the due local date."""

    __table_args__ = (UniqueConstraint("manager_id", "week", name="digest_once"),)

    id: int = Field(default=None, primary_key=True)
    manager_id: int = Field(foreign_key="person.id")
    week: str
    due_at: datetime = _moment()
    queued_at: datetime = _moment()
    headline: str
    figures: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    letter_id: int | None = Field(default=None, foreign_key="letter.id")
    made_up: bool = False


class Release(SQLModel, table=True):
    """A whole set of matured leads whose figures were published together, and the figures, frozen."""

    id: int = Field(default=None, primary_key=True)
    manager_id: int = Field(foreign_key="person.id", index=True)
    cells: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    # How many leads were settled within the landmark and left out of the cells.
    settled_early: int = 0
    data_problems: int = 0
    horizon_days: int
    made_up: bool = False
    released_at: datetime = _moment()


class ReleaseTeam(SQLModel, table=True):
    """Which teams a released set is about; their managers, and those above them, read its figures."""

    __tablename__ = "release_team"

    release_id: int = Field(foreign_key="release.id", primary_key=True)
    team_id: int = Field(foreign_key="team.id", primary_key=True)


class Decision(SQLModel, table=True):
    """To whom a lead was given, and what would have been: one row a lead, from when there is a pool or no owner."""

    id: int = Field(default=None, primary_key=True)
    lead_id: int = Field(foreign_key="lead.id", unique=True)
    # turn, reserve or owner.
    by: str
    hard: bool
    # How many could have had it, and which key decided.
    context: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    # Who would have it by the score alone, who should, and who has it.
    usual_id: int = Field(foreign_key="person.id")
    recommended_id: int = Field(foreign_key="person.id")
    actual_id: int = Field(foreign_key="person.id")
    propensity: float
    in_pool: bool
    made_up: bool = False
    at: datetime = _moment(index=True)


class SecondLook(SQLModel, table=True):
    """A hard lead's owner was asked whether the pool should look too, and what came of it."""

    __tablename__ = "second_look"

    id: int = Field(default=None, primary_key=True)
    lead_id: int = Field(foreign_key="lead.id", unique=True)
    owner_id: int = Field(foreign_key="person.id")
    propensity: float
    question_id: int = Field(foreign_key="letter.id")
    # "" until she presses, then keep or ask.
    answer: str = ""
    offers: list[int] = Field(default_factory=list, sa_type=JSON)
    taken_by_id: int | None = Field(default=None, foreign_key="person.id")
    taken_at: datetime | None = _moment(default=None)
    made_up: bool = False
    at: datetime = _moment()


class Block(SQLModel, table=True):
    """Released sets told of together in one respect (hard, cues, numbers, quotes), and the figures, frozen."""

    id: int = Field(default=None, primary_key=True)
    kind: str
    horizon_days: int
    cells: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    made_up: bool = False
    released_at: datetime = _moment()


class BlockRelease(SQLModel, table=True):
    """Which sets a block holds; no two blocks of a kind share one."""

    __tablename__ = "block_release"
    __table_args__ = (UniqueConstraint("kind", "release_id", name="block_once"),)

    block_id: int = Field(foreign_key="block.id", primary_key=True)
    release_id: int = Field(foreign_key="release.id", primary_key=True)
    kind: str


class Alarm(SQLModel, table=True):
    """The drift alarm has rung for a model line; it counts anew from here."""

    id: int = Field(default=None, primary_key=True)
    model_line: str = Field(index=True)
    horizon_days: int
    e: float
    leads: int
    made_up: bool = False
    at: datetime = _moment()


class Evidence(SQLModel, table=True):
    """What a closed cohort's released leads add to the evidence about overrides: a curve, without leads or reps."""

    __table_args__ = (UniqueConstraint("manager_id", "horizon_days", "cohort"),)

    id: int = Field(default=None, primary_key=True)
    manager_id: int = Field(foreign_key="person.id")
    horizon_days: int
    # Four weeks of posting, counted from Monday 5 January 1970.
    cohort: int
    leads: int
    # The tool's line as recalibrated on earlier cohorts: log odds = level + slope · its own.
    level: float
    slope: float
    # Σ ℓ(β) − ℓ(0) on the odds grid, as base64 of little-endian doubles.
    gain: str
    # The same for leads called by naming one cue, beside leads nobody called.
    cues: dict[str, str] = Field(default_factory=dict, sa_type=JSON)
    made_up: bool = False
    closed_at: datetime = _moment()


class Workspace(SQLModel, table=True):
    """What admins set for everybody: one row."""

    id: int = Field(default=None, primary_key=True)
    landmark_hours: int = 72
    paused: bool = False
    # How large a group must be before a digest tells of it; a change that lies ahead: leads, reps, from (ISO, UTC).
    privacy_leads: int = 10
    privacy_reps: int = 5
    privacy_next: dict[str, Any] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    # Suggestions a rep a day; quiet hours as minutes after midnight in each rep's zone.
    budget: int = 40
    quiet_from: int | None = None
    quiet_to: int | None = None
    # Whether keys may read leads joined with answers, and the words.
    joined_on: bool = False
    text_on: bool = False
    # Since when, so that each rep is told once, newcomers too.
    joined_since: datetime | None = _moment(default=None)
    text_since: datetime | None = _moment(default=None)
    # How long words are kept.
    retention_days: int | None = None
    # A prior under so many in 100 makes a lead hard; so many in 100 of the hard ones go to the pool.
    hard_percent: int = 15
    pool_share: int = 20
    pool_channel_id: str | None = None
    # Who was given the last lead that nobody owned.
    turn_id: int | None = None
    # The blind-first sample that runs.
    sample_id: int | None = None
    # Who gets every suggestion while a rehearsal is on.
    rehearsal_slack_id: str | None = None


class Audit(SQLModel, table=True):
    """A change that somebody made: who, when, in words, and what it was before. Never holds a response."""

    id: int = Field(default=None, primary_key=True)
    actor_slack_id: str
    command: str
    sentence: str
    # What undoes it: rows as table, id, before, after; NULL, not JSON's null, where nothing can: it is asked for.
    changes: list[dict[str, Any]] | None = Field(default=None, sa_type=JSON(none_as_null=True))
    undone_at: datetime | None = _moment(default=None)
    made_up: bool = False
    at: datetime = _moment()


class Leader(SQLModel, table=True):
    """Which of several replicas does what only one may do; PostgreSQL alone, where there can be several."""

    name: str = Field(primary_key=True)
    owner: str
    until_at: datetime = _moment()


class Connection(SQLModel, table=True):
    """A CRM that is read: how, how far, and what is wrong. Its secrets are in the environment, never here."""

    id: int = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    # What its connector was told, and how its score is read: chance, percent or points.
    config: dict[str, Any] = Field(sa_type=JSON)
    scale: str
    horizon_days: int
    model: str
    # Open records that were created from here on are posted; it is the CRM's time.
    post_since: datetime = _moment()
    # Where the next page begins; it moves only together with the rows of the page before.
    cursor: str = ""
    # Where it was when a rehearsal began: what was read meanwhile is read again after it, for the reps.
    before: str | None = None
    writes_owners: bool = False
    # In real time: when it was last read to the end, and before when it is not to be asked again.
    read_at: datetime | None = _moment(default=None)
    not_before: datetime | None = _moment(default=None)
    trouble: str = ""
    # Whether somebody has to mend that, or it passes.
    refused: bool = False
    # How many records so far were posted, history, left, unscored or refused.
    counts: dict[str, int] = Field(default_factory=dict, sa_type=JSON)
    made_up: bool = False
    connected_at: datetime = _moment()


class Webhook(SQLModel, table=True):
    """Somewhere that the lines of an export are sent to as they come. Its secret is worked out, not kept."""

    id: int = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    url: str
    scopes: list[str] = Field(sa_type=JSON)
    # What the receiver has; the rest is to be sent, in order, a letter at a time.
    cursor: str = ""
    # How often all of it, or some, was asked for again: a letter's key is of its round.
    round: int = 0
    # Which secret signs, counted from 1, and since when.
    generation: int = 1
    rotated_at: datetime | None = _moment(default=None)
    # When it last took something, in real time.
    sent_at: datetime | None = _moment(default=None)
    # The message of which reps were told that it was read.
    told: str = ""
    created_at: datetime = _moment()
