"""The promises of docs/reliability.md, each broken on purpose: its test is seen failing without its mechanism."""
