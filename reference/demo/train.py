#!/usr/bin/python3
"""Trains the demonstration's model: FdMobileNet 0.25 at 128 pixels, on images that fdm-bench draws.

Not needed to build or to run fdm-bench. Debian: python3-torch python3-h5py python3-pil.

    fdm-bench demo draw TRAIN --seed 1 --count 6000
    fdm-bench demo draw HELD  --seed 3 --count 1000
    python3 train.py TRAIN HELD demo_fdmobilenet_0.25_128.h5 | tee train.log

The network is the one of ST's published FdMobileNet 0.25 files, layer for layer: TensorFlow's SAME padding (a
stride of 2 pads right and bottom only), batch normalization with epsilon 0.001 behind every full and pointwise
convolution, depthwise convolutions with a bias and nothing behind them. Input: pixels times 1/255, RGB.
The last epoch's weights are written. The held-out images only appear in the log; they choose nothing, and the
model's stated accuracy comes from other ones (seed 2, by `fdm-bench run --demo`).
"""
import argparse
import json
import pathlib
import time

import h5py
import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

SIZE = 128
EPSILON = 0.001
DROPOUT = 0.1
STRIDES = [2, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1]
FILTERS = [16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 256]
FIRST = 8


def same(x, stride):
    """TensorFlow's SAME padding of a 3x3 kernel on an even side."""
    return functional.pad(x, (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1))


class FdMobileNet(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, FIRST, 3, 2, bias=False)
        self.conv1_bn = nn.BatchNorm2d(FIRST, EPSILON)
        self.dw, self.pw, self.bn = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        channels = FIRST
        for stride, filters in zip(STRIDES, FILTERS):
            self.dw.append(nn.Conv2d(channels, channels, 3, stride, groups=channels))
            self.pw.append(nn.Conv2d(channels, filters, 1, bias=False))
            self.bn.append(nn.BatchNorm2d(filters, EPSILON))
            channels = filters
        self.dropout = nn.Dropout(DROPOUT)
        self.preds = nn.Conv2d(channels, classes, 1)

    def forward(self, x):
        x = functional.relu(self.conv1_bn(self.conv1(same(x, 2))))
        for stride, dw, pw, bn in zip(STRIDES, self.dw, self.pw, self.bn):
            x = functional.relu(bn(pw(dw(same(x, stride)))))
        return self.preds(self.dropout(x.mean((2, 3), keepdim=True))).flatten(1)


def load(folder):
    """All images as bytes, [n, height, width, 3], and their labels; classes in byte order."""
    classes = sorted(p.name for p in pathlib.Path(folder).iterdir())
    images, labels = [], []
    for label, name in enumerate(classes):
        for path in sorted(pathlib.Path(folder, name).glob("*.png")):
            images.append(np.asarray(Image.open(path).convert("RGB")))
            labels.append(label)
    return torch.from_numpy(np.stack(images)), torch.tensor(labels), classes


def to_input(images):
    return images.permute(0, 3, 1, 2).float() / 255


def augment(x):
    """Mirrored or not, moved by up to 8 pixels, each batch anew."""
    if torch.rand(()) < 0.5:
        x = x.flip(3)
    dx, dy = torch.randint(0, 17, (2,)).tolist()
    return functional.pad(x, (8, 8, 8, 8), mode="replicate")[:, :, dy : dy + SIZE, dx : dx + SIZE]


def correct(model, images, labels):
    model.eval()
    with torch.no_grad():
        return sum(
            int((model(to_input(x)).argmax(1) == y).sum())
            for x, y in zip(images.split(250), labels.split(250))
        )


def train(model, images, labels, held, held_labels, epochs, batch):
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.02)
    steps = len(labels) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=epochs * steps, pct_start=0.15)
    begun = time.time()
    for epoch in range(1, epochs + 1):
        model.train()
        total = 0.0
        order = torch.randperm(len(labels))
        for step in range(steps):
            chosen = order[step * batch : (step + 1) * batch]
            loss = functional.cross_entropy(
                model(augment(to_input(images[chosen]))), labels[chosen], label_smoothing=0.05
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(
            f"epoch {epoch:2d}  loss {total / steps:.4f}  held out {correct(model, held, held_labels)} of "
            f"{len(held_labels)}  {time.time() - begun:.0f} s",
            flush=True,
        )


# ---- The .h5 file, as Keras 2 writes it ----


def layers_of(model, classes):
    """(name, class, config, weights) of each layer in order."""

    def conv(name, kind, side, stride, bias, weights, **more):
        config = dict(
            kernel_size=[side, side], strides=[stride, stride], padding="same", data_format="channels_last",
            dilation_rate=[1, 1], activation="linear", use_bias=bias, **more,
        )
        return name, kind, config, weights

    def norm(name, bn):
        weights = {
            "gamma": bn.weight, "beta": bn.bias, "moving_mean": bn.running_mean, "moving_variance": bn.running_var,
        }
        return name, "BatchNormalization", dict(axis=[3], momentum=0.99, epsilon=EPSILON, center=True, scale=True), weights

    def relu(name):
        return name, "ReLU", dict(max_value=None, negative_slope=0.0, threshold=0.0), {}

    yield "input_1", "InputLayer", dict(batch_input_shape=[None, SIZE, SIZE, 3], sparse=False, ragged=False), {}
    yield conv("conv1", "Conv2D", 3, 2, False, {"kernel": model.conv1.weight.permute(2, 3, 1, 0)}, filters=FIRST)
    yield norm("conv1_bn", model.conv1_bn)
    yield relu("conv1_relu")
    for i, (stride, dw, pw, bn) in enumerate(zip(STRIDES, model.dw, model.pw, model.bn), 1):
        weights = {"depthwise_kernel": dw.weight.permute(2, 3, 0, 1), "bias": dw.bias}
        yield conv(f"conv_dw_{i}", "DepthwiseConv2D", 3, stride, True, weights, depth_multiplier=1)
        weights = {"kernel": pw.weight.permute(2, 3, 1, 0)}
        yield conv(f"conv_pw_{i}", "Conv2D", 1, 1, False, weights, filters=pw.out_channels)
        yield norm(f"conv_pw_{i}_bn", bn)
        yield relu(f"conv_pw_{i}_relu")
    yield "global_average_pooling2d", "GlobalAveragePooling2D", dict(data_format="channels_last", keepdims=False), {}
    yield "reshape_1", "Reshape", dict(target_shape=[1, 1, FILTERS[-1]]), {}
    yield "dropout", "Dropout", dict(rate=DROPOUT, noise_shape=None, seed=None), {}
    weights = {"kernel": model.preds.weight.permute(2, 3, 1, 0), "bias": model.preds.bias}
    yield conv("conv_preds", "Conv2D", 1, 1, True, weights, filters=len(classes))
    yield "act_softmax", "Activation", dict(activation="softmax"), {}
    yield "reshape_2", "Reshape", dict(target_shape=[len(classes)]), {}


def write_h5(model, classes, path):
    layers = list(layers_of(model, classes))
    entries, before = [], None
    for name, kind, config, _ in layers:
        inbound = [[[before, 0, 0, {}]]] if before else []
        config = dict(name=name, trainable=True, dtype="float32", **config)
        if kind == "InputLayer":
            del config["trainable"]
        entries.append(dict(class_name=kind, config=config, name=name, inbound_nodes=inbound))
        before = name
    config = dict(
        class_name="Functional",
        config=dict(
            name="fd_mobilenet_0.25", trainable=True, layers=entries,
            input_layers=[["input_1", 0, 0]], output_layers=[[before, 0, 0]],
        ),
    )
    text = h5py.string_dtype("ascii")
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.8.0"
        file.attrs["backend"] = "tensorflow"
        root = file.create_group("model_weights")
        root.attrs["backend"] = "tensorflow"
        root.attrs["keras_version"] = "2.8.0"
        root.attrs.create("layer_names", [layer[0] for layer in layers], dtype=text)
        for name, _, _, weights in layers:
            group = root.create_group(name)
            names = [f"{name}/{role}:0" for role in weights]
            if names:
                group.attrs.create("weight_names", names, dtype=text)
            else:
                group.attrs["weight_names"] = np.array([])
            for weight, values in zip(names, weights.values()):
                values = values.detach().contiguous().numpy().astype("<f4")
                # Without times in it, the same weights give the same file.
                group.create_dataset(weight, data=values, track_times=False)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("train")
    parser.add_argument("held")
    parser.add_argument("out")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    images, labels, classes = load(args.train)
    held, held_labels, held_classes = load(args.held)
    assert classes == held_classes
    model = FdMobileNet(len(classes))
    print(
        f"PyTorch {torch.__version__}; {len(labels)} training images, {len(held_labels)} held out, classes "
        f"{' '.join(classes)}; {sum(p.numel() for p in model.parameters())} trained parameters; epochs {args.epochs}, "
        f"batch {args.batch}, seed {args.seed}, threads {args.threads}",
        flush=True,
    )
    train(model, images, labels, held, held_labels, args.epochs, args.batch)
    model.eval()
    write_h5(model, classes, args.out)


main()
