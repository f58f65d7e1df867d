"""The CRMs that Otherwise can read, and those that others add through the entry point `otherwise.connectors`."""

from importlib.metadata import entry_points

from bot.connectors import hubspot, json_api, salesforce
from bot.connectors.contract import Kind, Refused

GROUP = "otherwise.connectors"
BUILT_IN = {kind.name: kind for kind in (hubspot.KIND, salesforce.KIND, json_api.KIND)}


def names() -> list[str]:
    """What can be connected here."""
    return [*BUILT_IN, *sorted(one.name for one in entry_points(group=GROUP) if one.name not in BUILT_IN)]


def kind_of(name: str) -> Kind:
    """A connector by its name; one of ours can't be replaced. Raises Refused for one that is not there."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    for one in entry_points(group=GROUP, name=name):
        found = one.load()
        if not isinstance(found, Kind):
            raise Refused(f"The package that offers {name!r} does not give a bot.connectors.contract.Kind.")
        return found
    raise Refused(f"There is no connector {name[:40]!r}; there are {', '.join(names())}.")
