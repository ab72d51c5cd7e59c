// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

// Marks the symbols that other libraries may use. Only MSVC needs these declarations.
#if defined(_MSC_VER)
#if defined(LEARNEDPAIR_BUILDING_LIBRARY)
#define LEARNEDPAIR_EXPORT __declspec(dllexport)
#else
#define LEARNEDPAIR_EXPORT __declspec(dllimport)
#endif
#define LEARNEDPAIR_PLUGIN_EXPORT __declspec(dllexport)
#else
#define LEARNEDPAIR_EXPORT
#define LEARNEDPAIR_PLUGIN_EXPORT
#endif
