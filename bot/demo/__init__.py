"""The demo: a made-up sales floor around the real bot. It reaches both only as the world does: over their protocols."""
