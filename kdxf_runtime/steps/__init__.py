"""What prepares a picture and its text for a model, step by step."""
