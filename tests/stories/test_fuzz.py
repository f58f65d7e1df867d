"""Whatever comes in, intake answers as its own description says, and Slack's listeners with one sentence."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from bot import keys
from bot.views import ids
from handlers.intake import http_app
from tests.world import RIA, World

EXAMPLES = 40
QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


# The bot in this process draws from `random` on a thread of its own, for each ping of its socket.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_intake_answers_as_it_describes_itself(world: World, mode: GenerationMode) -> None:
    described = schemathesis.openapi.from_dict(http_app(world.deps, dict).openapi())
    tried = []
    scopes = ["intake", "export", "export:joined", "export:text"]
    key = world.deps.db.write(lambda s: keys.make_key(s, "fuzz", scopes, world.deps.clock.now()))
    for found in described.get_all_operations():
        operation = found.ok()
        if operation.path in ("/healthz", "/readyz", "/metrics") and mode is GenerationMode.NEGATIVE:
            continue  # they read nothing
        tried.append(operation.path)

        @QUICK
        @given(operation.as_strategy(generation_mode=mode))
        def answers(case: Any) -> None:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {key}"}
            answer = case.call(base_url=f"http://127.0.0.1:{world.running.port}", timeout=20)
            assert answer.status_code < 500, (answer.status_code, answer.text)
            case.validate_response(answer, checks=CHECKS)

        answers()
    assert {"/v1/leads", "/v1/outcomes", "/v1/export"} <= set(tried)
    assert world.http.get("/readyz").status_code == 200


CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
TEXT = st.text(max_size=200)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)


def test_a_forged_button_never_breaks_a_listener(world: World) -> None:
    world.lead()
    message = world.see(RIA, "Acme Ltd")

    @QUICK
    @given(st.sampled_from(sorted(ids.ACTIONS)), TEXT | ANY.map(lambda value: json.dumps(value)[:2000]))
    def pressed(action: str, value: str) -> None:
        if action in (ids.NOTED, ids.FORGET):
            return  # a true reference would be an answer, which is not what this is about
        place = {"channel": "D" + RIA[1:], "ts": message["ts"]}
        told = world.sim.act("click", RIA, **place, action_id=action, forged={"type": "button", "value": value})
        assert told.get("acked"), (action, value, told)

    pressed()
    assert world.http.get("/readyz").status_code == 200
    assert world.responses() == []
