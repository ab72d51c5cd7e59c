// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/formatNumber.h"
#include <cmath>
#include <cstring>
#include <limits>
#include <locale>
#include <sstream>

using std::string;

string LearnedPairPlugin::formatNumber(double value) {
    if (std::isinf(value))
        return value > 0 ? "inf" : "-inf";
    string text;
    for (int digits = 15; digits <= 17; digits++) {
        std::ostringstream stream;
        stream.imbue(std::locale::classic());
        stream.precision(digits);
        stream << value;
        text = stream.str();
        double parsed;
        if (parseNumber(text, parsed) && parsed == value)
            break;
    }
    return text;
}

/** Get whether a text is [sign] digits [. digits] [e [sign] digits], with digits before or after the point. */
static bool isNumber(const string& text) {
    size_t i = 0;
    auto skip = [&](const char* characters) { i += (i < text.size() && strchr(characters, text[i]) != nullptr); };
    auto skipDigits = [&] {
        size_t begin = i;
        while (i < text.size() && text[i] >= '0' && text[i] <= '9')
            i++;
        return i - begin;
    };
    skip("+-");
    size_t digits = skipDigits();
    skip(".");
    digits += skipDigits();
    if (digits == 0)
        return false;
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
        i++;
        skip("+-");
        if (skipDigits() == 0)
            return false;
    }
    return i == text.size();
}

bool LearnedPairPlugin::parseNumber(const string& text, double& value) {
    if (text == "inf" || text == "-inf") {
        value = (text == "inf" ? 1 : -1) * std::numeric_limits<double>::infinity();
        return true;
    }
    if (!isNumber(text))
        return false;
    std::istringstream stream(text);
    stream.imbue(std::locale::classic());
    stream >> value; // fails if the number is out of range
    return !stream.fail();
}
