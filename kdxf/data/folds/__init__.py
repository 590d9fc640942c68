"""Stratified folds that never divide a group of images."""
