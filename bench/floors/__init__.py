"""Floors: as bare as they are described, so that a ratio means something."""
