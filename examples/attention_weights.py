"""Which past steps a forecast reads: a sequence-to-sequence network with attention on a chaotic laser.

Shows: `Seq2Seq(attention="additive")`. An encoder reads the last 16 values, a decoder forecasts the next 8, about one
pulse, and weighs the 16 rows of the encoder at each step. `attention_weights` gives these weights: a row for each step
of the forecast, a column for each lag; each row sums to one.

See: the errors beside AR, the lags that each step reads most, and attention_weights.png.
"""

import matplotlib.pyplot as plt
import numpy as np

from forecast import AR, Seq2Seq
from forecast.datasets import load_laser

y = load_laser()[:780]
seq2seq = Seq2Seq(window=16, horizon=8, cell="gru", units=6, attention="additive", epochs=40, random_state=0)
for name, model in {"AR": AR(lags=16), "Seq2Seq": seq2seq}.items():
    model.fit(y[:700])
    errors = []
    for origin in range(700, 780, 8):
        errors.append(model.predict(8) - y[origin : origin + 8])
        model.update(y[origin : origin + 8])
    print(f"{name}: mean absolute error {np.abs(errors).mean():.2f} over 10 forecasts of 8 steps")

weights = seq2seq.attention_weights()
for step, (_, row) in enumerate(weights.iterrows(), start=1):
    most = row.nlargest(3)
    print(f"step {step} reads", ", ".join(f"{label} ({weight:.0%})" for label, weight in most.items()))

figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
image = axes.imshow(weights, aspect="auto", cmap="Blues", vmin=0)
axes.set_xticks(range(16), weights.columns, rotation=60)
axes.set_yticks(range(8), range(1, 9))
axes.set(xlabel="row of the history", ylabel="step of the forecast", title="What each step reads")
figure.colorbar(image, label="weight")
figure.savefig("attention_weights.png", dpi=150)
