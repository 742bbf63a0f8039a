#!/usr/bin/env python3
"""Load for a build that writes down what its code does (OPTIMIZE=train), so that another can be made for it.

    tests/bench/train.py --build build/train

Whole replies, streams and large requests, in one dialect and translated.  The counts are written when llmux ends.
"""
import argparse
import os
import subprocess
import sys

import servers
from loads import Target, load
from saturation import WHOLE
from stage import Failure, Stage

LOADS = [{}, {"stream": True}, {"size": 100 << 10}]
SECONDS = 2


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--build", default="build/train")
    args = options.parse_args()
    with Stage(args.build, os.path.join(args.build, "bench")) as stage:
        gateway = servers.llmux(stage, servers.mock(stage, WHOLE))
        for model in ("chat", "messages"):
            for how in LOADS:
                load(stage, Target("llmux", gateway, model), seconds=SECONDS, **how)
        stage.end(gateway)


if __name__ == "__main__":
    try:
        main()
    except (Failure, subprocess.SubprocessError, OSError) as e:
        print(f"train: {e}", file=sys.stderr)
        sys.exit(1)
