"""A small Slack-compatible workspace for trying Otherwise and its tests: a program of its own, imported by nobody."""
