"""The columns of a list that a model takes beside picture and text."""
