# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
#
# Find an OpenMM installation. OpenMM provides no CMake package.
# Input:   OPENMM_DIR         the folder with include/ and lib/; by default, the OpenMM of the Python interpreter
#          OPENMM_VERSION     its version; by default, asked of the Python interpreter. A cross build must give both,
#                             since it cannot run Python code of the other processor.
#          Python_EXECUTABLE
# Output:  OpenMM_VERSION, OpenMM_INCLUDE_DIR, OpenMM_LIBRARY_DIR, and the imported targets OpenMM::OpenMM and, for each
#          platform found, OpenMM::CPU, OpenMM::OpenCL, OpenMM::CUDA, OpenMM::HIP
if(NOT OPENMM_DIR)
    execute_process(
        COMMAND ${Python_EXECUTABLE} -c
            "import openmm.version, os; print(os.path.dirname(openmm.version.openmm_library_path))"
        OUTPUT_VARIABLE OPENMM_DIR OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_VARIABLE error RESULT_VARIABLE result)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "OpenMM was not found: ${Python_EXECUTABLE} cannot import it. Install the openmm package, "
            "or set OPENMM_DIR to the folder that holds OpenMM's include and lib.")
    endif()
endif()
find_path(OpenMM_INCLUDE_DIR OpenMM.h PATHS ${OPENMM_DIR}/include NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
find_library(OpenMM_LIBRARY OpenMM PATHS ${OPENMM_DIR}/lib NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
if(NOT OpenMM_INCLUDE_DIR OR NOT OpenMM_LIBRARY)
    message(FATAL_ERROR "No OpenMM headers and library in ${OPENMM_DIR}: expected include/OpenMM.h and lib/libOpenMM. "
        "Set OPENMM_DIR to an OpenMM installation with headers.")
endif()
set(OpenMM_LIBRARY_DIR ${OPENMM_DIR}/lib)
if(OPENMM_VERSION)
    set(OpenMM_VERSION ${OPENMM_VERSION})
else()
    execute_process(COMMAND ${Python_EXECUTABLE} -c "import openmm; print(openmm.Platform.getOpenMMVersion())"
                    OUTPUT_VARIABLE OpenMM_VERSION OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE result)
    if(NOT result EQUAL 0)
        message(FATAL_ERROR "${Python_EXECUTABLE} cannot import openmm, whose version this plugin must know. "
            "Install the openmm package, or set OPENMM_VERSION, too.")
    endif()
endif()
message(STATUS "OpenMM ${OpenMM_VERSION} in ${OPENMM_DIR}")

if(NOT TARGET OpenMM::OpenMM)
    add_library(OpenMM::OpenMM UNKNOWN IMPORTED GLOBAL) # also seen by a project that adds this one
    set_target_properties(OpenMM::OpenMM PROPERTIES
        IMPORTED_LOCATION ${OpenMM_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${OpenMM_INCLUDE_DIR})
    foreach(platform CPU OpenCL CUDA HIP)
        find_library(OpenMM_${platform}_LIBRARY OpenMM${platform}
            PATHS ${OPENMM_DIR}/lib/plugins NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH)
        if(OpenMM_${platform}_LIBRARY)
            add_library(OpenMM::${platform} UNKNOWN IMPORTED GLOBAL)
            set_target_properties(OpenMM::${platform} PROPERTIES IMPORTED_LOCATION ${OpenMM_${platform}_LIBRARY})
            target_link_libraries(OpenMM::${platform} INTERFACE OpenMM::OpenMM)
        endif()
    endforeach()
endif()
