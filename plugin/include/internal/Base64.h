// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace LearnedPairPlugin {

/** Encode numbers as base64 (RFC 4648) of their IEEE 754 little-endian bytes. The encoding is exact and compact. */
std::string encodeDoubles(const std::vector<double>& values);

/**
 * Decode a text of encodeDoubles().
 *
 * @throws OpenMMException if the text is not base64, or does not hold a whole number of doubles
 */
std::vector<double> decodeDoubles(const std::string& text);

} // namespace LearnedPairPlugin
