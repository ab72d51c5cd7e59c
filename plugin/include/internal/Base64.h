// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** Write numbers as base64 (RFC 4648) of their IEEE 754 little-endian bytes: compact, and exact to the last bit. */
std::string encodeDoubles(const std::vector<double>& values);

/** Read what encodeDoubles() wrote. @throws OpenMMException if the text is something else */
std::vector<double> decodeDoubles(const std::string& text);

} // namespace LearnedPairPlugin
