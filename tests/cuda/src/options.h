// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

/* Environment variables. */
#pragma once
#include <stdlib.h>
#include <string>

inline std::string option(const char* name, const char* otherwise = "") {
    const char* value = getenv(name);
    return value ? value : otherwise;
}
inline int intOption(const char* name, int otherwise = 0) {
    return atoi(option(name, std::to_string(otherwise).c_str()).c_str());
}
