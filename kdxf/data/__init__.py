"""What ``tools/data`` runs: check, clean, convert and divide lists and images. No torch here."""
