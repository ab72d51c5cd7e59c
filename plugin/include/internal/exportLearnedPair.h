// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

// Marks what other libraries may use. The other symbols of a library are hidden: on Windows always, and elsewhere so
// that a mark that is missing is found there, too.
#if defined(_WIN32)
#if defined(LEARNEDPAIR_BUILDING_LIBRARY)
#define LEARNEDPAIR_EXPORT __declspec(dllexport)
#else
#define LEARNEDPAIR_EXPORT __declspec(dllimport)
#endif
#define LEARNEDPAIR_PLUGIN_EXPORT __declspec(dllexport)
#else
#define LEARNEDPAIR_EXPORT __attribute__((visibility("default")))
#define LEARNEDPAIR_PLUGIN_EXPORT __attribute__((visibility("default")))
#endif
