// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/Base64.h"
#include "internal/require.h"
#include <cstdint>
#include <cstring>

using namespace LearnedPairPlugin;
using std::string;
using std::vector;

static const char Alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

string LearnedPairPlugin::encodeDoubles(const vector<double>& values) {
    string text;
    text.reserve((values.size() * 8 + 2) / 3 * 4);
    uint32_t buffer = 0;
    int bits = 0;
    for (double value : values) {
        uint64_t word;
        memcpy(&word, &value, sizeof word);
        for (int i = 0; i < 8; i++) { // shifts are independent of the byte order of the machine
            buffer = buffer << 8 | (word >> 8 * i & 0xff);
            for (bits += 8; bits >= 6; bits -= 6)
                text += Alphabet[buffer >> (bits - 6) & 63];
        }
    }
    if (bits > 0)
        text += Alphabet[buffer << (6 - bits) & 63];
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

vector<double> LearnedPairPlugin::decodeDoubles(const string& text) {
    vector<double> values;
    uint64_t word = 0;
    uint32_t buffer = 0;
    int bits = 0, bytes = 0;
    size_t end = text.find('=');
    require(end == string::npos || (end + 2 >= text.size() && text.find_first_not_of('=', end) == string::npos),
            "LearnedPairForce: the encoded numbers continue after their end; the XML is damaged.");
    for (char c : text.substr(0, end)) {
        const char* position = (c == 0 ? nullptr : strchr(Alphabet, c));
        require(position != nullptr, "LearnedPairForce: the encoded numbers contain the character '", c,
                "'; the XML is damaged.");
        buffer = buffer << 6 | (uint32_t) (position - Alphabet);
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        word |= (uint64_t) (buffer >> bits & 0xff) << 8 * bytes;
        if (++bytes == 8) {
            double value;
            memcpy(&value, &word, sizeof value);
            values.push_back(value);
            word = 0;
            bytes = 0;
        }
    }
    require(bytes == 0 && text.size() % 4 == 0,
            "LearnedPairForce: the encoded numbers end in the middle of a number; the XML is damaged.");
    return values;
}
