// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* The CUDA C language on the host; included before every kernel source that nvrtc.cpp compiles. Blocks run one at a
 * time, and so do the threads of a block. */
#pragma once
#include "runtime.h"
// C++17's special functions make up most of <cmath>; leaving them out saves 30 ms per compilation.
#include <bits/c++config.h>
#undef _GLIBCXX_USE_STD_SPEC_FUNCS
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <type_traits>
#include <utility>
using std::isfinite;
using std::isinf;
using std::isnan;

/* ---- qualifiers and built-in variables ---- */
#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __constant__ __attribute__((visibility("default")))
#define __managed__ __attribute__((visibility("default")))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __grid_constant__
#define threadIdx (emu_self->index)
#define blockIdx emu_block
#define blockDim emu_blockDim
#define gridDim emu_gridDim
#define warpSize 32

#include "emu_asm.h"
#include "emu_math.h"
#include "emu_matrix.h"
#include "emu_memory.h"
#include "emu_types.h"
#include "emu_warp.h"

/* ---- clocks and errors ---- */
static inline long long clock64() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}
static inline void __nanosleep(unsigned) {}
static inline void __trap() {
    emu_fail("the kernel called __trap()");
}
#define assert(condition) ((condition) ? (void) 0 : emu_fail("assertion failed: " #condition))

/* ---- launching: the driver passes an array of pointers to the arguments, which become the kernel's parameters ---- */
template<class T> static inline T emu_argument(void* p) { // copied, since the host's float4 may not be aligned
    typename std::remove_cv<T>::type v;
    memcpy((void*) &v, p, sizeof v);
    return v;
}
template<class... A, size_t... I>
static inline void emu_call(void (*f)(A...), void** args, std::integer_sequence<size_t, I...>) {
    f(emu_argument<A>(args[I])...);
}
template<class... A> static inline void emu_call(void (*f)(A...), void** args) {
    emu_call(f, args, std::make_integer_sequence<size_t, sizeof...(A)>());
}
#define EMU_KERNEL(name)                                                                                               \
    extern "C" __attribute__((visibility("default"))) void emu_run_##name(void** args) {                               \
        emu_call(name, args);                                                                                          \
    }
