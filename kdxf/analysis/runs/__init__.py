"""The trainings below a folder as a table, and two of them compared."""
