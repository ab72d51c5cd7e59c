// SPDX-FileCopyrightText: openmm-learnedpair contributors
// SPDX-License-Identifier: MIT

#include "LearnedPairForceProxy.h"
#include "LearnedPairForce.h"
#include "PairTable.h"
#include "internal/Base64.h"
#include "internal/require.h"
#include "openmm/serialization/SerializationNode.h"
#include <sstream>

using namespace LearnedPairPlugin;
using OpenMM::SerializationNode;
using std::set;
using std::vector;

static const int Version = 1;

static vector<int> readIntegers(const SerializationNode& node, const char* property) {
    std::stringstream stream(node.getStringProperty(property));
    vector<int> values;
    for (int value; stream >> value; )
        values.push_back(value);
    require(stream.eof(), "LearnedPairForce: \"", property, "\" holds something that is not an integer; the XML is damaged.");
    return values;
}

template<class Integers> static void writeIntegers(SerializationNode& node, const char* property, const Integers& values) {
    std::stringstream stream;
    const char* separator = "";
    for (int value : values) {
        stream << separator << value;
        separator = " ";
    }
    node.setStringProperty(property, stream.str());
}

static void writeTable(SerializationNode& node, const PairTable& table) {
    node.setIntProperty("numTypes", table.getNumTypes());
    node.setDoubleProperty("minDistance", table.getMinDistance());
    node.setDoubleProperty("maxDistance", table.getMaxDistance());
    writeIntegers(node, "curveIndices", table.getCurveIndices());
    for (auto& curve : table.getCurves())
        node.createChildNode("Curve").setStringProperty("energies", encodeNumbers(curve.energies)).setStringProperty("slopes", encodeNumbers(curve.slopes));
}

static std::shared_ptr<PairTable> readTable(const SerializationNode& node) {
    vector<PairCurve> curves;
    for (auto& child : node.getChildren())
        curves.push_back({decodeNumbers(child.getStringProperty("energies")), decodeNumbers(child.getStringProperty("slopes"))});
    return std::make_shared<PairTable>(node.getIntProperty("numTypes"), node.getDoubleProperty("minDistance"), node.getDoubleProperty("maxDistance"),
            curves, readIntegers(node, "curveIndices"));
}

LearnedPairForceProxy::LearnedPairForceProxy() : SerializationProxy("LearnedPairForce") {
}

void LearnedPairForceProxy::serialize(const void* object, SerializationNode& node) const {
    const LearnedPairForce& force = *reinterpret_cast<const LearnedPairForce*>(object);
    node.setIntProperty("version", Version);
    node.setIntProperty("forceGroup", force.getForceGroup());
    node.setStringProperty("name", force.getName());
    node.setIntProperty("method", force.getNonbondedMethod());
    node.setDoubleProperty("cutoff", force.getCutoffDistance());
    node.setDoubleProperty("innerCutoff", force.getInnerCutoffDistance());
    node.setBoolProperty("useSwitchingFunction", force.getUseSwitchingFunction());
    node.setDoubleProperty("switchingDistance", force.getSwitchingDistance());
    node.setStringProperty("scaleParameter", force.getScaleParameter());
    node.setDoubleProperty("scaleDefault", force.getScaleDefaultValue());
    node.setStringProperty("report", force.getReport());
    writeTable(node.createChildNode("PairTable"), dynamic_cast<const PairTable&>(force.getFunction()));
    writeIntegers(node.createChildNode("Particles"), "types", force.getParticleTypes());
    SerializationNode& derivatives = node.createChildNode("EnergyParameterDerivatives");
    for (int i = 0; i < force.getNumEnergyParameterDerivatives(); i++)
        derivatives.createChildNode("Parameter").setStringProperty("name", force.getEnergyParameterDerivativeName(i));
    SerializationNode& exclusions = node.createChildNode("Exclusions");
    for (int i = 0; i < force.getNumExclusions(); i++) {
        int particle1, particle2;
        force.getExclusionParticles(i, particle1, particle2);
        exclusions.createChildNode("Exclusion").setIntProperty("p1", particle1).setIntProperty("p2", particle2);
    }
    SerializationNode& groups = node.createChildNode("InteractionGroups");
    for (int i = 0; i < force.getNumInteractionGroups(); i++) {
        set<int> set1, set2;
        force.getInteractionGroupParameters(i, set1, set2);
        SerializationNode& group = groups.createChildNode("InteractionGroup");
        writeIntegers(group, "set1", set1);
        writeIntegers(group, "set2", set2);
    }
}

void* LearnedPairForceProxy::deserialize(const SerializationNode& node) const {
    int version = node.getIntProperty("version");
    require(version == Version, "LearnedPairForce: the XML has version ", version, " of this force, and this installation reads version ", Version,
            "; install the release of openmm-learnedpair that wrote it, or a newer one.");
    auto force = std::make_unique<LearnedPairForce>(readTable(node.getChildNode("PairTable")));
    force->setForceGroup(node.getIntProperty("forceGroup"));
    force->setName(node.getStringProperty("name"));
    force->setNonbondedMethod((LearnedPairForce::NonbondedMethod) node.getIntProperty("method"));
    force->setCutoffDistance(node.getDoubleProperty("cutoff"));
    force->setInnerCutoffDistance(node.getDoubleProperty("innerCutoff"));
    force->setUseSwitchingFunction(node.getBoolProperty("useSwitchingFunction"));
    force->setSwitchingDistance(node.getDoubleProperty("switchingDistance"));
    force->setScaleParameter(node.getStringProperty("scaleParameter"), node.getDoubleProperty("scaleDefault"));
    force->setReport(node.getStringProperty("report"));
    force->setParticleTypes(readIntegers(node.getChildNode("Particles"), "types"));
    for (auto& child : node.getChildNode("EnergyParameterDerivatives").getChildren())
        force->addEnergyParameterDerivative(child.getStringProperty("name"));
    for (auto& child : node.getChildNode("Exclusions").getChildren())
        force->addExclusion(child.getIntProperty("p1"), child.getIntProperty("p2"));
    for (auto& child : node.getChildNode("InteractionGroups").getChildren()) {
        vector<int> set1 = readIntegers(child, "set1"), set2 = readIntegers(child, "set2");
        force->addInteractionGroup(set<int>(set1.begin(), set1.end()), set<int>(set2.begin(), set2.end()));
    }
    return force.release();
}
