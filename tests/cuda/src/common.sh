# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# Functions shared by the commands emulate and dryrun, which source this file with $here set to their folder.

usage() { sed -n '5,/^set/s/^# //p' "$0" >&2; exit 2; }

missing() { echo "$(basename "$0"): needs $1, which was not found" >&2; exit 69; }

# find_parts WORD: sets CXX, cuda_include (of CUDA 13 or newer) and ptxas (empty if not found). WORD is the first word
# of the command.
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
  # ptxas must not be older than NVRTC: try the ptxas that was installed with NVRTC before that of the toolkit.
  ptxas=
  for folder in "${PTXAS:-}" "$wheel_ptxas" "${CUDA_HOME:-}/bin/ptxas" /usr/local/cuda/bin/ptxas \
    "$(command -v ptxas || true)"; do
    if [ -x "$folder" ]; then ptxas=$folder; break; fi
  done
}

# compile SHARED_OBJECT SOURCES_AND_FLAGS...
compile() {
  local library=$1; shift
  $CXX -std=gnu++17 -O2 -Wall -shared -fPIC -I"$cuda_include" -Wl,-soname,"$(basename "$library")" "$@" -o "$library"
}

# make_folder FOLDER: creates the folder unless it exists, and prints its full path. The folder must belong to the user,
# since libraries are loaded from it.
make_folder() {
  mkdir -p "$1"
  [ -O "$1" ] || { echo "$(basename "$0"): the folder $1 belongs to somebody else" >&2; exit 1; }
  (cd "$1" && pwd)
}

# build_once FOLDER FUNCTION: creates FOLDER by calling FUNCTION with a temporary folder, which it fills. If several
# processes do this at the same time, each builds its own copy; the first to finish renames it to FOLDER, and the others
# delete theirs.
build_once() {
  local own=$1.$$
  mkdir -p "$own"
  "$2" "$own" || { rm -rf "$own"; echo "$(basename "$0"): building the replacement libraries failed" >&2; exit 1; }
  mv -T "$own" "$1" 2>/dev/null || rm -rf "$own"
}
