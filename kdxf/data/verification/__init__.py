"""Find what is broken, odd or inconsistent in images and lists."""
