// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "XmlProperties.h"
#include "internal/formatNumber.h"
#include "internal/require.h"
#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>

using namespace LearnedPairPlugin;
using OpenMM::SerializationNode;
using std::string;
using std::vector;

static const string NotANumber = "nan";
static const char* const HexDigits = "0123456789ABCDEF";

/** Throw an exception that says what a property holds instead of what is expected. */
static void requireKind(bool isRight, const char* property, const string& text, const char* kind) {
    const size_t shown = 40;
    require(isRight, "LearnedPairForce: \"", property, "\" holds \"", text.substr(0, shown),
            text.size() > shown ? "..." : "", "\", which is not ", kind, "; the XML is damaged.");
}

static int parseInteger(const string& word, const char* property) {
    size_t length = 0;
    long long value = 0;
    try {
        value = std::stoll(word, &length);
    }
    catch (const std::logic_error&) {
        // no digits, or out of range
    }
    requireKind(!word.empty() && length == word.size() && value == (int) value, property, word, "an integer");
    return (int) value;
}

int LearnedPairPlugin::readInteger(const SerializationNode& node, const char* property) {
    return parseInteger(node.getStringProperty(property), property);
}

double LearnedPairPlugin::readNumber(const SerializationNode& node, const char* property) {
    string text = node.getStringProperty(property);
    double value = std::numeric_limits<double>::quiet_NaN();
    requireKind(text == NotANumber || parseNumber(text, value), property, text, "a number");
    return value;
}

void LearnedPairPlugin::writeNumber(SerializationNode& node, const char* property, double value) {
    node.setStringProperty(property, std::isnan(value) ? NotANumber : formatNumber(value));
}

bool LearnedPairPlugin::readBool(const SerializationNode& node, const char* property) {
    string text = node.getStringProperty(property);
    requireKind(text == "0" || text == "1", property, text, "0 or 1");
    return text == "1";
}

vector<int> LearnedPairPlugin::readIntegers(const SerializationNode& node, const char* property) {
    std::stringstream stream(node.getStringProperty(property));
    vector<int> values;
    for (string word; stream >> word;)
        values.push_back(parseInteger(word, property));
    return values;
}

string LearnedPairPlugin::readText(const SerializationNode& node, const char* property) {
    string encoded = node.getStringProperty(property), text;
    for (size_t i = 0; i < encoded.size(); i++) {
        if (encoded[i] != '%') {
            text += encoded[i];
            continue;
        }
        int code = 0;
        for (int k = 1; k <= 2; k++) {
            size_t digit = i + k < encoded.size() ? string(HexDigits).find(encoded[i + k]) : string::npos;
            requireKind(digit != string::npos, property, encoded.substr(i, 3), "% and two hexadecimal digits");
            code = 16 * code + (int) digit;
        }
        text += (char) code;
        i += 2;
    }
    return text;
}

void LearnedPairPlugin::writeText(SerializationNode& node, const char* property, const string& text) {
    string encoded;
    for (char c : text)
        if (string("%&<>\"'").find(c) != string::npos || (unsigned char) c < ' ')
            encoded += {'%', HexDigits[(unsigned char) c / 16], HexDigits[(unsigned char) c % 16]};
        else
            encoded += c;
    node.setStringProperty(property, encoded);
}
