# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# Install what C++ programs need besides the libraries: the public headers, in a folder of their own beside OpenMM's,
# and the CMake package OpenMMLearnedPair. `learnedpair cmake-dir` prints the folder of the package.
set(headers ${LEARNEDPAIR_OPENMM_DESTINATION}include/learnedpair)
foreach(header EnvironmentFunction KernelInfo LearnedFunction LearnedPairForce Operation PairFunction PairOutput
    PairProgram PairTable ProgramSignature TensorProgram convertCustomNonbonded)
    install(FILES plugin/include/${header}.h DESTINATION ${headers})
endforeach()
# The internal headers that the public ones include.
install(FILES
    plugin/include/internal/ForceHandle.h
    plugin/include/internal/elementwise.def
    plugin/include/internal/exportLearnedPair.h
    DESTINATION ${headers}/internal)

include(CMakePackageConfigHelpers)
set(package ${PROJECT_BINARY_DIR}/package)
string(REGEX MATCH "^[0-9]+\\.[0-9]+" OpenMM_MINOR_VERSION ${OpenMM_VERSION})
configure_file(cmake/package/OpenMMLearnedPairConfig.cmake.in ${package}/OpenMMLearnedPairConfig.cmake @ONLY)
write_basic_package_version_file(${package}/OpenMMLearnedPairConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
    ${package}/OpenMMLearnedPairConfig.cmake
    ${package}/OpenMMLearnedPairConfigVersion.cmake
    cmake/package/printOpenMMVersion.cpp
    DESTINATION ${LEARNEDPAIR_OPENMM_DESTINATION}lib/cmake/OpenMMLearnedPair)
