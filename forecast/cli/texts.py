"""What the help of the command line says, and the models and data that it names."""

DATA_HELP = "a .csv or .parquet file, or the name of an embedded data set (see: forecast datasets)"
OVERVIEW = """\
Forecast time series with neural autoregression (TDNN, NARX), always next to its statistical baselines.

Try it on the data that come with the package:
  forecast benchmark
  forecast fit air_passengers --model NARX --output passengers.forecast
  forecast predict passengers.forecast --horizon 24 --output forecast.csv forecast.png

Then on your own file, with one row per time and, for several series, a column that names the series:
  forecast backtest sales.csv --time week --target sold --horizon 8 --models NARX AR ETS
"""
READY = ("Pretrained", "SeasonalNaive", "Naive", "Drift")
"""Models whose fit stores the history and learns nothing."""
LOCAL = ("AR", "ETS", "Theta", "Naive2")
"""Models that learn each series by itself, so that a folder can be forecast partition by partition."""
SHOWN, SHOWN_ROWS = ("air_passengers", "santa_fe_laser", "lynx"), 1_000
"""What `forecast benchmark` compares the models on by default, and the most rows it uses of each."""
COLUMNS = """\
The columns of the file. Without options: time in `ds`, target in `y`, names of the series in `unique_id` if
there is one. A file of two columns needs no options: the first is the time, the second the target. Times are ISO
dates (2024-01-31, 2024-01-31T13:30), 20240131, 202401, 2024Q1 or whole numbers, without gaps. Names of series
stay as they are, even 007 and 1E5.
"""
COMPETITION = """\
files in DIR:
  M4      <group>-train.csv and <group>-test.csv, also in Train/ and Test/ (or .parquet, in long form)
  M3      M3Year.csv, M3Quart.csv, M3Month.csv, M3Other.csv: the sheets of M3C saved as CSV
  M5      sales_train_evaluation.csv, calendar.csv, sell_prices.csv
  Monash  <group>.tsf; the last steps are forecast, as many as the file's @horizon says

files in the folder of the run: forecasts.csv, submission.csv, series.csv with the scores of each series, and
report.csv with one row: sMAPE, MASE, OWA against Naive2, MAPE, RMSSE, with --level MSIS and coverage, in M5 WRMSSE.
A run that was stopped goes on where it was when the same command is given again.
"""
FOLDERS = """\
A folder is one long table, forecast partition by partition into files of a new folder. The same command goes on with
a run that was stopped.
"""
SPELLING = """\
How the file is written, where that cannot be detected. A byte-order mark, the separator of the cells and the
decimal comma of a table that is not separated by commas are detected.
"""
