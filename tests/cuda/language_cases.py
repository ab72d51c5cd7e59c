# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""Small CUDA kernels whose results are compared with NumPy, each in a function of this file; for
test_emulator_language.py.

Run as: emulate -- python language_cases.py CASE [ARGUMENT]; prints "passed CASE" at the end. The case
compile_tensor_cores is for the dry run.
"""

import ctypes
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.testing import assert_array_equal

ARCHITECTURE = os.environ.get("DRYRUN_CC", "99")
if "DRYRUN_CC" in os.environ:
    import openmm  # noqa: F401  (loads the real NVRTC)

nvrtc, cuda = ctypes.CDLL("libnvrtc.so.13"), ctypes.CDLL("libcuda.so.1")


def compile_source(source):
    """Compile a source; return (success, the PTX or the compiler's messages)."""
    program, size = ctypes.c_void_p(), ctypes.c_size_t()
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), None, 0, None, None) == 0
    ok = nvrtc.nvrtcCompileProgram(program, 1, (ctypes.c_char_p * 1)(f"-arch=compute_{ARCHITECTURE}".encode())) == 0
    what = "PTX" if ok else "ProgramLog"
    nvrtc[f"nvrtcGet{what}Size"](program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    nvrtc[f"nvrtcGet{what}"](program, text)
    return ok, text.value.decode()


def load(source, name):
    """Compile a kernel and load it into the current context."""
    ok, ptx = compile_source(source)
    assert ok, ptx
    module, kernel = ctypes.c_void_p(), ctypes.c_void_p()
    assert cuda.cuModuleLoadDataEx(ctypes.byref(module), ptx.encode(), 0, None, None) == 0
    assert cuda.cuModuleGetFunction(ctypes.byref(kernel), module, name.encode()) == 0
    return kernel


def run(kernel, grid, block, *arguments, shared=0):
    """Launch a kernel; return the driver's status. NumPy arrays are passed by address: device memory is host memory."""
    values = [ctypes.c_void_p(a.ctypes.data) if isinstance(a, np.ndarray) else a for a in arguments]
    pointers = (ctypes.c_void_p * len(values))(*[ctypes.addressof(v) for v in values])
    grid, block = (list(x) + [1] * (3 - len(x)) for x in (grid, block))
    return cuda.cuLaunchKernel(kernel, *grid, *block, shared, None, pointers, None)


def launch(source, name, grid, block, *arguments, shared=0):
    assert run(load(source, name), grid, block, *arguments, shared=shared) == 0


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
    v = 100 + lanes**2
    for width in (32, 16, 8):
        out = np.zeros((5, 32), dtype=np.int32)
        launch(source, "shuffles", (1,), (32,), out, ctypes.c_int(width))
        start = lanes // width * width
        assert_array_equal(out[0], v[start + (lanes + 3) % width])
        assert_array_equal(out[1], v[np.where(lanes - 2 >= start, lanes - 2, lanes)])
        assert_array_equal(out[2], v[np.where(lanes + 5 < start + width, lanes + 5, lanes)])
        assert_array_equal(out[3], v[lanes ^ 4])
        assert_array_equal(out[4], (100 + 49) // 2)


def votes():
    out = np.zeros((5, 64), dtype=np.uint32)
    launch(
        """
        extern "C" __global__ void votes(unsigned* out) {
            int i = threadIdx.x, lane = i%32;
            if (i >= 48) return;                       // returned lanes do not vote, and no lane waits for them
            out[i] = __ballot_sync(0xffffffff, lane%3 == 0);
            out[64+i] = __any_sync(0xffffffff, lane == 31)+2*__all_sync(0xffffffff, lane < 16);
            out[128+i] = __match_any_sync(0xffffffff, lane/4);
            out[192+i] = __activemask();
            out[256+i] = __reduce_max_sync(i < 32 ? 0xffffffff : 0xffff, i*7%32);
        }""",
        "votes",
        (1,),
        (64,),
        out,
    )
    thirds = sum(1 << lane for lane in range(0, 32, 3))
    i = np.arange(48)
    full, half = slice(0, 32), slice(32, 48)
    assert_array_equal(out[0, full], thirds)
    assert_array_equal(out[0, half], thirds & 0xFFFF)
    assert_array_equal(out[1, :48], np.where(i < 32, 1, 2))
    assert_array_equal(out[2, :48], 15 << (i % 32 // 4 * 4))
    assert_array_equal(out[3, full], 0xFFFFFFFF)
    assert_array_equal(out[3, half], 0xFFFF)
    assert_array_equal(out[4, full], 31)
    assert_array_equal(out[4, half], max(lane * 7 % 32 for lane in range(32, 48)))
    assert_array_equal(out[:, 48:], 0)


def partial_masks():
    out = np.zeros(32, dtype=np.int32)
    launch(
        """
        extern "C" __global__ void groups(int* out) {
            int i = threadIdx.x;
            if (i < 8) out[i] = __shfl_xor_sync(0x000000ff, i, 1);
            else out[i] = 1000+__shfl_down_sync(0xffffff00, i, 1);
        }""",
        "groups",
        (1,),
        (32,),
        out,
    )
    assert_array_equal(out[:8], np.arange(8) ^ 1)
    assert_array_equal(out[8:31], 1000 + np.arange(9, 32))


def dynamic_shared_memory():
    n = 100
    values, sums = np.random.default_rng(0).random((7, n)).astype(np.float32), np.zeros(7, dtype=np.float32)
    launch(
        """
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
        }""",
        "sum",
        (7,),
        (n,),
        values,
        sums,
        (ctypes.c_float * 4)(0, 0, 2, 0),
        ctypes.c_int(n),
        shared=4 * n,
    )
    np.testing.assert_allclose(sums, 2 * values.sum(1), rtol=1e-5)


def grids_and_blocks():
    counts = np.zeros(2 * 3 * 2 * 4 * 2 * 3, dtype=np.int32)
    launch(
        """
        extern "C" __global__ void indices(int* out) {
            int block = (blockIdx.z*gridDim.y+blockIdx.y)*gridDim.x+blockIdx.x;
            int thread = (threadIdx.z*blockDim.y+threadIdx.y)*blockDim.x+threadIdx.x;
            out[block*blockDim.x*blockDim.y*blockDim.z+thread]++;
        }""",
        "indices",
        (2, 3, 2),
        (4, 2, 3),
        counts,
    )
    assert_array_equal(counts, 1)


def assembly():
    """Inline assembly: the conversion to half precision that OpenMM's neighbor list uses, which rounds up."""
    x = np.concatenate([np.random.default_rng(1).normal(size=1000) * s for s in (1e-6, 1e-3, 1, 1e3)]).astype(
        np.float32
    )
    up = np.zeros_like(x)
    launch(
        """
        extern "C" __global__ void half(const float* in, float* out, int n) {
            for (int i = blockIdx.x*blockDim.x+threadIdx.x; i < n; i += blockDim.x*gridDim.x) {
                unsigned short h;
                asm("{cvt.rp.f16.f32 %0, %1;}" : "=h"(h) : "f"(in[i]));
                asm volatile("{cvt.f32.f16 %0, %1;}" : "=f"(out[i]) : "h"(h));
            }
        }""",
        "half",
        (2,),
        (64,),
        x,
        up,
        ctypes.c_int(len(x)),
    )
    nearest = x.astype(np.float16)
    expected = np.where(nearest.astype(np.float32) < x, np.nextafter(nearest, np.float16(np.inf)), nearest)
    assert_array_equal(up, expected.astype(np.float32))


# D = A*B+C for each warp, with row-major matrices. "accumulate" loops over two blocks of 16 columns of A (rows of B),
# and adds the products to registers that are both C and D.
TENSOR_CORES = """
    __device__ unsigned pair(const unsigned short* p, int next) { return p[0] | (unsigned) p[next]<<16; }
    extern "C" __global__ void multiply(const unsigned short* a, const unsigned short* b, const float* c, float* d) {
        int warp = threadIdx.x/32, lane = threadIdx.x%32, row = lane/4, k = lane%4*2, column = lane%4*2;
        a += warp*16*16; b += warp*16*8; c += warp*16*8; d += warp*16*8;
        unsigned a0 = pair(a+row*16+k, 1), a1 = pair(a+(row+8)*16+k, 1), a2 = pair(a+row*16+k+8, 1), a3 =
        pair(a+(row+8)*16+k+8, 1);
        unsigned b0 = pair(b+k*8+row, 8), b1 = pair(b+(k+8)*8+row, 8);
        const float *top = c+row*8+column, *bottom = top+64;
        float d0, d1, d2, d3;
        asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32\\n\\t{%0, %1, %2, %3},\\n\\t{%4, %5, %6, %7}, "
            "{%8, %9}, {%10, %11, %12, %13};"
            : "=f"(d0), "=f"(d1), "=f"(d2), "=f"(d3)
            : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1), "f"(top[0]), "f"(top[1]), "f"(bottom[0]),
            "f"(bottom[1]));
        d[row*8+column] = d0; d[row*8+column+1] = d1; d[(row+8)*8+column] = d2; d[(row+8)*8+column+1] = d3;
    }
    extern "C" __global__ void accumulate(const unsigned short* a, const unsigned short* b, float* d) {
        int lane = threadIdx.x, row = lane/4, k = lane%4*2, column = lane%4*2;
        float c0 = 0, c1 = 0, c2 = 0, c3 = 0;
        for (int start = 0; start < 32; start += 16) {
            const unsigned short *top = a+row*32+start+k, *bottom = top+8*32, *left = b+(start+k)*8+row;
            unsigned a0 = pair(top, 1), a1 = pair(bottom, 1), a2 = pair(top+8, 1), a3 = pair(bottom+8, 1);
            unsigned b0 = pair(left, 8), b1 = pair(left+64, 8);
            asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
            "{%0,%1,%2,%3};" : "+f"(c0), "+f"(c1), "+f"(c2), "+f"(c3) : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0),
            "r"(b1));
        }
        d[row*8+column] = c0; d[row*8+column+1] = c1; d[(row+8)*8+column] = c2; d[(row+8)*8+column+1] = c3;
    }
    extern "C" __global__ void convert(const float* x, unsigned* out, int n) {
        for (int i = threadIdx.x; i < n; i += blockDim.x) {
            float high = x[2*i+1], low = x[2*i];
            asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(out[i]) : "f"(high), "f"(low));
        }
    }"""


def bf16_matrices(random, shape):
    """Distinct bf16 numbers with magnitudes from 2^-4 to 2^4 and random signs, as bits and as floats."""
    bits = random.choice(np.arange(0x3D80, 0x4180), np.prod(shape), replace=False) | random.choice(
        [0, 0x8000], np.prod(shape)
    )
    return bits.astype(np.uint16).reshape(shape), (bits.astype(np.uint32) << 16).view(np.float32).reshape(shape)


def matrix_product(a, b, c):
    """A*B+C, truncated after every 16 products as in emu_matrix.h."""
    for k in range(0, a.shape[-1], 16):
        exact = a[..., :, k : k + 16].astype(float) @ b[..., k : k + 16, :] + c
        c = exact.astype(np.float32)
        c = np.where(abs(c) > abs(exact), np.nextafter(c, np.float32(0)), c)
        assert (abs(c) <= abs(exact)).all() and (c != exact).any()
    return c


def tensor_cores():
    random = np.random.default_rng(4)
    a, a_values = bf16_matrices(random, (3, 16, 16))
    b, b_values = bf16_matrices(random, (3, 16, 8))
    c, d = random.normal(size=(3, 16, 8)).astype(np.float32) * 100, np.zeros((3, 16, 8), dtype=np.float32)
    launch(TENSOR_CORES, "multiply", (1,), (96,), a, b, c, d)
    assert_array_equal(d, matrix_product(a_values, b_values, c))

    a, a_values = bf16_matrices(random, (16, 32))
    b, b_values = bf16_matrices(random, (32, 8))
    d = np.zeros((16, 8), dtype=np.float32)
    launch(TENSOR_CORES, "accumulate", (1,), (32,), a, b, d)
    assert_array_equal(d, matrix_product(a_values, b_values, np.zeros_like(d)))


def bf16_conversion():
    cases = [
        (1, 0x3F80),
        (-2, 0xC000),
        (0, 0),
        (-0.0, 0x8000),
        (np.inf, 0x7F80),
        (-np.inf, 0xFF80),
        (np.nan, 0x7FFF),
        (1 + 2**-8, 0x3F80),
        (1 + 3 * 2**-8, 0x3F82),
        (-1 - 2**-8, 0xBF80),
        (-1 - 3 * 2**-8, 0xBF82),  # ties are rounded to even
        (1 + 2**-8 + 2**-23, 0x3F81),
        (1 + 3 * 2**-8 - 2**-23, 0x3F81),
        (-1 - 2**-8 - 2**-23, 0xBF81),  # next to a tie
        (2 - 2**-23, 0x4000),  # into the next binade
        (3.3895314e38, 0x7F7F),
        (3.4028235e38, 0x7F80),
        (-3.4028235e38, 0xFF80),  # largest bf16, largest float
        (2**-133, 1),
        (-(2**-133), 0x8001),
        (2**-134, 0),
        (3 * 2**-134, 2),
        (1e-45, 0),
    ]  # subnormal numbers
    x, expected = (
        np.array([case[0] for case in cases], dtype=np.float32),
        np.array([case[1] for case in cases], dtype=np.uint32),
    )
    others = np.array([0x7F800001, 0xFF800001, 0xFFC00000, 0xFFFFFFFF], dtype=np.uint32)  # NaNs with other bits
    x, expected = np.append(x, others.view(np.float32)), np.append(expected, np.full(4, 0x7FFF, dtype=np.uint32))
    low, high = x.repeat(len(x)), np.tile(x, len(x))
    out = np.zeros(len(low), dtype=np.uint32)
    launch(TENSOR_CORES, "convert", (1,), (64,), np.stack([low, high], axis=1), out, ctypes.c_int(len(out)))
    assert_array_equal(out, np.tile(expected, len(x)) << 16 | expected.repeat(len(x)))


def missing_lane(what):
    """Lane 7 does not take part in a matrix product; or the warp has only 16 lanes."""
    lane_7 = {"returns": "return", "waits": "__syncwarp()", "never was": ""}[what]
    launch(
        f"#define LANE_7 {lane_7}"
        + """
        extern "C" __global__ void incomplete() {
            unsigned a = 0;
            float c0 = 0, c1 = 0, c2 = 0, c3 = 0;
            if (threadIdx.x == 7) { LANE_7; }
            asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
            "{%0,%1,%2,%3};" : "+f"(c0), "+f"(c1), "+f"(c2), "+f"(c3) : "r"(a), "r"(a), "r"(a), "r"(a), "r"(a), "r"(a));
        }""",
        "incomplete",
        (1,),
        (16 if what == "never was" else 32,),
    )


def matrix_product_and_memory(barrier):
    """A matrix product orders registers, not memory."""
    out = np.zeros(32, dtype=np.float32)
    launch(
        f"#define BARRIER {barrier}"
        + """
        extern "C" __global__ void neighbor(float* out) {
            __shared__ float buffer[32];
            unsigned a = 0;
            float c0 = 0, c1 = 0, c2 = 0, c3 = 0;
            buffer[threadIdx.x] = threadIdx.x;
            BARRIER
            asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
            "{%0,%1,%2,%3};" : "+f"(c0), "+f"(c1), "+f"(c2), "+f"(c3) : "r"(a), "r"(a), "r"(a), "r"(a), "r"(a), "r"(a));
            out[threadIdx.x] = c0+buffer[(threadIdx.x+1)%32];
        }""",
        "neighbor",
        (1,),
        (32,),
        out,
    )


def compile_tensor_cores():
    """Compile with the real NVRTC, under the dry run, whose driver saves the module."""
    ok, ptx = compile_source(TENSOR_CORES)
    assert ok and f".target sm_{ARCHITECTURE}" in ptx, ptx
    assert cuda.cuModuleLoadDataEx(ctypes.byref(ctypes.c_void_p()), ptx.encode(), 0, None, None) == 0


def unknown_instruction():
    ok, log = compile_source("""
        extern "C" __global__ void cosine(float* x) { asm("cos.approx.f32 %0, %1;" : "=f"(*x) : "f"(*x)); }""")
    assert not ok and "emu_asm_cos_approx_f32_0_1" in log and "the source is" in log, log


def thread_order(order):
    """Threads that do not wait run one after another, in the order given by EMULATE_ORDER."""
    out, count = np.zeros(64, dtype=np.int32), np.zeros(1, dtype=np.int32)
    launch(
        """
        extern "C" __global__ void number(int* out, int* count) { out[threadIdx.x] = atomicAdd(count, 1); }""",
        "number",
        (1,),
        (64,),
        out,
        count,
    )
    assert_array_equal(out, np.arange(64) if order == "forward" else np.arange(64)[::-1])


def deadlock():
    launch(
        """
        extern "C" __global__ void stuck() {
            if (threadIdx.x < 16) __syncwarp();        // waits for all 32 lanes
            else __syncthreads();
        }""",
        "stuck",
        (1,),
        (32,),
    )


COUNT = """
    extern "C" __global__ void count(int* out, int n) {
        __shared__ int sums[64];
        for (int round = 0; round < n; round++) {
            sums[threadIdx.x] = __shfl_xor_sync(0xffffffff, out[threadIdx.x], 1);
            __syncthreads();
            out[threadIdx.x] = 1+sums[63-threadIdx.x];
            __syncthreads();
        }
    }"""


def host_threads():
    """Several host threads launch concurrently: blocks of different launches are never interleaved."""
    kernel = load(COUNT, "count")

    def work(_):
        out = np.zeros(64, dtype=np.int32)
        return all(run(kernel, (1,), (64,), out, ctypes.c_int(5)) == 0 for _ in range(200)) and (out == 1000).all()

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(work, range(4)))


def contexts():
    """Each host thread has its own stack of contexts, and a kernel runs only in the context it was loaded in."""

    def create():
        context = ctypes.c_void_p()
        assert cuda.cuCtxCreate_v4(ctypes.byref(context), None, 0, 0) == 0
        return context

    def current():
        context = ctypes.c_void_p()
        assert cuda.cuCtxGetCurrent(ctypes.byref(context)) == 0
        return context.value

    def count():
        out = np.zeros(64, dtype=np.int32)
        status = run(kernel, (1,), (64,), out, ctypes.c_int(1))
        assert (out == (1 if status == 0 else 0)).all()
        return status

    def elsewhere():
        assert current() is None and count() != 0
        assert cuda.cuCtxPushCurrent_v2(first) == 0
        assert current() == first.value and count() == 0

    first = create()
    kernel = load(COUNT, "count")
    assert count() == 0
    second = create()
    assert current() == second.value and count() != 0
    with ThreadPoolExecutor(1) as threads:
        threads.submit(elsewhere).result()
    assert current() == second.value and count() != 0
    assert cuda.cuCtxPopCurrent_v2(None) == 0
    assert current() == first.value and count() == 0


def devices(number):
    """EMULATE_DEVICES sets the number of devices, each of which can access the memory of the others."""
    count, device, answer = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    assert cuda.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value == int(number)
    for i in range(count.value):
        assert cuda.cuDeviceGet(ctypes.byref(device), i) == 0
        for j in range(count.value):
            assert cuda.cuDeviceCanAccessPeer(ctypes.byref(answer), i, j) == 0 and answer.value == (i != j)
    assert cuda.cuDeviceGet(ctypes.byref(device), count.value) != 0


def race(barrier):
    out = np.zeros(32, dtype=np.int32)
    launch(
        f"#define BARRIER {barrier}"
        + """
        extern "C" __global__ void neighbor(int* out) {
            __shared__ int buffer[32];
            buffer[threadIdx.x] = threadIdx.x;
            BARRIER
            out[threadIdx.x] = buffer[(threadIdx.x+1)%32];
        }""",
        "neighbor",
        (1,),
        (32,),
        out,
    )


def buffer_contents(expected):
    """New device memory is zero, or NaN with EMULATE_POISON=1."""
    data = np.ones(100, dtype=np.float32)
    assert cuda.cuMemcpyDtoH_v2(ctypes.c_void_p(data.ctypes.data), allocate(400), ctypes.c_size_t(400)) == 0
    assert_array_equal(data, float(expected))


def buffer_end(index):
    """Write one element of a buffer of 100 elements, for EMULATE_GUARD=1."""
    launch(
        """
        extern "C" __global__ void write(float* p, int i) { p[i] = 1; }""",
        "write",
        (1,),
        (1,),
        allocate(400),
        ctypes.c_int(int(index)),
    )


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
    print("passed", sys.argv[1])
