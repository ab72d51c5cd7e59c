// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT
#pragma once

#include "openmm/serialization/SerializationNode.h"
#include <string>
#include <vector>

namespace LearnedPairPlugin {

// Reading and writing the properties of an XML node. OpenMM's own functions read "x" as 0 and "2.9" as the integer 2,
// and its XML parser (8.6) loses a character of a text such as a&quot;b. The functions here throw an OpenMMException
// that names the property and its value instead, and preserve every text.

int readInteger(const OpenMM::SerializationNode& node, const char* property);

double readNumber(const OpenMM::SerializationNode& node, const char* property);
void writeNumber(OpenMM::SerializationNode& node, const char* property, double value);

/** Read a property of setBoolProperty(). */
bool readBool(const OpenMM::SerializationNode& node, const char* property);

/** Read integers that are separated by spaces. */
std::vector<int> readIntegers(const OpenMM::SerializationNode& node, const char* property);
/** @param values  a container of int */
template<class Integers>
void writeIntegers(OpenMM::SerializationNode& node, const char* property, const Integers& values) {
    std::string text;
    for (int value : values)
        text += (text.empty() ? "" : " ") + std::to_string(value);
    node.setStringProperty(property, text);
}

/** Read any text. Characters that have a meaning in XML are percent-encoded (RFC 3986). */
std::string readText(const OpenMM::SerializationNode& node, const char* property);
void writeText(OpenMM::SerializationNode& node, const char* property, const std::string& text);

} // namespace LearnedPairPlugin
