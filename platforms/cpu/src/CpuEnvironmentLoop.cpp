// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "CpuEnvironmentLoop.h"
#include "internal/atomProgram.h"
#include <algorithm>
#include <cstring>
#include <set>

using namespace LearnedPairPlugin;
using OpenMM::ThreadPool;
using OpenMM::Vec3;
using std::vector;

/** Make a force with the particles, distances and interaction groups of another one, and without its exclusions. */
static LearnedPairForce withoutExclusions(const LearnedPairForce& force) {
    LearnedPairForce result(force.getSharedFunction());
    result.setParticleTypes(force.getParticleTypes());
    result.setNonbondedMethod(force.getNonbondedMethod());
    result.setCutoffDistance(force.getCutoffDistance());
    for (int i = 0; i < force.getNumInteractionGroups(); i++) {
        std::set<int> set1, set2;
        force.getInteractionGroupParameters(i, set1, set2);
        result.addInteractionGroup(set1, set2);
    }
    return result;
}

CpuEnvironmentLoop::CpuEnvironmentLoop(
        const LearnedPairForce& force, const vector<int>& derivatives, const SimdBackend& backend, int numThreads) :
        function(std::dynamic_pointer_cast<const EnvironmentFunction>(force.getSharedFunction())),
        types(force.getParticleTypes()),
        numThreads(numThreads),
        backend(backend),
        listed(force.getUseDensityExclusions() ? force : withoutExclusions(force)),
        classes(listed),
        list(listed, classes, backend, numThreads),
        blocks(list, backend, numThreads),
        geometry(makeGeometry(force)),
        tables(force, *function, classes, backend.blockSize),
        exceptions(force, function, numThreads),
        barrier(numThreads),
        isolated(function->getNumTypes(), 0),
        threadSums(numThreads) {
    const TensorProgram program = optimizeAtomProgram(makeAtomProgram(*function, derivatives));
    for (int thread = 0; thread < numThreads; thread++)
        interpreters.push_back(std::make_unique<Interpreter>(program));
    const bool isEmpty = (list.getOrder().getNumBlocks() == 0);
    for (size_t i = 0; i < types.size(); i++)
        if (types[i] != LearnedPairForce::NotCovered && (isEmpty || list.getOrder().getListIndex(i) < 0))
            isolated[types[i]]++;
    // The last block is filled up.
    const size_t size = list.getOrder().getClasses().size() * (size_t) tables.getArrays().stride;
    for (auto& sums : threadSums)
        sums.resize(size);
    gradients.resize(size);
}

struct CpuEnvironmentLoop::Evaluation {
    const vector<Vec3>& positions;
    const Vec3* box;
    const vector<double>& globals;
    double scale;
    bool includeForces;
    OpenMM::CpuPlatform::PlatformData& data;
    vector<CpuPairSums> sums; // of each thread
    std::atomic<int> nextBlock, nextForceBlock;
};

void CpuEnvironmentLoop::setInputs(Interpreter& interpreter, const vector<double>& globals) const {
    if (double* input = interpreter.getInput(AtomInput::Globals))
        std::copy(globals.begin(), globals.end(), input);
}

/** Add the energies of the particles without any neighbor, whose densities are zero. */
void CpuEnvironmentLoop::addIsolated(const vector<double>& globals, CpuPairSums& sums) {
    Interpreter& interpreter = *interpreters[0];
    setInputs(interpreter, globals);
    for (size_t type = 0; type < isolated.size(); type++) {
        if (isolated[type] == 0)
            continue;
        std::fill_n(interpreter.getInput(AtomInput::Densities), function->getNumChannels() * BatchSize, 0.0);
        if (double* input = interpreter.getInput(AtomInput::Type))
            std::fill_n(input, BatchSize, (double) type);
        interpreter.run();
        sums.energy += isolated[type] * interpreter.getOutput(0, 0, 0);
        for (size_t d = 0; d < sums.derivatives.size(); d++)
            sums.derivatives[d] += isolated[type] * interpreter.getOutput(2 + d, 0, 0);
    }
}

void CpuEnvironmentLoop::compute(const vector<Vec3>& positions, const Vec3* box, const vector<double>& globals,
        double scale, bool includeForces, OpenMM::CpuPlatform::PlatformData& data, CpuPairSums& sums) {
    addIsolated(globals, sums);
    if (list.getOrder().getNumBlocks() == 0)
        return;
    setBox(geometry, box);
    CpuPairSums none;
    none.derivatives.assign(sums.derivatives.size(), 0.0);
    Evaluation evaluation = {
        positions, box, globals, scale, includeForces, data, vector<CpuPairSums>(numThreads, none), {0}, {0}};
    list.beginUpdate(box);
    if (list.isComplete()) {
        data.threads.execute([&](ThreadPool&, int thread) {
            if (list.updatePositions(positions, thread))
                evaluate(evaluation, thread);
        });
        data.threads.waitForThreads();
    }
    if (!list.isComplete()) {
        list.build(positions, box, data.threads);
        data.threads.execute([&](ThreadPool&, int thread) { evaluate(evaluation, thread); });
        data.threads.waitForThreads();
    }
    for (auto& part : evaluation.sums) {
        sums.energy += part.energy;
        for (size_t d = 0; d < sums.derivatives.size(); d++)
            sums.derivatives[d] += part.derivatives[d];
    }
}

void CpuEnvironmentLoop::evaluate(Evaluation& evaluation, int thread) {
    const DensityArrays& arrays = tables.getArrays();
    const ParticleOrder& order = list.getOrder();
    const int numBlocks = order.getNumBlocks();
    // Threads fetch blocks dynamically, or have fixed ones if forces must be deterministic: see CpuPairLoop.
    auto forBlocks = [&](std::atomic<int>& next, auto function) {
        for (int fixed = thread;; fixed += numThreads) {
            const int index = (evaluation.data.deterministicForces ? fixed : next++);
            if (index >= numBlocks)
                break;
            function(blocks.get(index, thread));
        }
    };
    float* sums = &threadSums[thread][0];
    std::memset(sums, 0, order.getClasses().size() * (size_t) arrays.stride * sizeof(float));
    forBlocks(
            evaluation.nextBlock, [&](const PairBlock& block) { backend.addDensities(geometry, block, arrays, sums); });
    exceptions.addDensities(evaluation.positions, evaluation.box, tables, order, thread, sums);
    barrier.wait();
    evaluateAtoms(evaluation, thread);
    barrier.wait();
    if (!evaluation.includeForces)
        return;
    float* forces = &evaluation.data.threadForce[thread][0];
    const ForceTarget target = {forces, order.getParticles().data(), (float) evaluation.scale};
    forBlocks(evaluation.nextForceBlock,
            [&](const PairBlock& block) { backend.addDensityForces(geometry, block, arrays, &gradients[0], target); });
    exceptions.addForces(tables, order, thread, &gradients[0], evaluation.scale, forces);
}

/** Add up the sums of all threads for a range of atoms, run the program, and write the derivatives by the sums. */
void CpuEnvironmentLoop::evaluateAtoms(Evaluation& evaluation, int thread) {
    const int stride = tables.getArrays().stride, numChannels = function->getNumChannels();
    const vector<int32_t>& atomClasses = list.getOrder().getClasses();
    const long long numAtoms = list.getOrder().getNumParticles();
    Interpreter& interpreter = *interpreters[thread];
    setInputs(interpreter, evaluation.globals);
    double *densities = interpreter.getInput(AtomInput::Densities), *type = interpreter.getInput(AtomInput::Type);
    const int begin = numAtoms * thread / numThreads, end = numAtoms * (thread + 1) / numThreads;
    for (int first = begin; first < end; first += BatchSize) {
        const int count = std::min(BatchSize, end - first);
        float* total = &gradients[(size_t) first * stride];
        std::memset(total, 0, (size_t) count * stride * sizeof(float));
        for (auto& sums : threadSums) {
            const float* part = &sums[(size_t) first * stride];
            for (int i = 0; i < count * stride; i++)
                total[i] += part[i];
        }
        for (int item = 0; item < BatchSize; item++) { // the last batch repeats its last atom
            const int atom = std::min(item, count - 1);
            if (type != nullptr)
                type[item] = classes.types[atomClasses[first + atom]];
            for (int k = 0; k < numChannels; k++) {
                const float* sum = total + atom * stride + tables.getLayout().getPlace(k);
                double density = (tables.getLayout().getOrder(k) == 0 ? *sum : 0);
                for (int m = 0; m <= 2 * tables.getLayout().getOrder(k) && tables.getLayout().getOrder(k) > 0; m++)
                    density += (double) sum[m * tables.getLayout().getStep(k)] * sum[m * tables.getLayout().getStep(k)];
                densities[k * BatchSize + item] = density;
            }
        }
        interpreter.run();
        CpuPairSums& result = evaluation.sums[thread];
        for (int item = 0; item < count; item++) {
            result.energy += interpreter.getOutput(0, 0, item);
            for (size_t d = 0; d < result.derivatives.size(); d++)
                result.derivatives[d] += interpreter.getOutput(2 + d, 0, item);
            for (int k = 0; k < numChannels; k++) {
                float* sum = total + item * stride + tables.getLayout().getPlace(k);
                const double gradient = interpreter.getOutput(1, k, item);
                for (int m = 0; m <= 2 * tables.getLayout().getOrder(k); m++) {
                    float& number = sum[m * tables.getLayout().getStep(k)];
                    number = (float) (tables.getLayout().getOrder(k) == 0 ? gradient : 2 * gradient * number);
                }
            }
        }
    }
}
