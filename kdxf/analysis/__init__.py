"""What ``tools/analysis`` runs: pages and tables that compare samples, models, engines and costs."""
