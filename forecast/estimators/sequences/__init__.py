"""Estimators on many sequences of unequal length: classes, labels of steps, next symbols."""
