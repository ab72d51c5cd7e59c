/**
 * Matrix-vector products on tensor cores. The source that TensorCorePrinter prints calls these functions; its header
 * documents the layout of the data. CUDA only, compute capability 8.0 or higher.
 */
__device__ const float lpZeros[4] = {0, 0, 0, 0};

/** Two floats as two bf16 numbers in one register, the first in its lower half. */
inline __device__ unsigned int lpPack(float first, float second) {
    unsigned int packed;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(second), "f"(first));
    return packed;
}

/** One thread's share (a fragment) of 16 vector elements for 16 pairs, as three bf16 terms, the largest first. */
struct LpEntries {
    unsigned int parts[3][4];
};

/** Split two entries of a vector into bf16 terms (bf16x3 splitting). */
inline __device__ LpEntries lpSplit(const float* x, const float* y) {
    LpEntries entries;
    #pragma unroll
    for (int i = 0; i < 4; i++) {
        float first = (i < 2 ? x : y)[2*(i%2)], second = (i < 2 ? x : y)[2*(i%2)+1];
        #pragma unroll
        for (int part = 0; part < 3; part++) {
            const unsigned int packed = lpPack(first, second);
            first -= __uint_as_float(packed << 16);
            second -= __uint_as_float(packed & 0xFFFF0000);
            entries.parts[part][i] = packed;
        }
    }
    return entries;
}

inline __device__ void lpMultiplyParts(float* sum, const unsigned int* a, unsigned int b0, unsigned int b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};" :
        "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]),
        "r"(b0), "r"(b1));
}

/** One thread's fragment of a piece of a matrix, as three bf16 terms. */
struct LpPiece {
    int2 parts[3];
};

inline __device__ LpPiece lpLoadPiece(const int2* fragments, int piece, int lane) {
    return {{fragments[96*piece+lane], fragments[96*piece+32+lane], fragments[96*piece+64+lane]}};
}

/**
 * Multiply a piece of a matrix with 16 elements of the vectors of 16 pairs, and add the product to a sum. The smallest
 * terms are added first, and in a separate accumulator, since tensor cores truncate sums instead of rounding them.
 */
inline __device__ void lpMultiply(float* sum, const LpEntries& entries, const LpPiece& piece) {
    float product[4] = {};
    #pragma unroll
    for (int order = 2; order >= 0; order--)
        #pragma unroll
        for (int part = order; part >= 0; part--)
            lpMultiplyParts(product, entries.parts[part], piece.parts[order-part].x, piece.parts[order-part].y);
    #pragma unroll
    for (int i = 0; i < 4; i++)
        sum[i] += product[i];
}

/** The sum over the four threads that share two pairs. */
inline __device__ float lpSumOfFour(float x) {
    x += __shfl_xor_sync(0xFFFFFFFF, x, 1);
    return x+__shfl_xor_sync(0xFFFFFFFF, x, 2);
}
