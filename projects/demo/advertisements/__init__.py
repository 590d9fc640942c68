"""The demo set of Chinese advertisements: classes that differ by their look, by their words, or by both."""
