"""The neural forecasters: one file for each family of networks."""
