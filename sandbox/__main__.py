"""`python -m sandbox`: start the local workspace."""

import argparse
from pathlib import Path

import uvicorn
import yaml

from sandbox.control import Control
from sandbox.server import Server


def main() -> None:
    """Read the options, then serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A small Slack-compatible workspace.")
    parser.add_argument("--port", type=int, default=8765, help="port on 127.0.0.1 (default 8765)")
    parser.add_argument("--manifest", type=Path, default=Path("manifest.yml"), help="the app's manifest: its scopes")
    parser.add_argument("--grant", action="append", default=[], metavar="SCOPE", help="a scope granted by hand")
    parser.add_argument("--no-limits", action="store_true", help="do not enforce Slack's rate limits")
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep the workspace here between two starts")
    parser.add_argument(
        "--clock", type=Path, metavar="FILE", help="the app's OTHERWISE_CLOCK_FILE, for the page to move"
    )
    options = parser.parse_args()
    manifest = yaml.safe_load(options.manifest.read_text())
    base = f"http://127.0.0.1:{options.port}/"
    server = Server(manifest, grant=set(options.grant), limits=not options.no_limits, base=base)
    control = Control(server, state=options.state, clock=options.clock)
    print(f"The local workspace is at http://127.0.0.1:{options.port}", flush=True)
    # Socket Mode's own pings are answered by the library; an access log would repeat /sim/log.
    uvicorn.run(
        control.app(),
        host="127.0.0.1",
        port=options.port,
        log_level="warning",
        ws_ping_interval=20,
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
