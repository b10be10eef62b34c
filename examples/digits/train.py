"""Trains a small network on scikit-learn's handwritten digits and logs every epoch with wandb.

    python train.py --learning_rate 0.01 --optimizer adam
    wandb sweep sweep.yaml && wandb agent ...
"""
import argparse
import warnings

import wandb
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning_rate", type=float, default=0.01)
    parser.add_argument("--optimizer", choices=["adam", "sgd"], default="adam")
    parser.add_argument("--epochs", type=int, default=60)
    options = parser.parse_args()

    run = wandb.init(project="digits", config=vars(options))
    digits = load_digits()
    train_x, val_x, train_y, val_y = train_test_split(digits.data / 16.0, digits.target, test_size=0.25, random_state=0)
    model = MLPClassifier(hidden_layer_sizes=(128, 64), solver=run.config["optimizer"], learning_rate_init=run.config["learning_rate"],
                          batch_size=64, random_state=0)
    labels = sorted(set(digits.target))
    for epoch in range(run.config["epochs"]):
        model.partial_fit(train_x, train_y, classes=labels)  # one pass over the training data
        predicted = model.predict_proba(val_x)
        run.log({
            "epoch": epoch,
            "loss": model.loss_,
            "val_loss": log_loss(val_y, predicted, labels=labels),
            "val_accuracy": float((predicted.argmax(axis=1) == val_y).mean()),
        })
    run.finish()


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=RuntimeWarning)  # a rate of 0.1 may overflow on its way to a bad model
    main()
