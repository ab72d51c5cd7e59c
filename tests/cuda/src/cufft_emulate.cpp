// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* cuFFT's three-dimensional transforms by FFTW. Like cuFFT's, they are not normalized, and the last dimension of
 * the complex side of a real transform has n/2+1 elements. */
#include <fftw3.h>
#include <map>
#include <mutex>

enum Type { R2C = 0x2a, C2R = 0x2c, C2C = 0x29, D2Z = 0x6a, Z2D = 0x6c, Z2Z = 0x69 };
enum Result { Success = 0, InvalidPlan = 1, InvalidType = 3, InvalidSize = 8 };
struct Plan {
    int x, y, z, type;
    fftwf_plan single[2][2] = {}; // indexed by direction (0: forward) and in place (1); created at the first use
    fftw_plan twice[2][2] = {};   // the same in double precision
};
static std::map<int, Plan> plans;
static std::mutex guard; // FFTW's planner is not thread safe
static const unsigned Flags = FFTW_ESTIMATE | FFTW_UNALIGNED;

static Plan* find(int plan, int type) {
    auto p = plans.find(plan);
    return p == plans.end() || p->second.type != type ? nullptr : &p->second;
}

extern "C" {
int cufftPlan3d(int* plan, int x, int y, int z, int type) {
    std::lock_guard<std::mutex> lock(guard);
    static int count;
    if (x < 1 || y < 1 || z < 1)
        return InvalidSize;
    if (type != R2C && type != C2R && type != C2C && type != D2Z && type != Z2D && type != Z2Z)
        return InvalidType;
    *plan = ++count;
    plans[*plan] = {x, y, z, type};
    return Success;
}
int cufftDestroy(int plan) {
    std::lock_guard<std::mutex> lock(guard);
    auto p = plans.find(plan);
    if (p == plans.end())
        return InvalidPlan;
    for (int i = 0; i < 4; i++) {
        if (p->second.single[i / 2][i % 2])
            fftwf_destroy_plan(p->second.single[i / 2][i % 2]);
        if (p->second.twice[i / 2][i % 2])
            fftw_destroy_plan(p->second.twice[i / 2][i % 2]);
    }
    plans.erase(p);
    return Success;
}
int cufftSetStream(int plan, void* stream) {
    return Success;
}

#define REAL(name, TYPE, IN, OUT, FIELD, PREFIX, KIND, DIRECTION)                                                      \
    int name(int plan, IN* in, OUT* out) {                                                                             \
        std::lock_guard<std::mutex> lock(guard);                                                                       \
        Plan* p = find(plan, TYPE);                                                                                    \
        if (!p)                                                                                                        \
            return InvalidPlan;                                                                                        \
        PREFIX##_plan& f = p->FIELD[DIRECTION][(void*) in == (void*) out];                                             \
        if (!f)                                                                                                        \
            f = PREFIX##_plan_dft_##KIND##_3d(p->x, p->y, p->z, in, out, Flags);                                       \
        PREFIX##_execute_dft_##KIND(f, in, out);                                                                       \
        return Success;                                                                                                \
    }
#define COMPLEX(name, TYPE, DATA, FIELD, PREFIX)                                                                       \
    int name(int plan, DATA* in, DATA* out, int direction) {                                                           \
        std::lock_guard<std::mutex> lock(guard);                                                                       \
        Plan* p = find(plan, TYPE);                                                                                    \
        if (!p)                                                                                                        \
            return InvalidPlan;                                                                                        \
        PREFIX##_plan& f = p->FIELD[direction > 0][in == out];                                                         \
        if (!f)                                                                                                        \
            f = PREFIX##_plan_dft_3d(p->x, p->y, p->z, in, out, direction > 0 ? FFTW_BACKWARD : FFTW_FORWARD, Flags);  \
        PREFIX##_execute_dft(f, in, out);                                                                              \
        return Success;                                                                                                \
    }
REAL(cufftExecR2C, R2C, float, fftwf_complex, single, fftwf, r2c, 0)
REAL(cufftExecC2R, C2R, fftwf_complex, float, single, fftwf, c2r, 1)
REAL(cufftExecD2Z, D2Z, double, fftw_complex, twice, fftw, r2c, 0)
REAL(cufftExecZ2D, Z2D, fftw_complex, double, twice, fftw, c2r, 1)
COMPLEX(cufftExecC2C, C2C, fftwf_complex, single, fftwf)
COMPLEX(cufftExecZ2Z, Z2Z, fftw_complex, twice, fftw)
}
