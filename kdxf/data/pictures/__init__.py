"""Image files written again, smaller or upright, with their metadata."""
