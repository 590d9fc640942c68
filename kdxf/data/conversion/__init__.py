"""Convert lists of other forms into annotation CSVs, and back."""
