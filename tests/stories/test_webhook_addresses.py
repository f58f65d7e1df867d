"""Where webhooks may be sent to: public addresses over https, and nowhere inside by any of their names."""

from types import SimpleNamespace
from typing import Any

import pytest

from bot import pushing
from bot.domain.clock import Clock
from bot.settings import Settings
from tests.crms.receiver import KEY


@pytest.mark.parametrize(
    ("url", "words_"),
    [
        ("http://example.com/hook", "only sent over https"),
        ("ftp://example.com/hook", "not an address"),
        ("https://user:secret@example.com/hook", "name or a password"),
        ("https://127.0.0.1/hook", "private address"),
        ("https://localhost/hook", "private address"),
        ("https://10.1.2.3/hook", "private address"),
        ("https://169.254.169.254/latest/meta-data", "private address"),
        ("https://[::1]/hook", "private address"),
        ("https://[::ffff:10.0.0.1]/hook", "private address"),
        ("https://100.64.0.1/hook", "private address"),
        ("https://[64:ff9b::a9fe:a9fe]/hook", "private address"),
        ("https://[2002:7f00:1::1]/hook", "private address"),
        ("https://bücher.example/hook", "ASCII"),
    ],
)
def test_only_public_addresses_over_https_are_sent_to(url: str, words_: str) -> None:
    settings = Settings(_env_file=None, otherwise_hash_key=KEY)  # type: ignore[call-arg]
    row: Any = SimpleNamespace(id=1, name="w", url=url, generation=1, rotated_at=None)
    with pytest.raises(pushing.Undelivered, match=words_) as failure:
        pushing.ping(settings, row, Clock().moment())
    assert failure.value.ends
