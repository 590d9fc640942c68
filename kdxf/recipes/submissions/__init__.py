"""Submissions: the files in which contests take predictions."""
