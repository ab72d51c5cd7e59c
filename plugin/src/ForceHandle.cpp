// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "internal/ForceHandle.h"
#include <mutex>
#include <unordered_set>

using namespace LearnedPairPlugin;

namespace {

/** The numbers of all existing objects. */
struct Registry {
    std::mutex mutex;
    std::unordered_set<long long> numbers;
    long long last = 0;
};

} // namespace

/** Get the registry. It is never destroyed, because forces may be deleted while the process exits. */
static Registry& getRegistry() {
    static Registry* registry = new Registry();
    return *registry;
}

static long long addNumber() {
    Registry& registry = getRegistry();
    std::lock_guard<std::mutex> lock(registry.mutex);
    registry.numbers.insert(++registry.last);
    return registry.last;
}

ForceHandle::ForceHandle() : number(addNumber()) {}

ForceHandle::~ForceHandle() {
    Registry& registry = getRegistry();
    std::lock_guard<std::mutex> lock(registry.mutex);
    registry.numbers.erase(number);
}

bool ForceHandle::exists(long long number) {
    Registry& registry = getRegistry();
    std::lock_guard<std::mutex> lock(registry.mutex);
    return registry.numbers.count(number) > 0;
}
