// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include <sstream>
#include <string>

namespace LearnedPairPlugin {

/** Indent each line by four spaces for every open brace before it. */
inline std::string indented(const std::string& source) {
    std::istringstream lines(source);
    std::string result;
    int depth = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line[0] == '}')
            depth--;
        result += std::string(4 * depth, ' ') + line + "\n";
        if (line.back() == '{')
            depth++;
    }
    return result;
}

} // namespace LearnedPairPlugin
