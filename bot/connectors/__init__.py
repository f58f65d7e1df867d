"""CRMs: one file a kind, what they have in common, and a registry. The package itself imports none of them."""
