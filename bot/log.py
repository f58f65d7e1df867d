"""Structured logs: an event's name and plain values. No free text, no names, no tokens, no payloads."""

import logging
import sys
import traceback

import structlog

from bot.domain.errors import OtherwiseError

LIBRARIES = [
    "slack_sdk",
    "slack_bolt",
    "uvicorn",
    "httpx",
    "apscheduler",
    "alembic",
    "sqlalchemy",
    "procrastinate",
    "psycopg",
]


def configure(level: str, form: str) -> None:
    """Set up logging for the process: JSON lines, or text for a terminal, on standard error."""
    number = getattr(logging, level.upper())
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(number),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _only_event],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers, root.level = [handler], number
    # Libraries may put request bodies into their finer logs; theirs is heard from warning on, without its arguments.
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))


def _only_event(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Of a library's record keep where it came from; its message may quote what somebody typed."""
    record = event.get("_record")
    if isinstance(record, logging.LogRecord):
        event["event"] = f"{record.name}:{record.funcName}:{record.lineno}"
        event.pop("exc_info", None)
        if record.exc_info and record.exc_info[1]:
            event["trace"] = frames(record.exc_info[1])
        record.exc_info = None
    return event


def frames(failure: BaseException) -> str:
    """A traceback that can be logged: types and places, and the message only where it is our own sentence."""
    said = f": {failure}" if isinstance(failure, OtherwiseError) else ""
    steps = [
        f"{f.filename.rsplit('/', 2)[-1]}:{f.lineno} {f.name}" for f in traceback.extract_tb(failure.__traceback__)
    ]
    text = f"{type(failure).__name__}{said} at {' > '.join(steps)}"
    cause = failure.__cause__ or (None if failure.__suppress_context__ else failure.__context__)
    return f"{text}; from {frames(cause)}" if cause is not None else text
