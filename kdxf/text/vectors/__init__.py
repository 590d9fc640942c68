"""Word vectors: trained, converted, kept on disk, looked up."""
