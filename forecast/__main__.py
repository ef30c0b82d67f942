"""`python -m forecast` is the command `forecast`."""

from forecast.cli import entry_point

if __name__ == "__main__":
    entry_point()
