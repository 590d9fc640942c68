"""The text side: reading words in images and turning them into numbers, without torch."""
