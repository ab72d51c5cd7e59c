# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Small CUDA kernels with results that NumPy can tell, each a function of this file. See test_emulator_language.py.

Run as: emulate -- python language_cases.py CASE [ARGUMENT]; prints "passed CASE" at the end.
"""
import ctypes
import sys

import numpy as np
from numpy.testing import assert_array_equal

nvrtc, cuda = ctypes.CDLL("libnvrtc.so.13"), ctypes.CDLL("libcuda.so.1")


def compile_source(source):
    """Returns (whether it compiled, the PTX or the compiler's messages)."""
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), None, 0, None, None) == 0
    ok = nvrtc.nvrtcCompileProgram(program, 1, (ctypes.c_char_p*1)(b"-arch=compute_99")) == 0
    what = "PTX" if ok else "ProgramLog"
    nvrtc[f"nvrtcGet{what}Size"](program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    nvrtc[f"nvrtcGet{what}"](program, text)
    return ok, text.value.decode()


def launch(source, name, grid, block, *arguments, shared=0):
    """Compiles and runs a kernel. Device memory is host memory: NumPy arrays are passed by their address."""
    ok, ptx = compile_source(source)
    assert ok, ptx
    module, kernel = ctypes.c_void_p(), ctypes.c_void_p()
    assert cuda.cuModuleLoadDataEx(ctypes.byref(module), ptx.encode(), 0, None, None) == 0
    assert cuda.cuModuleGetFunction(ctypes.byref(kernel), module, name.encode()) == 0
    values = [ctypes.c_void_p(a.ctypes.data) if isinstance(a, np.ndarray) else a for a in arguments]
    pointers = (ctypes.c_void_p*len(values))(*[ctypes.addressof(v) for v in values])
    grid, block = (list(x)+[1]*(3-len(x)) for x in (grid, block))
    assert cuda.cuLaunchKernel(kernel, *grid, *block, shared, None, pointers, None) == 0


def allocate(size):
    pointer = ctypes.c_uint64()
    assert cuda.cuMemAlloc_v2(ctypes.byref(pointer), ctypes.c_size_t(size)) == 0
    return pointer


def shuffles():
    source = """
        extern "C" __global__ void shuffles(int* out, int width) {
            int lane = threadIdx.x, v = 100+lane*lane;
            out[lane] = __shfl_sync(0xffffffff, v, lane+3, width);
            out[32+lane] = __shfl_up_sync(0xffffffff, v, 2, width);
            out[64+lane] = __shfl_down_sync(0xffffffff, v, 5, width);
            out[96+lane] = __shfl_xor_sync(0xffffffff, v, 4, width);
            out[128+lane] = (int) __shfl_sync(0xffffffff, 0.5*v, 7);
        }"""
    lanes = np.arange(32)
    v = 100+lanes**2
    for width in (32, 16, 8):
        out = np.zeros((5, 32), dtype=np.int32)
        launch(source, "shuffles", (1,), (32,), out, ctypes.c_int(width))
        start = lanes//width*width
        assert_array_equal(out[0], v[start+(lanes+3) % width])
        assert_array_equal(out[1], v[np.where(lanes-2 >= start, lanes-2, lanes)])
        assert_array_equal(out[2], v[np.where(lanes+5 < start+width, lanes+5, lanes)])
        assert_array_equal(out[3], v[lanes ^ 4])
        assert_array_equal(out[4], (100+49)//2)


def votes():
    out = np.zeros((5, 64), dtype=np.uint32)
    launch("""
        extern "C" __global__ void votes(unsigned* out) {
            int i = threadIdx.x, lane = i%32;
            if (i >= 48) return;                       // returned lanes do not vote, and nobody waits for them
            out[i] = __ballot_sync(0xffffffff, lane%3 == 0);
            out[64+i] = __any_sync(0xffffffff, lane == 31)+2*__all_sync(0xffffffff, lane < 16);
            out[128+i] = __match_any_sync(0xffffffff, lane/4);
            out[192+i] = __activemask();
            out[256+i] = __reduce_max_sync(i < 32 ? 0xffffffff : 0xffff, i*7%32);
        }""", "votes", (1,), (64,), out)
    thirds = sum(1 << lane for lane in range(0, 32, 3))
    i = np.arange(48)
    full, half = slice(0, 32), slice(32, 48)
    assert_array_equal(out[0, full], thirds)
    assert_array_equal(out[0, half], thirds & 0xffff)
    assert_array_equal(out[1, :48], np.where(i < 32, 1, 2))
    assert_array_equal(out[2, :48], 15 << (i % 32//4*4))
    assert_array_equal(out[3, full], 0xffffffff)
    assert_array_equal(out[3, half], 0xffff)
    assert_array_equal(out[4, full], 31)
    assert_array_equal(out[4, half], max(lane*7 % 32 for lane in range(32, 48)))
    assert_array_equal(out[:, 48:], 0)


def partial_masks():
    out = np.zeros(32, dtype=np.int32)
    launch("""
        extern "C" __global__ void groups(int* out) {
            int i = threadIdx.x;
            if (i < 8) out[i] = __shfl_xor_sync(0x000000ff, i, 1);
            else out[i] = 1000+__shfl_down_sync(0xffffff00, i, 1);
        }""", "groups", (1,), (32,), out)
    assert_array_equal(out[:8], np.arange(8) ^ 1)
    assert_array_equal(out[8:31], 1000+np.arange(9, 32))


def dynamic_shared_memory():
    n = 100
    values, sums = np.random.default_rng(0).random((7, n)).astype(np.float32), np.zeros(7, dtype=np.float32)
    launch("""
        extern "C" __global__ void __launch_bounds__(128)
        sum(const float* __restrict__ in, float* out, float4 scale, int n) {
            extern __shared__ float buffer[];
            __shared__ int arrived;
            int i = threadIdx.x;
            if (i == 0) arrived = 0;
            __syncthreads();
            atomicAdd(&arrived, 1);
            buffer[i] = in[blockIdx.x*n+i];
            if (i >= 90) return;                       // counts as arrived at the barriers that follow
            for (int step = 64; step > 0; step /= 2) {
                __syncthreads();
                if (i < step && i+step < n) buffer[i] += buffer[i+step];
            }
            if (i == 0) out[blockIdx.x] = scale.z*buffer[0]+(arrived == n ? 0 : 1e6f);
        }""", "sum", (7,), (n,), values, sums, (ctypes.c_float*4)(0, 0, 2, 0), ctypes.c_int(n), shared=4*n)
    np.testing.assert_allclose(sums, 2*values.sum(1), rtol=1e-5)


def grids_and_blocks():
    counts = np.zeros(2*3*2*4*2*3, dtype=np.int32)
    launch("""
        extern "C" __global__ void indices(int* out) {
            int block = (blockIdx.z*gridDim.y+blockIdx.y)*gridDim.x+blockIdx.x;
            int thread = (threadIdx.z*blockDim.y+threadIdx.y)*blockDim.x+threadIdx.x;
            out[block*blockDim.x*blockDim.y*blockDim.z+thread]++;
        }""", "indices", (2, 3, 2), (4, 2, 3), counts)
    assert_array_equal(counts, 1)


def assembly():
    """Inline assembly, with the conversion that OpenMM's neighbor list uses: to half precision, rounded up."""
    x = np.concatenate([np.random.default_rng(1).normal(size=1000)*s for s in (1e-6, 1e-3, 1, 1e3)]).astype(np.float32)
    up = np.zeros_like(x)
    launch("""
        extern "C" __global__ void half(const float* in, float* out, int n) {
            for (int i = blockIdx.x*blockDim.x+threadIdx.x; i < n; i += blockDim.x*gridDim.x) {
                unsigned short h;
                asm("{cvt.rp.f16.f32 %0, %1;}" : "=h"(h) : "f"(in[i]));
                asm volatile("{cvt.f32.f16 %0, %1;}" : "=f"(out[i]) : "h"(h));
            }
        }""", "half", (2,), (64,), x, up, ctypes.c_int(len(x)))
    nearest = x.astype(np.float16)
    expected = np.where(nearest.astype(np.float32) < x, np.nextafter(nearest, np.float16(np.inf)), nearest)
    assert_array_equal(up, expected.astype(np.float32))


def unknown_instruction():
    ok, log = compile_source("""
        extern "C" __global__ void cosine(float* x) { asm("cos.approx.f32 %0, %1;" : "=f"(*x) : "f"(*x)); }""")
    assert not ok and "emu_asm_cos_approx_f32_0_1" in log and "the source is" in log, log


def thread_order(order):
    """Threads that do not wait run one after another, in the order that EMULATE_ORDER says."""
    out, count = np.zeros(64, dtype=np.int32), np.zeros(1, dtype=np.int32)
    launch("""
        extern "C" __global__ void number(int* out, int* count) { out[threadIdx.x] = atomicAdd(count, 1); }""",
           "number", (1,), (64,), out, count)
    assert_array_equal(out, np.arange(64) if order == "forward" else np.arange(64)[::-1])


def deadlock():
    launch("""
        extern "C" __global__ void stuck() {
            if (threadIdx.x < 16) __syncwarp();        // waits for all 32 lanes
            else __syncthreads();
        }""", "stuck", (1,), (32,))


def race(barrier):
    out = np.zeros(32, dtype=np.int32)
    launch("""
        extern "C" __global__ void neighbor(int* out) {
            __shared__ int buffer[32];
            buffer[threadIdx.x] = threadIdx.x;
            %s
            out[threadIdx.x] = buffer[(threadIdx.x+1)%%32];
        }""" % barrier, "neighbor", (1,), (32,), out)


def buffer_contents(expected):
    """New device memory is zero, or NaN with EMULATE_POISON=1."""
    data = np.ones(100, dtype=np.float32)
    assert cuda.cuMemcpyDtoH_v2(ctypes.c_void_p(data.ctypes.data), allocate(400), ctypes.c_size_t(400)) == 0
    assert_array_equal(data, float(expected))


def buffer_end(index):
    """Writes one element of a buffer of 100, for EMULATE_GUARD=1."""
    launch("""
        extern "C" __global__ void write(float* p, int i) { p[i] = 1; }""",
           "write", (1,), (1,), allocate(400), ctypes.c_int(int(index)))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
    print("passed", sys.argv[1])
