# SPDX-FileCopyrightText: openmm-learnedpair contributors
# SPDX-License-Identifier: MIT
"""The properties of a GPU, from the CUDA driver, and its peak performance. No CUDA toolkit is needed."""

import ctypes
import shutil
import subprocess

#: Single-precision multiply-adds per cycle and multiprocessor, by compute capability: the table "Throughput of native
#: arithmetic instructions" in NVIDIA's CUDA C++ programming guide.
CORES = {
    (5, 0): 128,
    (5, 2): 128,
    (5, 3): 128,
    (6, 0): 64,
    (6, 1): 128,
    (6, 2): 128,
    (7, 0): 64,
    (7, 2): 64,
    (7, 5): 64,
    (8, 0): 64,
    (8, 6): 128,
    (8, 7): 128,
    (8, 9): 128,
    (9, 0): 128,
    (10, 0): 128,
    (12, 0): 128,
}
#: Values of CUdevice_attribute.
CLOCK_RATE, MULTIPROCESSOR_COUNT, CAPABILITY_MAJOR, CAPABILITY_MINOR = 13, 16, 75, 76


class Device:
    """A GPU, queried through libcuda. Unknown properties are None.

    Parameters
    ----------
    index : int
        The index of the device, as in OpenMM's property DeviceIndex.
    """

    def __init__(self, index):
        self.index, self._handle, self._context = index, ctypes.c_int(), None
        try:
            self._driver = ctypes.CDLL("libcuda.so.1")
        except OSError:
            self._driver = None
        self._call("cuInit", 0)
        self.present = self._call("cuDeviceGet", ctypes.byref(self._handle), index)

    def _call(self, name, *arguments):
        """Call a function of the driver; returns whether it exists and succeeds."""
        function = getattr(self._driver, name, None)
        return function is not None and function(*arguments) == 0

    def _attribute(self, number):
        value = ctypes.c_int()
        return (
            value.value
            if self.present and self._call("cuDeviceGetAttribute", ctypes.byref(value), number, self._handle)
            else None
        )

    def free_memory(self):
        """Get the free memory of the device in bytes, counting the memory of all processes; None if it is unknown."""
        if self._context is None:
            context = ctypes.c_void_p()
            if not (self.present and self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), self._handle)):
                return None
            self._context = context
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        if not self._call("cuCtxPushCurrent_v2", self._context):
            return None
        known = self._call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
        self._call("cuCtxPopCurrent_v2", ctypes.byref(ctypes.c_void_p()))
        return free.value if known else None

    def describe(self):
        """Get the name, driver, compute capability, multiprocessors, clock, memory and peak performance, for JSON."""
        name, memory, version = ctypes.create_string_buffer(256), ctypes.c_size_t(), ctypes.c_int()
        named = self.present and self._call("cuDeviceGetName", name, len(name), self._handle)
        sized = self.present and self._call("cuDeviceTotalMem_v2", ctypes.byref(memory), self._handle)
        capability = self._attribute(CAPABILITY_MAJOR), self._attribute(CAPABILITY_MINOR)
        multiprocessors, clock_khz = self._attribute(MULTIPROCESSOR_COUNT), self._attribute(CLOCK_RATE)
        return {
            "name": name.value.decode() if named else None,
            "driver": driver_version(),
            "driver_cuda": version.value if self._call("cuDriverGetVersion", ctypes.byref(version)) else None,
            "compute_capability": None if None in capability else ".".join(map(str, capability)),
            "multiprocessors": multiprocessors,
            "clock_mhz": None if clock_khz is None else clock_khz / 1000,
            "memory_mib": memory.value / 2**20 if sized else None,
            "peak_fp32_flops": peak_flops(capability, multiprocessors, None if clock_khz is None else 1000 * clock_khz),
        }


def driver_version():
    """Get the version of NVIDIA's driver (str), or None."""
    if shutil.which("nvidia-smi") is None:
        return None
    result = subprocess.run(
        ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"], capture_output=True, text=True
    )
    return result.stdout.splitlines()[0].strip() if result.returncode == 0 and result.stdout.strip() else None


def peak_flops(capability, multiprocessors, clock_hz):
    """Get the peak of single-precision operations per second, where a multiply-add counts as two.

    The result is None if the compute capability is not in CORES, or another argument is None.

    Parameters
    ----------
    capability : tuple of (int, int)
    multiprocessors : int
    clock_hz : int
        The highest clock.
    """
    cores = CORES.get(capability)
    return None if None in (cores, multiprocessors, clock_hz) else 2 * cores * multiprocessors * clock_hz


def share_of_peak(multiply_adds, seconds, peak):
    """Get the rate of multiply-adds as a share of the peak; None if the peak or the time is unknown."""
    return None if peak is None or seconds is None else 2 * multiply_adds / seconds / peak
