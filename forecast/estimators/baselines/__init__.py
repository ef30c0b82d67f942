"""The baselines: linear and statistical models, most of them from statsmodels, behind the common interface."""
