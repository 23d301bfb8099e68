"""Retraining the rebuilt graph: data, augmentation, recipes, engine."""
