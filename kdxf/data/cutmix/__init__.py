"""Make pictures for small classes from other pictures, ahead of training."""
