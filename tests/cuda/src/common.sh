# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# What the commands emulate and dryrun share; sourced by both, with $here being the folder they are in.

usage() { sed -n '5,/^set/s/^# //p' "$0" >&2; exit 2; }

missing() { echo "$(basename "$0"): needs $1, which was not found" >&2; exit 69; }

# find_parts WORD: sets CXX, cuda_include (of CUDA 13 or newer), ptxas (empty if there is none). WORD begins the
# command.
find_parts() {
  export CXX=${CXX:-g++}
  command -v ${CXX%% *} >/dev/null || missing "a C++ compiler (g++, or what CXX says: $CXX)"
  local python=${PYTHON:-}
  if [ -z "$python" ]; then case ${1##*/} in python*) python=$1 ;; *) python=python3 ;; esac; fi
  command -v "$python" >/dev/null || missing "Python (set PYTHON; tried $python)"
  local wheel_include wheel_ptxas platform parts folder
  parts=$("$python" "$here/src/find.py"); eval "$parts"
  [ -n "$platform" ] && grep -q 'libnvrtc\.so\.13' "$platform" ||
    missing "OpenMM's CUDA platform, for CUDA 13, in the environment of $python (pip: openmm[cuda13])"
  cuda_include=
  for folder in "${CUDA_HOME:-}/include" /usr/local/cuda/include "$wheel_include"; do
    if grep -qsE '^#define CUDA_VERSION 1[3-9]' "$folder/cuda.h"; then cuda_include=$folder; break; fi
  done
  [ -n "$cuda_include" ] || missing "cuda.h of CUDA 13 in CUDA_HOME, in /usr/local/cuda, or in the environment of\
 $python (pip: nvidia-cuda-runtime)"
  # ptxas must be as new as NVRTC: the one that came with it is tried before the toolkit's.
  ptxas=
  for folder in "${PTXAS:-}" "$wheel_ptxas" "${CUDA_HOME:-}/bin/ptxas" /usr/local/cuda/bin/ptxas \
    "$(command -v ptxas || true)"; do
    if [ -x "$folder" ]; then ptxas=$folder; break; fi
  done
}

# compile SHARED_OBJECT SOURCES AND FLAGS...
compile() {
  local library=$1; shift
  $CXX -std=gnu++17 -O2 -Wall -shared -fPIC -I"$cuda_include" -Wl,-soname,"$(basename "$library")" "$@" -o "$library"
}

# make_folder FOLDER: makes it unless it exists, and prints its full path. Libraries are loaded from it: it must be
# ours.
make_folder() {
  mkdir -p "$1"
  [ -O "$1" ] || { echo "$(basename "$0"): the folder $1 belongs to somebody else" >&2; exit 1; }
  (cd "$1" && pwd)
}

# build_once FOLDER FUNCTION: makes the folder by FUNCTION, which fills the folder $1 of another name. Several processes
# may do so at once: each builds its own, the first to finish gives it the name, and the others throw theirs away.
build_once() {
  local own=$1.$$
  mkdir -p "$own"
  "$2" "$own" || { rm -rf "$own"; echo "$(basename "$0"): building the stand-in libraries failed" >&2; exit 1; }
  mv -T "$own" "$1" 2>/dev/null || rm -rf "$own"
}
