"""Forecasts of networks that were trained once, on other series, and come with the package; numpy alone."""
