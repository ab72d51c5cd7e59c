// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "rewrite.h"
#include <cctype>
#include <cstring>
using namespace std;

/* ---- looking for words ---- */
static bool isName(char c) {
    return isalnum((unsigned char) c) || c == '_';
}
static size_t findWord(const string& s, const string& word, size_t from) {
    for (size_t p = s.find(word, from); p != string::npos; p = s.find(word, p + 1))
        if ((p == 0 || !isName(s[p - 1])) && !isName(s[p + word.size()]))
            return p;
    return string::npos;
}
static size_t skipSpace(const string& s, size_t p) {
    while (p < s.size() && isspace((unsigned char) s[p]))
        p++;
    return p;
}
static size_t skipParens(const string& s, size_t p) { // from p, at a '(', to the position after the matching ')'
    int depth = 0;
    for (bool text = false; p < s.size(); p++) {
        if (text && s[p] == '\\') {
            p++;
            continue;
        }
        if (s[p] == '"')
            text = !text;
        if (text)
            continue;
        if (s[p] == '(')
            depth++;
        if (s[p] == ')' && --depth == 0)
            return p + 1;
    }
    return p;
}
static string trim(const string& s) {
    size_t a = s.find_first_not_of(" \t\r\n"), b = s.find_last_not_of(" \t\r\n");
    return a == string::npos ? "" : s.substr(a, b - a + 1);
}

void rewriteDynamicShared(string& s) {
    for (size_t p = findWord(s, "extern", 0); p != string::npos; p = findWord(s, "extern", p + 1)) {
        size_t q = skipSpace(s, p + 6), end = s.find(';', q), shared = s.find("__shared__", q);
        if (end == string::npos || shared > end || s.find_first_of("\"{", q) < end) // not extern "C"
            continue;
        string declaration = s.substr(q, end - q);
        declaration.erase(shared - q, strlen("__shared__"));
        size_t align; // the buffer satisfies any alignment: remove the attribute
        while ((align = declaration.find("__align__")) != string::npos)
            declaration.erase(align, skipParens(declaration, declaration.find('(', align)) - align);
        size_t bracket = declaration.find('[');
        if (bracket == string::npos ||
                trim(declaration.substr(bracket + 1, declaration.find(']', bracket) - bracket - 1)) != "")
            continue;
        size_t nameEnd = declaration.find_last_not_of(" \t\n", bracket - 1) + 1, name = nameEnd;
        while (name > 0 && isName(declaration[name - 1]))
            name--;
        string type = trim(declaration.substr(0, name));
        s.replace(p, end - p,
                type + "* const " + declaration.substr(name, nameEnd - name) + " = (" + type + "*) emu_dynamic_shared");
    }
}

void rewriteAssembly(string& s) {
    for (size_t p = findWord(s, "asm", 0); p != string::npos; p = findWord(s, "asm", p + 1)) {
        size_t q = skipSpace(s, p + 3);
        for (const char* word : {"volatile", "__volatile__"})
            if (s.compare(q, strlen(word), word) == 0)
                q = skipSpace(s, q + strlen(word));
        if (s[q] != '(')
            continue;
        size_t end = skipParens(s, q);
        string name = "emu_asm", operands;
        bool apart = true; // the previous character was neither a letter nor a digit
        q = skipSpace(s, q + 1);
        for (; s[q] == '"'; q = skipSpace(s, q + 1)) // the text may consist of several string literals
            for (q++; s[q] != '"'; q++) {
                if (isalnum((unsigned char) s[q])) {
                    name += (apart ? "_" : "") + string(1, s[q]);
                    apart = false;
                }
                else {
                    apart = true;
                    if (s[q] == '\\')
                        q++; // \n and \t separate words too
                }
            }
        while (q < end) { // every pair of parentheses after a constraint contains an operand
            if (s[q] == '"')
                q = s.find('"', q + 1) + 1;
            else if (s[q] == '(') {
                size_t close = skipParens(s, q);
                operands += (operands.empty() ? "" : ", ") + s.substr(q, close - q);
                q = close;
            }
            else
                q++;
        }
        s.replace(p, end - p, name + "(" + operands + ")");
    }
}

set<string> findKernels(const string& s) {
    set<string> kernels;
    for (size_t p = findWord(s, "__global__", 0); p != string::npos; p = findWord(s, "__global__", p + 1)) {
        size_t q = p + strlen("__global__");
        string word;
        while (q < s.size()) { // the name is the last word before the parameters
            q = skipSpace(s, q);
            if (s[q] == '(') {
                if (word != "__launch_bounds__" && word != "__attribute__" && word != "__align__")
                    break;
                q = skipParens(s, q);
                continue;
            }
            if (!isName(s[q]))
                break;
            size_t start = q;
            while (isName(s[q]))
                q++;
            word = s.substr(start, q - start);
        }
        if (s[q] == '(' && word != "void")
            kernels.insert(word);
    }
    return kernels;
}
