"""Names of the means and metrics of ensembles; nothing heavy is imported, so that a parser may use it."""

MEANS = ("arithmetic", "geometric", "rank")
"""The names in :data:`kdxf.recipes.ensembles.average.MEANS`."""

METRICS = ("accuracy", "log-loss", "mAP", "roc-auc", "GAP")
"""The names in :data:`kdxf.recipes.ensembles.task.METRICS`."""
