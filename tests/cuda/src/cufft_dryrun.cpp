// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* cuFFT plans that do nothing, for the dry run. */
extern "C" {
int cufftPlan3d(int* plan, int, int, int, int) {
    *plan = 1;
    return 0;
}
int cufftDestroy(int) {
    return 0;
}
int cufftSetStream(int, void*) {
    return 0;
}
int cufftExecC2C(int, void*, void*, int) {
    return 0;
}
int cufftExecZ2Z(int, void*, void*, int) {
    return 0;
}
int cufftExecR2C(int, void*, void*) {
    return 0;
}
int cufftExecC2R(int, void*, void*) {
    return 0;
}
int cufftExecD2Z(int, void*, void*) {
    return 0;
}
int cufftExecZ2D(int, void*, void*) {
    return 0;
}
}
