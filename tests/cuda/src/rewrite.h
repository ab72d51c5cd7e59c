// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* Three constructs of CUDA C that a header (emu.h) cannot provide in C++. The source must be preprocessed. */
#pragma once
#include <set>
#include <string>

/* extern __shared__ T name[];  ->  T* const name = (T*) emu_dynamic_shared; */
void rewriteDynamicShared(std::string& source);

/* asm volatile("text" : "=r"(a) : "f"(b));  ->  emu_asm_text(a, b); */
void rewriteAssembly(std::string& source);

/* The names of all __global__ functions. */
std::set<std::string> findKernels(const std::string& source);
