"""Find duplicates by content: fingerprints, pairs, groups, and lists without them."""
