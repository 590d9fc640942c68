"""Files: pictures, folders, texts, arrays, CSV rows."""
