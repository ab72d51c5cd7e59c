# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# cmake -DOUTPUT=header -DCLASS=name -DKERNELS="a.cc;b.cc" -P EncodeKernels.cmake
# Write a header that contains each kernel file as a string constant, so that the libraries need no files at run time.
set(text "// Generated from the kernel sources. Do not edit.\n#pragma once\n#include <string>\n\n")
string(APPEND text "namespace LearnedPairPlugin {\n\nstruct ${CLASS} {\n")
foreach(kernel ${KERNELS})
    get_filename_component(name ${kernel} NAME_WE)
    file(READ ${kernel} source)
    string(APPEND text "    static inline const std::string ${name} = R\"KERNEL(${source})KERNEL\";\n")
endforeach()
string(APPEND text "};\n\n}\n")
file(WRITE ${OUTPUT} "${text}")
