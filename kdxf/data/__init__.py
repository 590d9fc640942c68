"""The library of ``tools/data``: check, clean, convert and divide lists and images, without torch."""
