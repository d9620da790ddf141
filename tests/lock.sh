#!/bin/sh
# Resolve pyproject.toml into hashed lock files. The GUI build of OpenCV is left out: it needs libGL and
# would shadow the headless one (the tracking metrics ask for it, but use nothing of it).
set -eu
compile="$1/pip-compile --quiet --generate-hashes --strip-extras --no-annotate --no-header \
  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --unsafe-package opencv-python"
$compile --extra eval --output-file requirements.lock pyproject.toml tests/build.in
$compile --extra eval --extra dev --output-file requirements-dev.lock pyproject.toml tests/build.in
sed -i '/^# /d' requirements.lock requirements-dev.lock
