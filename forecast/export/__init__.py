"""Forecasts as graphs of ONNX, for services without Python or without this package."""
