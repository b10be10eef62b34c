"""A stand-in for somebody's training: takes its parameters from the command line, logs a loss that falls."""
import argparse
import math

import wandb

parser = argparse.ArgumentParser()
parser.add_argument("--learning_rate", type=float, default=0.01)
parser.add_argument("--optimizer", choices=["adam", "sgd"], default="adam")
options = parser.parse_args()

run = wandb.init(config=vars(options))
floor = abs(math.log10(run.config["learning_rate"]) + 2) + (0.1 if run.config["optimizer"] == "sgd" else 0.0)
for epoch in range(5):
    run.log({"epoch": epoch, "loss": floor + 2.0 / (epoch + 1), "val_loss": floor + 3.0 / (epoch + 1)})
run.finish()
