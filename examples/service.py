"""A forecast over HTTP: the model is loaded once, and a request holds the history that it continues.

Shows: `forecast.load` at start-up, and `simulate`, which continues a history that is not the model's own and changes
nothing in the model, so that threads can share it; a request that cannot be answered comes back with the reason and
status 400. The same forecast by an ONNX file, which needs neither Keras nor this package.

See: the forecast of the next year, the reason for a refusal, and the milliseconds of an answer, the median of 200.
"""

import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median
from time import perf_counter

import numpy as np
import onnxruntime
import pandas as pd

import forecast
from forecast.datasets import load_air_passengers

LARGEST = 100_000  # bytes of a request

y = load_air_passengers()
fitted = forecast.NARX(lags=12, scale="window", random_state=0).fit(y[:-12])
fitted.save("narx.forecast")
fitted.export("narx.onnx", horizon=12)

model = forecast.load("narx.forecast")
session = onnxruntime.InferenceSession("narx.onnx", providers=["CPUExecutionProvider"])


def answer(request: str) -> str:
    """JSON {start, freq, values, horizon} -> JSON {index, forecast}."""
    told = json.loads(request)
    index = pd.period_range(told["start"], periods=len(told["values"]), freq=told["freq"])
    ahead = model.simulate(told["horizon"], pd.Series(told["values"], index, dtype=float))
    return json.dumps({"index": ahead.index.astype(str).to_list(), "forecast": ahead.to_list()})


def answer_of_onnx(request: str) -> str:
    """The same numbers for twelve steps."""
    history = np.array(json.loads(request)["values"], float)[None, :, None]  # (B, rows, targets)
    return json.dumps({"forecast": session.run(None, {"history": history})[0].ravel().tolist()})


class Service(BaseHTTPRequestHandler):
    """POST a request; 200 and the forecast, or 400 and the reason."""

    def do_POST(self) -> None:
        try:
            size = min(max(int(self.headers["Content-Length"]), 0), LARGEST)
            status, text = 200, answer(self.rfile.read(size).decode())
        except KeyError as error:
            status, text = 400, json.dumps({"error": f"{error} is missing"})
        except (TypeError, ValueError) as error:
            status, text = 400, json.dumps({"error": str(error)})
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *values: object) -> None:
        """Nothing: a service has a log of its own."""


def milliseconds(ask: object, request: str) -> float:
    """The median of 200 answers after the first."""
    times = []
    for _ in range(201):
        begun = perf_counter()
        ask(request)
        times.append(1000 * (perf_counter() - begun))
    return median(times[1:])


server = ThreadingHTTPServer(("127.0.0.1", 0), Service)  # any free port
threading.Thread(target=server.serve_forever, daemon=True).start()


def post(request: str) -> str:
    """What the service answers."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}", request.encode()) as reply:
        return reply.read().decode()


history = {"start": "1957-01", "freq": "M", "values": y[-48:-12].to_list(), "horizon": 12}
told = json.loads(post(json.dumps(history)))
print(pd.Series(told["forecast"], told["index"], name="forecast").round(1).to_string())
print("by ONNX:", np.round(json.loads(answer_of_onnx(json.dumps(history)))["forecast"], 1).tolist())

try:
    post(json.dumps({**history, "values": [1.0, 2.0]}))
except urllib.error.HTTPError as refusal:
    print(f"status {refusal.code}:", json.loads(refusal.read())["error"])

for name, ask in {"answer": answer, "over HTTP": post, "ONNX": answer_of_onnx}.items():
    print(f"{name:10s} {milliseconds(ask, json.dumps(history)):6.2f} ms")
server.shutdown()
