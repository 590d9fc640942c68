"""Find labels that are probably wrong, show them, and apply what a person decided."""
