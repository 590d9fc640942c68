"""A queue of doubtful pictures for a person: which come first, the page that asks, Label Studio's files of the same."""
