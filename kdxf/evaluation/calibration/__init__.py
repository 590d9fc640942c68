"""Scores that mean something: probabilities, sets of classes, and when to ask a person.

Throughout, n is the number of images and K that of classes; scores are probabilities, float (n, K), and labels class
indices, int64 (n,). Confidence is the score of the best class.
"""
