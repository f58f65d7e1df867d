"""Stories in a real browser, against the demo and the workspace's page."""
