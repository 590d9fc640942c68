"""Write image files anew: smaller or upright, with the metadata they carry."""
