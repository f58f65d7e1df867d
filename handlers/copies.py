"""The copy of a suggestion that stands twice is taken away beside what the press itself does."""

import structlog

from bot.copies import Pressed, take_copy_away
from bot.deps import Deps
from bot.domain.errors import OtherwiseError
from bot.views.kit import Ref

log = structlog.get_logger()


def take_away(deps: Deps, ref: Ref, user: str, pressed: Pressed | None) -> None:
    """Take the pressed message away if it is a copy; what goes wrong is logged, as nobody asked for it."""
    if pressed is None:
        return
    real = deps.clock.moment().real
    try:
        deps.db.write(lambda session: take_copy_away(session, ref, user, pressed, real), key=str(ref.lead))
    except OtherwiseError as failure:
        log.warning("copy.stays", error=type(failure).__name__)
