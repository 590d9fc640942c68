"""What the command-line tools share: their arguments, their errors and their exit status."""
